/* UpdateContributorInsights, DescribeContributorInsights, ListContributorInsights. Source: Amazon DynamoDB API Reference; Developer Guide,
 * "CloudWatch contributor insights for DynamoDB: How it works". The setting is kept; there is no CloudWatch to report to. A
 * change is done when it has been answered, with ENABLING or DISABLING as AWS does. */
#include <inttypes.h>

#include "api/dynamodb/dynamodb.h"
#include "api/dynamodb/settings.h"
#include "base/clock.h"
#include "base/slice.h"

enum { ENABLE = 1, DISABLE, MODE_THROTTLED = 1, MODE_ALL, LIST_MAX = 100, TABLES_A_PAGE = 100 };

static const struct api_choice action_choices[] = {{"ENABLE", ENABLE}, {"DISABLE", DISABLE}, {NULL, 0}};
static const struct api_choice mode_choices[] = {{"THROTTLED_KEYS", MODE_THROTTLED}, {"ACCESSED_AND_THROTTLED_KEYS", MODE_ALL}, {NULL, 0}};

struct input {
    struct leat_slice table, index, token;
    struct api_enum action, mode;
    struct api_integer limit;
    const char *status; /* of the answer to a change */
};

#define INDEX_FIELD API_FIELD(struct input, index, "IndexName", API_STRING, .pattern = DYNAMODB_NAME_PATTERN)
static const struct api_field update_fields[] = {
    DYNAMODB_TABLE_NAME(struct input),
    INDEX_FIELD,
    API_FIELD(struct input, action, "ContributorInsightsAction", API_ENUM, .required = true, .choices = action_choices),
    API_FIELD(struct input, mode, "ContributorInsightsMode", API_ENUM, .choices = mode_choices),
    API_FIELDS_END,
};
static const struct api_field describe_fields[] = {DYNAMODB_TABLE_NAME(struct input), INDEX_FIELD, API_FIELDS_END};
static const struct api_field list_fields[] = {
    DYNAMODB_TABLE_PARAMETER(struct input, 1),
    API_FIELD(struct input, token, "NextToken", API_STRING),
    API_FIELD(struct input, limit, "MaxResults", API_INTEGER, .max = LIST_MAX),
    API_FIELDS_END,
};

static enum leat_code check(struct api_call *call, void *input, struct leat_fault *fault) {
    struct leat_slice index = ((const struct input *)input)->index;
    (void)call;
    if (index.data == NULL || (index.size >= 3 && index.size <= 255)) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION, "IndexName must be at least 3 characters long and at most 255 characters long");
}

/* What is stored; absent: nobody has ever asked. */
struct state { bool known, enabled; struct leat_slice mode; int64_t created_ms, changed_ms; };

static struct state state_of(struct arena *arena, const struct leat_table *table, struct leat_slice index) {
    struct leat_slice entry = settings_entry(table, settings_name(arena, "insights", index));
    return (struct state){.known = entry.data != NULL,
                          .enabled = item_member_int(entry, "enabled") != 0,
                          .mode = item_member_text(entry, "mode"),
                          .created_ms = item_member_int(entry, "created"),
                          .changed_ms = item_member_int(entry, "changed")};
}

/* The global index; NULL for the table itself. */
static enum leat_code find_index(const struct leat_table *table, struct leat_slice name, const struct leat_index **out,
                                 struct leat_fault *fault) {
    *out = NULL;
    if (name.data == NULL) return LEAT_OK;
    for (size_t i = 0; i < table->index_count; i++)
        if (!table->indexes[i].local && slice_equal(table->indexes[i].name, name)) *out = &table->indexes[i];
    if (*out != NULL) return LEAT_OK;
    return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "Requested resource not found: Index: %.*s not found for table: %.*s",
                     SLICE_FORMAT(name), SLICE_FORMAT(table->name));
}

/* ---- changing ---- */

static enum leat_code store(struct settings_edit *edit, struct leat_slice index, const struct state *state) {
    struct buf out;
    size_t mark = settings_begin(edit, &out);
    item_put_member_int(&out, "enabled", state->enabled);
    item_put_member_text(&out, "mode", state->mode);
    item_put_member_int(&out, "created", state->created_ms);
    item_put_member_int(&out, "changed", state->changed_ms);
    return settings_end(edit, settings_name(edit->call->arena, "insights", index), &out, mark);
}

static enum leat_code edit_insights(struct settings_edit *edit, void *context) {
    struct input *in = context;
    const struct leat_index *index;
    TRY(find_index(edit->table, in->index, &index, &edit->call->fault));
    struct state state = state_of(edit->call->arena, edit->table, in->index);
    int64_t now_ms = (int64_t)leat_now_ms(edit->call->server->db);
    if (in->action.value == DISABLE) {
        in->status = state.enabled ? "DISABLING" : "DISABLED";
        if (!state.enabled) return LEAT_OK;
        state.enabled = false;
    } else {
        struct leat_slice mode = in->mode.value == MODE_THROTTLED ? in->mode.text : slice_text(mode_choices[1].text);
        bool same = state.enabled && slice_equal(state.mode, mode);
        in->status = same ? "ENABLED" : "ENABLING";
        if (same) return LEAT_OK;
        if (index != NULL && index->status != LEAT_ACTIVE && index->status != LEAT_UPDATING)
            return fault_set(&edit->call->fault, LEAT_VALIDATION,
                             "Table or Index is not in a valid state to update Key Access Insights: IndexStatus must be ACTIVE to enable "
                             "ContributorInsights.");
        if (!state.enabled) state.created_ms = now_ms; /* a change of mode leaves the rules their names */
        state.enabled = true;
        state.mode = mode;
    }
    state.changed_ms = now_ms;
    return store(edit, in->index, &state);
}

/* What all three answers tell of a table or index. */
static void write_summary(struct json_writer *json, struct leat_slice table, struct leat_slice index, const char *status,
                          struct leat_slice mode) {
    json_key(json, "TableName");
    json_string(json, table);
    if (index.data != NULL) {
        json_key(json, "IndexName");
        json_string(json, index);
    }
    json_key(json, "ContributorInsightsStatus");
    json_text(json, status);
    if (mode.data == NULL) return;
    json_key(json, "ContributorInsightsMode");
    json_string(json, mode);
}

static void run_update(struct api_call *call, void *input) {
    struct input *in = input;
    struct leat_table_change change = {.name = in->table};
    struct leat_description after;
    enum leat_code code = settings_update(call, &change, edit_insights, in, &after);
    if (code == LEAT_OK) {
        struct state state = state_of(call->arena, &after.table, in->index);
        json_object(&call->json);
        write_summary(&call->json, after.table.name, in->index, in->status, state.mode);
        json_object_end(&call->json);
    }
    leat_description_free(&after);
    api_end(call, code);
}

/* ---- reading ---- */

/* DynamoDBContributorInsights-PKC-TABLE[-INDEX]-CREATED: keys of partitions (P) and of items (S), accessed (C) and throttled (T). */
static void write_rules(struct api_call *call, const struct leat_table *table, const struct leat_index *index, const struct state *state) {
    static const struct { const char *letters; bool sort, accessed; } rules[] = {
        {"PKC", false, true}, {"SKC", true, true}, {"PKT", false, false}, {"SKT", true, false}};
    bool sort = (index == NULL ? table->sort_key : index->sort_key).data != NULL;
    bool accessed = !slice_is(state->mode, mode_choices[0].text);
    json_key(&call->json, "ContributorInsightsRuleList");
    json_array(&call->json);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if ((rules[i].sort && !sort) || (rules[i].accessed && !accessed)) continue;
        struct leat_slice of = index == NULL ? table->name
                                             : arena_print(call->arena, "%.*s-%.*s", SLICE_FORMAT(table->name), SLICE_FORMAT(index->name));
        json_string(&call->json, arena_print(call->arena, "DynamoDBContributorInsights-%s-%.*s-%" PRId64, rules[i].letters,
                                             SLICE_FORMAT(of), state->created_ms));
    }
    json_array_end(&call->json);
}

static void run_describe(struct api_call *call, void *input) {
    const struct input *in = input;
    struct leat_description description = {.memory = NULL};
    const struct leat_index *index;
    enum leat_code code = leat_table_describe(call->server->db, in->table, &description, &call->fault);
    if (code == LEAT_OK) code = find_index(&description.table, in->index, &index, &call->fault);
    if (code == LEAT_OK) {
        struct state state = state_of(call->arena, &description.table, in->index);
        json_object(&call->json);
        write_summary(&call->json, description.table.name, in->index, state.enabled ? "ENABLED" : "DISABLED", state.mode);
        if (state.enabled) write_rules(call, &description.table, index, &state);
        if (state.known) {
            json_key(&call->json, "LastUpdateDateTime");
            json_seconds(&call->json, (uint64_t)state.changed_ms);
        }
        json_object_end(&call->json);
    }
    leat_description_free(&description);
    api_end(call, code);
}

/* ---- listing: the table, then its indexes; those that are on ---- */

struct page {
    size_t room;
    struct leat_slice token;                    /* TABLE or TABLE/INDEX, of the last one before the page; absent: from the first */
    struct leat_slice last_table, last_index;   /* on the page */
    bool more;
};

/* false: the page is full, and there is more. */
static bool list_one(struct api_call *call, struct page *page, const struct leat_table *table, struct leat_slice index) {
    struct state state = state_of(call->arena, table, index);
    if (!state.enabled) return true;
    if (page->room == 0) {
        page->more = true;
        return false;
    }
    page->room--;
    page->last_table = arena_copy(call->arena, table->name);
    page->last_index = arena_copy(call->arena, index);
    json_object(&call->json);
    write_summary(&call->json, table->name, index, "ENABLED", state.mode);
    json_object_end(&call->json);
    return true;
}

static bool list_table(struct api_call *call, struct page *page, const struct leat_table *table) {
    struct leat_slice token = page->token, seen = {NULL, 0};
    bool after = true; /* behind what the token names */
    if (slice_starts(token, table->name) && (token.size == table->name.size || token.data[table->name.size] == '/')) {
        after = token.size == table->name.size; /* the table itself was the last: go on with its indexes */
        if (!after) seen = slice_of(token.data + table->name.size + 1, token.size - table->name.size - 1);
    } else if (!list_one(call, page, table, (struct leat_slice){NULL, 0})) {
        return false;
    }
    for (size_t i = 0; i < table->index_count; i++) {
        struct leat_slice name = table->indexes[i].name;
        if (after && !table->indexes[i].local && !list_one(call, page, table, name)) return false;
        after |= slice_equal(name, seen);
    }
    return true;
}

static enum leat_code list_named(struct api_call *call, struct page *page, struct leat_slice name, bool all) {
    struct leat_description description = {.memory = NULL};
    enum leat_code code = leat_table_describe(call->server->db, name, &description, &call->fault);
    if (code == LEAT_OK) (void)list_table(call, page, &description.table);
    leat_description_free(&description);
    return all && code == LEAT_RESOURCE_NOT_FOUND ? LEAT_OK : code; /* deleted since it was listed */
}

static enum leat_code list_all(struct api_call *call, struct page *page) {
    const struct leat_slice all = {NULL, 0};
    struct leat_slice after = all;
    if (page->token.data != NULL) {
        const uint8_t *slash = memchr(page->token.data, '/', page->token.size);
        after = slash == NULL ? page->token : slice_of(page->token.data, (size_t)(slash - page->token.data));
        TRY(list_named(call, page, after, true));
    }
    for (bool end = false; !end && !page->more;) {
        struct leat_result tables;
        enum leat_code code = leat_table_list(call->server->db, all, after, TABLES_A_PAGE, &tables, &call->fault);
        for (size_t i = 0; code == LEAT_OK && i < tables.count && !page->more; i++) code = list_named(call, page, tables.items[i], true);
        end = tables.last_key.data == NULL;
        after = arena_copy(call->arena, tables.last_key);
        leat_result_free(&tables);
        TRY(code);
    }
    return LEAT_OK;
}

static void run_list(struct api_call *call, void *input) {
    const struct input *in = input;
    struct page page = {.room = in->limit.given && in->limit.value > 0 ? (size_t)in->limit.value : LIST_MAX, .token = in->token};
    json_object(&call->json);
    json_key(&call->json, "ContributorInsightsSummaries");
    json_array(&call->json);
    enum leat_code code = in->table.data != NULL ? list_named(call, &page, in->table, false) : list_all(call, &page);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_array_end(&call->json);
    if (page.more) {
        json_key(&call->json, "NextToken");
        json_string(&call->json, page.last_index.data == NULL ? page.last_table
                                                              : arena_print(call->arena, "%.*s/%.*s", SLICE_FORMAT(page.last_table),
                                                                            SLICE_FORMAT(page.last_index)));
    }
    json_object_end(&call->json);
    api_done(call);
}

const struct api_operation dynamodb_update_contributor_insights = {
    .name = "UpdateContributorInsights", .fields = update_fields, .input_size = sizeof(struct input), .place = API_POOL, .check = check,
    .run = run_update};
const struct api_operation dynamodb_describe_contributor_insights = {
    .name = "DescribeContributorInsights", .fields = describe_fields, .input_size = sizeof(struct input), .check = check,
    .run = run_describe};
const struct api_operation dynamodb_list_contributor_insights = {
    .name = "ListContributorInsights", .fields = list_fields, .input_size = sizeof(struct input), .place = API_POOL, .run = run_list};
