/* Configurations as items. $LATEST is in the reserved table "leat:functions":
 *
 *   name S (key) · runtime handler role description sha256 revision S · timeout memory size modified published N · environment M of S ·
 *   settings M · and either code S (the unpacked directory DIR/functions/<name>/<code>) or directory S (the user's own)
 *
 * Published versions are the same in "leat:function-parts" with part "version/<10 digits>" (parts.h). */
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "function/parts.h"
#include "function/service.h"
#include "item/value.h"

const struct leat_slice function_registry_table = SLICE("leat:functions");

enum leat_code function_not_found(const struct function_service *service, const struct function_name *name,
                                  struct leat_fault *fault) {
    char arn[FUNCTION_ARN_SIZE];
    function_name_arn(name, service->region, service->account, arn);
    return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "Function not found: %s", arn);
}

bool function_version_number(struct leat_slice text, int64_t *out) {
    *out = 0;
    if (text.size == 0 || text.size > FUNCTION_VERSION_DIGITS_MAX) return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        *out = *out * 10 + (text.data[i] - '0');
    }
    return true;
}

void function_version_part(int64_t number, char out[FUNCTION_PART_SIZE]) {
    (void)snprintf(out, FUNCTION_PART_SIZE, FUNCTION_VERSION_PREFIX "%010lld", (long long)number);
}

/* ---- to an item ---- */

static enum leat_code put_environment(struct buf *out, const struct function_configuration *configuration) {
    item_put_name(out, SLICE("environment"));
    size_t mark = item_begin(out, ITEM_M);
    for (size_t i = 0; i < configuration->environment_count; i++) {
        item_put_name(out, configuration->environment[i].name);
        item_put_string(out, configuration->environment[i].value);
    }
    return item_end(out, mark);
}

static enum leat_code put_settings(struct buf *out, struct leat_slice settings) {
    if (settings.data == NULL) return LEAT_OK;
    item_put_name(out, SLICE("settings"));
    size_t mark = item_begin(out, ITEM_M);
    buf_slice(out, settings);
    return item_end(out, mark);
}

enum leat_code function_registry_item(const struct function_configuration *from, struct buf *out, struct leat_fault *fault) {
    int64_t number;
    char part[FUNCTION_PART_SIZE];
    function_item_put_text(out, "name", from->name);
    if (function_version_number(from->version, &number)) {
        function_version_part(number, part);
        function_item_put_text(out, "part", slice_text(part));
    } else {
        function_item_put_int(out, "published", from->published);
    }
    function_item_put_text(out, "runtime", from->runtime);
    function_item_put_text(out, "handler", from->handler);
    function_item_put_text(out, "role", from->role);
    function_item_put_text(out, "description", from->description);
    function_item_put_text(out, "sha256", from->code_sha256);
    function_item_put_text(out, "revision", from->revision_id);
    function_item_put_text(out, "directory", from->directory);
    function_item_put_text(out, "code", from->code);
    function_item_put_int(out, "timeout", from->timeout_seconds);
    function_item_put_int(out, "memory", from->memory_megabytes);
    function_item_put_int(out, "size", (int64_t)from->code_size);
    function_item_put_int(out, "modified", (int64_t)from->last_modified_ms);
    enum leat_code code = LEAT_OK;
    if (from->environment != NULL) code = put_environment(out, from);
    if (code == LEAT_OK) code = put_settings(out, from->settings);
    if (code == LEAT_OK) code = item_close(out, 0);
    if (code == LEAT_VALIDATION)
        return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "An environment variable is given twice.");
    return code == LEAT_OK && buf_ok(out) ? LEAT_OK : fault_memory(fault);
}

/* ---- from an item ---- */

static enum leat_code get_environment(struct leat_slice item, struct arena *arena, struct function_configuration *out,
                                      struct leat_fault *fault) {
    struct item_value map, value;
    if (!item_find(item, SLICE("environment"), &map) || map.type != ITEM_M) return LEAT_OK;
    struct function_variable *variables = ARENA_ARRAY(arena, struct function_variable, item_count(&map) + 1);
    if (variables == NULL) return fault_memory(fault);
    struct item_iterator iterator = item_iterate(map.payload);
    struct leat_slice name;
    size_t count = 0;
    while (count < item_count(&map) && item_map_next(&iterator, &name, &value)) {
        variables[count++] = (struct function_variable){arena_copy(arena, name), arena_copy(arena, value.payload)};
        if (variables[count - 1].value.data == NULL) return fault_memory(fault);
    }
    out->environment = variables;
    out->environment_count = count;
    return LEAT_OK;
}

enum leat_code function_registry_read(const struct function_service *service, struct leat_slice item, struct arena *arena,
                                      struct function_configuration *out, struct leat_fault *fault) {
    char arn[FUNCTION_ARN_SIZE];
    struct item_value settings;
    int64_t number;
    *out = (struct function_configuration){
        .name = function_item_text(item, "name", arena),
        .runtime = function_item_text(item, "runtime", arena),
        .handler = function_item_text(item, "handler", arena),
        .role = function_item_text(item, "role", arena),
        .description = function_item_text(item, "description", arena),
        .code_sha256 = function_item_text(item, "sha256", arena),
        .revision_id = function_item_text(item, "revision", arena),
        .directory = function_item_text(item, "directory", arena),
        .code = function_item_text(item, "code", arena),
        .timeout_seconds = function_item_int(item, "timeout"),
        .memory_megabytes = function_item_int(item, "memory"),
        .published = function_item_int(item, "published"),
        .code_size = (uint64_t)function_item_int(item, "size"),
        .last_modified_ms = (uint64_t)function_item_int(item, "modified"),
        .version = SLICE("$LATEST"),
        .state = SLICE("Active"),
        .last_update_status = SLICE("Successful"),
    };
    if (item_find(item, SLICE("settings"), &settings)) out->settings = arena_copy(arena, settings.payload);
    struct function_name name = {.name = out->name};
    struct leat_slice part = function_item_text(item, "part", arena), digits = {NULL, 0};
    if (part.size > sizeof FUNCTION_VERSION_PREFIX - 1)
        digits = slice_of(part.data + sizeof FUNCTION_VERSION_PREFIX - 1, part.size - (sizeof FUNCTION_VERSION_PREFIX - 1));
    if (function_version_number(digits, &number)) name.qualifier = out->version = arena_print(arena, "%lld", (long long)number);
    function_name_arn(&name, service->region, service->account, arn);
    out->arn = arena_copy(arena, slice_text(arn));
    if (out->name.data == NULL || out->arn.data == NULL) return fault_memory(fault);
    return get_environment(item, arena, out, fault);
}

/* ---- from the tables ---- */

static enum leat_code get_latest(struct function_service *service, struct leat_slice name, struct arena *arena,
                                 struct function_configuration *out, struct leat_fault *fault) {
    struct buf key;
    struct leat_result result = {0};
    buf_init(&key, 256);
    function_item_put_text(&key, "name", name);
    enum leat_code code = item_close(&key, 0) == LEAT_OK && buf_ok(&key) ? LEAT_OK : fault_memory(fault);
    if (code == LEAT_OK) {
        struct leat_get get = {.table = function_registry_table, .key = buf_view(&key), .consistent = true};
        code = leat_get(service->db, &get, &result, fault);
    }
    if (code == LEAT_OK && result.count == 0) code = LEAT_RESOURCE_NOT_FOUND;
    if (code == LEAT_OK) code = function_registry_read(service, result.items[0], arena, out, fault);
    leat_result_free(&result);
    buf_fini(&key);
    return code;
}

static enum leat_code get_version(struct function_service *service, struct leat_slice name, int64_t number, struct arena *arena,
                                  struct function_configuration *out, struct leat_fault *fault) {
    char part[FUNCTION_PART_SIZE];
    struct leat_slice item = {NULL, 0};
    function_version_part(number, part);
    TRY(function_part_get(service, name, slice_text(part), arena, &item, fault));
    return function_registry_read(service, item, arena, out, fault);
}

enum leat_code function_registry_get(struct function_service *service, const struct function_name *name, struct arena *arena,
                                     struct function_configuration *out, struct leat_fault *fault) {
    char version[FUNCTION_VERSION_SIZE], arn[FUNCTION_ARN_SIZE];
    int64_t number;
    TRY(function_resolve(service, name, 1.0, version, fault));
    enum leat_code code = function_version_number(slice_text(version), &number)
                              ? get_version(service, name->name, number, arena, out, fault)
                              : get_latest(service, name->name, arena, out, fault);
    if (code == LEAT_RESOURCE_NOT_FOUND) return function_not_found(service, name, fault);
    TRY(code);
    function_name_arn(name, service->region, service->account, arn); /* as it was asked for */
    out->arn = arena_copy(arena, slice_text(arn));
    return out->arn.data == NULL ? fault_memory(fault) : LEAT_OK;
}

/* ---- which version a qualifier stands for ---- */

enum leat_code function_resolve(struct function_service *service, const struct function_name *name, double chance,
                                char out[FUNCTION_VERSION_SIZE], struct leat_fault *fault) {
    int64_t number;
    struct leat_slice qualifier = name->qualifier, version = qualifier;
    struct arena arena;
    (void)snprintf(out, FUNCTION_VERSION_SIZE, "$LATEST");
    if (qualifier.data == NULL || slice_is(qualifier, "$LATEST")) return LEAT_OK;
    if (function_version_number(qualifier, &number)) {
        (void)snprintf(out, FUNCTION_VERSION_SIZE, "%lld", (long long)number);
        return LEAT_OK;
    }
    arena_init(&arena, 2 * FUNCTION_ITEM_BYTES_MAX);
    struct function_alias alias;
    enum leat_code code = function_alias_find(service, name->name, qualifier, &arena, &alias, fault);
    if (code == LEAT_OK) {
        version = chance < alias.weight ? alias.additional_version : alias.version;
        (void)snprintf(out, FUNCTION_VERSION_SIZE, "%.*s", SLICE_FORMAT(version));
    }
    arena_fini(&arena);
    return code == LEAT_RESOURCE_NOT_FOUND ? function_not_found(service, name, fault) : code;
}
