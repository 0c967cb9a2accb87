/* Published versions: what $LATEST is becomes a part "version/N" of the function, which never changes. */
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "function/parts.h"
#include "function/service.h"
#include "item/value.h"

enum { PUBLISH_ATTEMPTS_MAX = 20 };

/* What makes two versions the same: everything that an invocation could notice. */
static enum leat_code essence(const struct function_configuration *of, struct buf *out, struct leat_fault *fault) {
    struct function_configuration kept = *of;
    kept.version = SLICE("$LATEST");
    kept.description = kept.revision_id = kept.code = (struct leat_slice){NULL, 0};
    kept.published = 0;
    kept.last_modified_ms = 0;
    return function_registry_item(&kept, out, fault);
}

static enum leat_code same(const struct function_configuration *a, const struct function_configuration *b, bool *out,
                           struct leat_fault *fault) {
    struct buf one, other;
    buf_init(&one, FUNCTION_ITEM_BYTES_MAX);
    buf_init(&other, FUNCTION_ITEM_BYTES_MAX);
    enum leat_code code = essence(a, &one, fault);
    if (code == LEAT_OK) code = essence(b, &other, fault);
    *out = code == LEAT_OK && slice_equal(buf_view(&one), buf_view(&other));
    buf_fini(&one);
    buf_fini(&other);
    return code;
}

/* The version and $LATEST, which counts them, at once; on condition that $LATEST is as it was. */
static enum leat_code commit(struct function_service *service, const struct function_configuration *version,
                             const struct function_configuration *latest, struct leat_slice before, struct leat_fault *fault) {
    struct buf items[2], names, values;
    struct leat_result result = {0};
    for (int i = 0; i < 2; i++) buf_init(&items[i], FUNCTION_ITEM_BYTES_MAX);
    buf_init(&names, 64);
    buf_init(&values, 128);
    function_item_put_text(&names, "#r", SLICE("revision"));
    function_item_put_text(&values, ":r", before);
    enum leat_code code = function_registry_item(version, &items[0], fault);
    if (code == LEAT_OK) code = function_registry_item(latest, &items[1], fault);
    if (code == LEAT_OK) code = item_close(&names, 0);
    if (code == LEAT_OK) code = item_close(&values, 0);
    struct leat_write writes[] = {
        {.kind = LEAT_PUT, .table = function_parts_table, .item = buf_view(&items[0])},
        {.kind = LEAT_PUT, .table = function_registry_table, .item = buf_view(&items[1]), .condition = SLICE("#r = :r"),
         .names = buf_view(&names), .values = buf_view(&values)},
    };
    if (code == LEAT_OK) code = leat_transact(service->db, writes, 2, (struct leat_slice){NULL, 0}, &result, fault);
    if (code == LEAT_TRANSACTION_CANCELED && result.reason_count == 2 &&
        result.reasons[1].code == LEAT_CONDITIONAL_CHECK_FAILED)
        code = LEAT_CONDITIONAL_CHECK_FAILED;
    leat_result_free(&result);
    for (int i = 0; i < 2; i++) buf_fini(&items[i]);
    buf_fini(&names);
    buf_fini(&values);
    return code;
}

static enum leat_code check_asked(const struct function_configuration *latest, const struct function_publish *asked,
                                  struct leat_fault *fault) {
    TRY(function_check_revision(asked->revision_id, latest->revision_id, "GetFunction/GetAlias", fault));
    if (asked->code_sha256.data == NULL || slice_equal(asked->code_sha256, latest->code_sha256)) return LEAT_OK;
    return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE,
                     "CodeSHA256 (%.*s) is different from current CodeSHA256 in $LATEST (%.*s). Please try again with the CodeSHA256 "
                     "in $LATEST.",
                     SLICE_FORMAT(asked->code_sha256), SLICE_FORMAT(latest->code_sha256));
}

static enum leat_code publish_once(struct function_service *service, const struct function_name *name,
                                   const struct function_publish *asked, struct arena *arena, struct function_configuration *out,
                                   struct leat_fault *fault) {
    struct function_configuration latest;
    char text[FUNCTION_VERSION_SIZE];
    bool unchanged = false;
    TRY(function_registry_get(service, name, arena, &latest, fault));
    TRY(check_asked(&latest, asked, fault));
    (void)snprintf(text, sizeof text, "%lld", (long long)latest.published);
    struct function_name last = {name->name, slice_text(text)};
    if (latest.published > 0 && function_registry_get(service, &last, arena, out, NULL) == LEAT_OK)
        TRY(same(&latest, out, &unchanged, fault));
    if (unchanged) return LEAT_OK;
    struct leat_slice before = latest.revision_id;
    latest.published++;
    *out = latest;
    out->version = arena_print(arena, "%lld", (long long)latest.published);
    if (out->version.data == NULL) return fault_memory(fault);
    if (asked->description.data != NULL) out->description = asked->description;
    uint64_t modified = latest.last_modified_ms;
    TRY(function_stamp(service, out, arena, fault));
    TRY(function_stamp(service, &latest, arena, fault));
    latest.last_modified_ms = modified; /* it is the same function; only AWS's revision moves on */
    return commit(service, out, &latest, before, fault);
}

enum leat_code function_publish(struct function_service *service, struct leat_slice text, const struct function_publish *asked,
                                struct arena *arena, struct function_configuration *out, struct leat_fault *fault) {
    struct function_name name;
    TRY(function_name_parse(text, &name, fault));
    name.qualifier = (struct leat_slice){NULL, 0};
    TRY(function_registry_get(service, &name, arena, out, fault));
    TRY(function_parts_make_table(service, fault));
    enum leat_code code = LEAT_CONDITIONAL_CHECK_FAILED;
    for (int i = 0; i < PUBLISH_ATTEMPTS_MAX && code == LEAT_CONDITIONAL_CHECK_FAILED; i++)
        code = publish_once(service, &name, asked, arena, out, fault);
    return code;
}

enum leat_code function_list_versions(struct function_service *service, struct leat_slice text, struct leat_slice marker,
                                      size_t limit, struct arena *arena, struct function_page *out, struct leat_fault *fault) {
    struct function_name name;
    struct function_part_page page;
    struct leat_slice after = {NULL, 0};
    char part[FUNCTION_PART_SIZE];
    int64_t number;
    *out = (struct function_page){0};
    TRY(function_name_parse(text, &name, fault));
    out->functions = ARENA_ARRAY(arena, struct function_configuration, limit + 1);
    if (out->functions == NULL) return fault_memory(fault);
    name.qualifier = SLICE("$LATEST"); /* which comes first, and is shown with it */
    TRY(function_registry_get(service, &name, arena, &out->functions[0], fault));
    if (function_version_number(marker, &number)) {
        function_version_part(number, part);
        after = slice_text(part);
    } else {
        out->count = 1;
    }
    /* one more than there is room for: is there more? */
    size_t room = limit - out->count;
    TRY(function_part_list(service, name.name, SLICE(FUNCTION_VERSION_PREFIX), after, room + 1, arena, &page, fault));
    for (size_t i = 0; i < page.count && i < room; i++, out->count++)
        TRY(function_registry_read(service, page.items[i], arena, &out->functions[out->count], fault));
    if (page.count <= room || out->count == 0) return LEAT_OK;
    struct leat_slice last = out->functions[out->count - 1].version;
    out->next = slice_is(last, "$LATEST") ? SLICE("0") : last;
    return LEAT_OK;
}
