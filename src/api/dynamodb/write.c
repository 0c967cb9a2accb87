/* What PutItem, UpdateItem and DeleteItem share: they differ in kind only. */
#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"
#include "item/item_json.h"

const struct api_choice dynamodb_return_choices[] = {{"ALL_NEW", LEAT_RETURN_ALL_NEW},
                                                     {"UPDATED_OLD", LEAT_RETURN_UPDATED_OLD},
                                                     {"ALL_OLD", LEAT_RETURN_ALL_OLD},
                                                     {"NONE", LEAT_RETURN_NONE},
                                                     {"UPDATED_NEW", LEAT_RETURN_UPDATED_NEW},
                                                     {NULL, 0}};

static enum leat_code check_legacy(const struct dynamodb_write_input *in, struct leat_fault *fault) {
    TRY(dynamodb_check_updates(&in->attribute_updates, fault));
    return dynamodb_check_expected(&in->expected, fault);
}

static enum leat_code translate(struct api_call *call, struct dynamodb_write_input *in, struct leat_fault *fault) {
    struct dynamodb_translation translation;
    dynamodb_translate_begin(&translation, call->arena, in->names, in->values, fault);
    in->generated = true;
    in->update = dynamodb_translate_updates(&translation, &in->attribute_updates);
    in->condition = dynamodb_translate_conditions(&translation, &in->expected, in->conditional_operator.value);
    return dynamodb_translate_end(&translation, &in->names, &in->values);
}

enum leat_code dynamodb_write_check(struct api_call *call, void *input, struct leat_fault *fault) {
    struct dynamodb_write_input *in = input;
    bool updates = slice_is(slice_text(call->operation->name), "UpdateItem");
    struct dynamodb_parameter expressions[] = {
        {"UpdateExpression", in->update.data != NULL}, {"ConditionExpression", in->condition.data != NULL}, {NULL, false}};
    struct dynamodb_parameter legacy[] = {{"AttributeUpdates", in->attribute_updates.given},
                                          {"Expected", in->expected.given},
                                          {"ConditionalOperator", in->conditional_operator.text.data != NULL},
                                          {NULL, false}};
    struct dynamodb_parameters parameters = {
        .expressions = expressions,
        .legacy = legacy,
        .names = in->names,
        .values = in->values,
        .values_need = updates ? "UpdateExpression and ConditionExpression are null" : "ConditionExpression is null",
    };
    TRY(dynamodb_check_kinds(&parameters, fault));
    TRY(api_item_fault(call, fault)); /* faults of values come before what is done with them */
    TRY(dynamodb_check_operator(&in->conditional_operator, &in->expected, fault));
    if (!updates && in->returns.value != LEAT_RETURN_NONE && in->returns.value != LEAT_RETURN_ALL_OLD)
        return fault_set(fault, LEAT_VALIDATION, "ReturnValues can only be ALL_OLD or NONE");
    bool older = in->expected.count > 0 || in->attribute_updates.count > 0;
    TRY(check_legacy(in, fault));
    TRY(dynamodb_check_parameters(&parameters, fault));
    if (!older) return LEAT_OK;
    return translate(call, in, fault);
}

static void written(struct api_call *call) {
    const struct dynamodb_write_input *in = call->input;
    struct json_writer *json = &call->json;
    if (call->code != LEAT_OK) {
        if (in->attribute_updates.given)
            dynamodb_reword(&call->fault, "An operand in the update expression has an incorrect data type",
                            "Type mismatch for attribute to update");
        api_fail(call, call->code, &call->fault);
        return;
    }
    json_object(json);
    if (call->result.attributes.size > 0) {
        json_key(json, "Attributes");
        item_to_json(json, call->result.attributes);
    }
    dynamodb_write_consumed(call, in->table, &in->capacity);
    dynamodb_write_metrics(call, &in->metrics);
    json_object_end(json);
    api_done(call);
}

void dynamodb_write_run(struct api_call *call, struct dynamodb_write_input *in, enum leat_write_kind kind) {
    struct leat_write *write = ARENA_NEW(call->arena, struct leat_write);
    if (write == NULL) {
        api_fail(call, LEAT_NO_MEMORY, NULL);
        return;
    }
    *write = (struct leat_write){
        .kind = kind,
        .table = in->table,
        .item = in->item,
        .key = in->key,
        .update = in->update,
        .condition = in->condition,
        .names = in->names,
        .values = in->values,
        .returns = (enum leat_return)in->returns.value,
        .return_old_on_failure = in->on_failure.value == DYNAMODB_ON_FAILURE_ALL_OLD,
        .generated = in->generated,
    };
    enum leat_code code = api_write(call, write, 1, LEAT_EACH, (struct leat_slice){NULL, 0}, written);
    if (code != LEAT_OK) api_fail(call, code, &call->fault);
}
