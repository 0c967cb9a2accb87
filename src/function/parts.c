#include "function/parts.h"

#include "base/slice.h"
#include "function/service.h"
#include "item/value.h"

const struct leat_slice function_parts_table = SLICE("leat:function-parts");

/* ---- items ---- */

struct leat_slice function_item_text(struct leat_slice item, const char *name, struct arena *arena) {
    struct leat_slice text;
    return leat_item_text(item, name, &text) ? arena_copy(arena, text) : (struct leat_slice){NULL, 0};
}

int64_t function_item_int(struct leat_slice item, const char *name) {
    double value;
    return leat_item_number(item, name, &value) ? (int64_t)value : 0;
}

void function_item_put_text(struct buf *out, const char *name, struct leat_slice text) {
    if (text.data == NULL) return;
    item_put_name(out, slice_text(name));
    item_put_string(out, text);
}

void function_item_put_int(struct buf *out, const char *name, int64_t value) {
    item_put_name(out, slice_text(name));
    item_put_int(out, value);
}

static enum leat_code finish(struct buf *item, struct leat_fault *fault) {
    return item_close(item, 0) == LEAT_OK && buf_ok(item) ? LEAT_OK : fault_memory(fault);
}

static enum leat_code key_of(struct buf *out, struct leat_slice name, struct leat_slice part, struct leat_fault *fault) {
    function_item_put_text(out, "name", name);
    function_item_put_text(out, "part", part);
    return finish(out, fault);
}

/* ---- tables: made with the first item, so that a server without functions starts without a commit ---- */

enum leat_code function_make_table(struct function_service *service, struct leat_slice table, struct leat_slice partition_key,
                                   struct leat_slice sort, struct leat_fault *fault) {
    struct leat_attribute keys[] = {{partition_key, 'S'}, {sort, 'S'}};
    struct leat_table wanted = {
        .name = table,
        .attributes = keys,
        .attribute_count = sort.data == NULL ? 1 : 2,
        .partition_key = partition_key,
        .sort_key = sort,
        .billing = LEAT_PROVISIONED,
        .read_units = 5,
        .write_units = 5,
    };
    struct leat_description description = {0};
    enum leat_code code = leat_table_create(service->db, &wanted, &description, fault);
    leat_description_free(&description);
    if (code == LEAT_RESOURCE_IN_USE && fault != NULL) *fault = (struct leat_fault){0};
    return code == LEAT_RESOURCE_IN_USE ? LEAT_OK : code;
}

enum leat_code function_parts_make_table(struct function_service *service, struct leat_fault *fault) {
    return function_make_table(service, function_parts_table, SLICE("name"), SLICE("part"), fault);
}

/* ---- calls ---- */

enum leat_code function_part_get(struct function_service *service, struct leat_slice name, struct leat_slice part,
                                 struct arena *arena, struct leat_slice *item, struct leat_fault *fault) {
    struct buf key;
    struct leat_result result = {0};
    buf_init(&key, 1024);
    enum leat_code code = key_of(&key, name, part, fault);
    if (code == LEAT_OK) {
        struct leat_get get = {.table = function_parts_table, .key = buf_view(&key), .consistent = true};
        code = leat_get(service->db, &get, &result, fault);
    }
    if (code == LEAT_OK && result.count == 0) code = LEAT_RESOURCE_NOT_FOUND;
    if (code == LEAT_RESOURCE_NOT_FOUND && fault != NULL) fault_clear(fault);
    if (code == LEAT_OK) *item = arena_copy(arena, result.items[0]);
    leat_result_free(&result);
    buf_fini(&key);
    return code == LEAT_OK && item->data == NULL ? fault_memory(fault) : code;
}

static enum leat_code write_part(struct function_service *service, struct leat_slice item, enum function_part_rule rule,
                                 struct leat_slice revision, struct leat_fault *fault) {
    static const char *const conditions[] = {NULL, "attribute_not_exists(#n)", "attribute_exists(#n)"};
    struct buf names, values;
    struct leat_result result = {0};
    bool checked = rule == FUNCTION_PART_OLD && revision.data != NULL;
    buf_init(&names, 64);
    buf_init(&values, 256);
    function_item_put_text(&names, "#n", checked ? SLICE("revision") : SLICE("name"));
    function_item_put_text(&values, ":r", revision);
    enum leat_code code = finish(&names, fault);
    if (code == LEAT_OK) code = finish(&values, fault);
    struct leat_write write = {
        .kind = LEAT_PUT,
        .table = function_parts_table,
        .item = item,
        .condition = slice_text(checked ? "#n = :r" : conditions[rule]),
    };
    if (rule != FUNCTION_PART_ANY) write.names = buf_view(&names);
    if (checked) write.values = buf_view(&values);
    if (code == LEAT_OK) code = leat_write(service->db, &write, &result, fault);
    leat_result_free(&result);
    buf_fini(&names);
    buf_fini(&values);
    return code;
}

enum leat_code function_part_put(struct function_service *service, struct leat_slice name, struct leat_slice part,
                                 struct buf *item, enum function_part_rule rule, struct leat_slice revision,
                                 struct leat_fault *fault) {
    function_item_put_text(item, "name", name);
    function_item_put_text(item, "part", part);
    TRY(finish(item, fault));
    enum leat_code code = write_part(service, buf_view(item), rule, revision, fault);
    if (code != LEAT_RESOURCE_NOT_FOUND) return code;
    if (rule == FUNCTION_PART_OLD) return LEAT_CONDITIONAL_CHECK_FAILED;
    TRY(function_parts_make_table(service, fault));
    return write_part(service, buf_view(item), rule, revision, fault);
}

enum leat_code function_part_delete(struct function_service *service, struct leat_slice name, struct leat_slice part, bool *was,
                                    struct leat_fault *fault) {
    struct buf key;
    struct leat_result result = {0};
    buf_init(&key, 1024);
    enum leat_code code = key_of(&key, name, part, fault);
    if (code == LEAT_OK) {
        struct leat_write write = {
            .kind = LEAT_DELETE, .table = function_parts_table, .key = buf_view(&key), .returns = LEAT_RETURN_ALL_OLD};
        code = leat_write(service->db, &write, &result, fault);
    }
    if (code == LEAT_RESOURCE_NOT_FOUND) code = LEAT_OK;
    if (was != NULL) *was = result.attributes.data != NULL;
    leat_result_free(&result);
    buf_fini(&key);
    return code;
}

/* ---- several ---- */

static enum leat_code query_init(struct buf *names, struct buf *values, struct leat_slice name, struct leat_slice prefix,
                                 struct leat_fault *fault) {
    buf_init(names, 128);
    buf_init(values, 1024);
    function_item_put_text(names, "#n", SLICE("name"));
    function_item_put_text(values, ":n", name);
    if (prefix.data != NULL) {
        function_item_put_text(names, "#p", SLICE("part"));
        function_item_put_text(values, ":p", prefix);
    }
    TRY(finish(names, fault));
    return finish(values, fault);
}

static enum leat_code keep_page(const struct leat_result *result, struct arena *arena, struct function_part_page *out,
                                struct leat_fault *fault) {
    out->items = ARENA_ARRAY(arena, struct leat_slice, result->count + 1);
    if (out->items == NULL) return fault_memory(fault);
    for (; out->count < result->count; out->count++) {
        out->items[out->count] = arena_copy(arena, result->items[out->count]);
        if (out->items[out->count].data == NULL) return fault_memory(fault);
    }
    if (result->last_key.data != NULL) out->next = function_item_text(result->last_key, "part", arena);
    return LEAT_OK;
}

enum leat_code function_part_list(struct function_service *service, struct leat_slice name, struct leat_slice prefix,
                                  struct leat_slice after, size_t limit, struct arena *arena, struct function_part_page *out,
                                  struct leat_fault *fault) {
    struct buf names, values, start;
    struct leat_result result = {0};
    *out = (struct function_part_page){0};
    buf_init(&start, 1024);
    enum leat_code code = query_init(&names, &values, name, prefix, fault);
    if (code == LEAT_OK && after.data != NULL) code = key_of(&start, name, after, fault);
    if (code == LEAT_OK) {
        struct leat_query query = {
            .table = function_parts_table,
            .key_condition = prefix.data == NULL ? SLICE("#n = :n") : SLICE("#n = :n AND begins_with(#p, :p)"),
            .names = buf_view(&names),
            .values = buf_view(&values),
            .consistent = true,
            .limit = (uint32_t)limit,
        };
        if (after.data != NULL) query.start = buf_view(&start);
        code = leat_query(service->db, &query, &result, fault);
    }
    if (code == LEAT_OK) code = keep_page(&result, arena, out, fault);
    if (code == LEAT_RESOURCE_NOT_FOUND) { /* no function has any yet */
        if (fault != NULL) fault_clear(fault);
        code = LEAT_OK;
    }
    leat_result_free(&result);
    buf_fini(&start);
    buf_fini(&names);
    buf_fini(&values);
    return code;
}

enum leat_code function_parts_delete(struct function_service *service, struct leat_slice name, struct leat_fault *fault) {
    struct function_part_page page = {.count = 1};
    struct leat_slice all = {NULL, 0};
    while (page.count > 0) {
        struct arena arena;
        arena_init(&arena, FUNCTION_PARTS_PER_WRITE * (size_t)FUNCTION_ITEM_BYTES_MAX);
        enum leat_code code = function_part_list(service, name, all, all, FUNCTION_PARTS_PER_WRITE, &arena, &page, fault);
        for (size_t i = 0; code == LEAT_OK && i < page.count; i++)
            code = function_part_delete(service, name, function_item_text(page.items[i], "part", &arena), NULL, fault);
        arena_fini(&arena);
        TRY(code);
    }
    return LEAT_OK;
}
