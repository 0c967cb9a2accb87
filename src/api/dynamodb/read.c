/* What Query and Scan share. */
#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"
#include "item/item_json.h"

const struct api_choice dynamodb_select_choices[] = {{"SPECIFIC_ATTRIBUTES", LEAT_SELECT_SPECIFIC},
                                                     {"COUNT", LEAT_SELECT_COUNT},
                                                     {"ALL_ATTRIBUTES", LEAT_SELECT_ALL},
                                                     {"ALL_PROJECTED_ATTRIBUTES", LEAT_SELECT_PROJECTED},
                                                     {NULL, 0}};

enum leat_code dynamodb_select_check(const struct dynamodb_read_input *in, struct leat_fault *fault) {
    int select = in->select.value;
    bool projected = in->projection.data != NULL || in->attributes_to_get.given;
    if (projected && select != LEAT_SELECT_DEFAULT && select != LEAT_SELECT_SPECIFIC)
        return fault_set(fault, LEAT_VALIDATION, "Cannot specify the %s when choosing to get %.*s",
                         in->attributes_to_get.given ? "AttributesToGet" : "ProjectionExpression", SLICE_FORMAT(in->select.text));
    if (select == LEAT_SELECT_SPECIFIC && !projected)
        return fault_set(fault, LEAT_VALIDATION,
                         "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES");
    if (select == LEAT_SELECT_PROJECTED && in->index.data == NULL)
        return fault_set(fault, LEAT_VALIDATION, "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
    return LEAT_OK;
}

/* ---- older forms ---- */

enum leat_code dynamodb_read_check_legacy(struct api_call *call, const struct dynamodb_read_input *in, struct leat_fault *fault) {
    TRY(dynamodb_check_operator(&in->conditional_operator, &in->filter_conditions, fault));
    if (call->decoder.item_code != LEAT_OK) return LEAT_OK; /* faults of values come before what is done with them */
    TRY(dynamodb_check_conditions(&in->filter_conditions, fault));
    return dynamodb_check_attributes(call->arena, &in->attributes_to_get, fault);
}

enum leat_code dynamodb_read_translate(struct api_call *call, struct dynamodb_read_input *in, struct leat_fault *fault) {
    struct dynamodb_translation translation;
    bool any = in->attributes_to_get.given || in->conditions.given || in->filter_conditions.count > 0;
    if (!any || call->decoder.item_code != LEAT_OK) return LEAT_OK;
    TRY(dynamodb_check_conditions(&in->conditions, fault));
    dynamodb_translate_begin(&translation, call->arena, in->names, in->values, fault);
    /* KeyConditions go with the other expressions, which are then the user's and have their limits */
    in->generated = in->filter.data == NULL && in->projection.data == NULL;
    if (in->attributes_to_get.given) in->projection = dynamodb_translate_attributes(&translation, &in->attributes_to_get);
    if (in->filter_conditions.given)
        in->filter = dynamodb_translate_conditions(&translation, &in->filter_conditions, in->conditional_operator.value);
    if (in->conditions.given) in->key_condition = dynamodb_translate_keys(&translation, &in->conditions);
    return dynamodb_translate_end(&translation, &in->names, &in->values);
}

static void reword(const struct dynamodb_read_input *in, struct leat_fault *fault) {
    if (in->filter_conditions.given) dynamodb_reword(fault, "Filter Expression can only", "QueryFilter can only");
    if (in->conditions.given && !dynamodb_keys_indexable(&in->conditions))
        dynamodb_reword(fault,
                        "One or more parameter values were invalid: Condition parameter type does not match schema type",
                        "Attempted conditional constraint is not an indexable operation");
}

/* ---- pages ---- */

static void write_page(struct api_call *call, const struct dynamodb_read_input *in) {
    struct json_writer *json = &call->json;
    const struct leat_result *result = &call->result;
    json_object(json);
    if (in->select.value != LEAT_SELECT_COUNT) {
        json_key(json, "Items");
        json_array(json);
        for (size_t i = 0; i < result->count; i++) item_to_json(json, result->items[i]);
        json_array_end(json);
    }
    json_key(json, "Count");
    json_int(json, (int64_t)result->count);
    json_key(json, "ScannedCount");
    json_int(json, (int64_t)result->scanned_count);
    if (result->last_key.data != NULL) {
        json_key(json, "LastEvaluatedKey");
        item_to_json(json, result->last_key);
    }
    dynamodb_write_consumed(call, in->table, &in->capacity);
    json_object_end(json);
}

void dynamodb_read_run(struct api_call *call, const struct dynamodb_read_input *in) {
    struct leat_query query = {
        .table = in->table,
        .index = in->index,
        .key_condition = in->key_condition,
        .filter = in->filter,
        .projection = in->projection,
        .names = in->names,
        .values = in->values,
        .backward = in->forward.given && !in->forward.value,
        .consistent = in->consistent.value,
        .limit = in->limit.given ? (uint32_t)(in->limit.value < UINT32_MAX ? in->limit.value : UINT32_MAX) : 0,
        .select = (enum leat_select)in->select.value,
        .start = in->start,
        .segment = (uint32_t)in->segment.value,
        .segments = (uint32_t)in->segments.value,
        .generated = in->generated,
    };
    enum leat_code code = leat_query(call->server->db, &query, &call->result, &call->fault);
    if (code != LEAT_OK) {
        reword(in, &call->fault);
        api_fail(call, code, &call->fault);
        return;
    }
    write_page(call, in);
    api_done(call);
}
