/* Configurations as items of the reserved table "leat:functions":
 *
 *   name S (key) · runtime handler role description sha256 revision S · timeout memory size modified N · environment M of S ·
 *   settings M · and either code S (the unpacked directory DIR/functions/<name>/<code>) or directory S (the user's own) */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/slice.h"
#include "function/code.h"
#include "function/service.h"
#include "item/value.h"

enum { REGISTRY_ITEM_MAX = 400 << 10, REGISTRY_PATH_SIZE = 4300 };

static const struct leat_slice TABLE = SLICE("leat:functions");

/* With the first function: a server that has none starts without a commit. Until then the table's absence means that there are
 * no functions. */
static enum leat_code make_table(struct function_service *service, struct leat_fault *fault) {
    struct leat_attribute key = {SLICE("name"), 'S'};
    struct leat_table table = {
        .name = TABLE,
        .attributes = &key,
        .attribute_count = 1,
        .partition_key = key.name,
        .billing = LEAT_PROVISIONED,
        .read_units = 5,
        .write_units = 5,
    };
    struct leat_description description = {0};
    enum leat_code code = leat_table_create(service->db, &table, &description, fault);
    leat_description_free(&description);
    if (code == LEAT_RESOURCE_IN_USE && fault != NULL) *fault = (struct leat_fault){0};
    return code == LEAT_RESOURCE_IN_USE ? LEAT_OK : code;
}

enum leat_code function_not_found(const struct function_service *service, const struct function_name *name,
                                  struct leat_fault *fault) {
    char arn[FUNCTION_ARN_SIZE];
    function_name_arn(name, service->region, service->account, arn);
    return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "Function not found: %s", arn);
}

/* ---- to an item ---- */

static void put_text(struct buf *out, const char *name, struct leat_slice text) {
    if (text.data == NULL) return;
    item_put_name(out, slice_text(name));
    item_put_string(out, text);
}

static void put_int(struct buf *out, const char *name, int64_t value) {
    item_put_name(out, slice_text(name));
    item_put_int(out, value);
}

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

static enum leat_code registry_item(const struct function_configuration *from, struct leat_slice code, struct buf *out,
                                    struct leat_fault *fault) {
    put_text(out, "name", from->name);
    put_text(out, "runtime", from->runtime);
    put_text(out, "handler", from->handler);
    put_text(out, "role", from->role);
    put_text(out, "description", from->description);
    put_text(out, "sha256", from->code_sha256);
    put_text(out, "revision", from->revision_id);
    put_text(out, "directory", from->directory);
    put_text(out, "code", code);
    put_int(out, "timeout", from->timeout_seconds);
    put_int(out, "memory", from->memory_megabytes);
    put_int(out, "size", (int64_t)from->code_size);
    put_int(out, "modified", (int64_t)from->last_modified_ms);
    enum leat_code result = LEAT_OK;
    if (from->environment != NULL) result = put_environment(out, from);
    if (result == LEAT_OK) result = put_settings(out, from->settings);
    if (result == LEAT_OK) result = item_close(out, 0);
    if (result == LEAT_VALIDATION)
        return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "An environment variable is given twice.");
    if (result != LEAT_OK || !buf_ok(out)) return fault_memory(fault);
    return LEAT_OK;
}

/* condition: of AWS's expression language, on the stored item */
static enum leat_code registry_write(struct function_service *service, const struct function_configuration *configuration,
                                     struct leat_slice code, const char *condition, struct leat_fault *fault) {
    struct buf item, names;
    buf_init(&item, REGISTRY_ITEM_MAX);
    buf_init(&names, 64);
    item_put_name(&names, SLICE("#n"));
    item_put_string(&names, SLICE("name"));
    struct leat_result result = {0};
    enum leat_code answer = item_close(&names, 0);
    if (answer == LEAT_OK) answer = registry_item(configuration, code, &item, fault);
    if (answer == LEAT_OK) {
        struct leat_write write = {
            .kind = LEAT_PUT,
            .table = TABLE,
            .item = buf_view(&item),
            .condition = slice_text(condition),
            .names = buf_view(&names),
        };
        answer = leat_write(service->db, &write, &result, fault);
    }
    leat_result_free(&result);
    buf_fini(&item);
    buf_fini(&names);
    return answer;
}

/* ---- from an item ---- */

static struct leat_slice get_text(struct leat_slice item, const char *name, struct arena *arena) {
    struct leat_slice text;
    return leat_item_text(item, name, &text) ? arena_copy(arena, text) : (struct leat_slice){NULL, 0};
}

static int64_t get_int(struct leat_slice item, const char *name) {
    double value;
    return leat_item_number(item, name, &value) ? (int64_t)value : 0;
}

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

static enum leat_code registry_read(const struct function_service *service, struct leat_slice item, struct arena *arena,
                                    struct function_configuration *out, struct leat_slice *code,
                                    struct leat_fault *fault) {
    char arn[FUNCTION_ARN_SIZE];
    struct item_value settings;
    *out = (struct function_configuration){
        .name = get_text(item, "name", arena),
        .runtime = get_text(item, "runtime", arena),
        .handler = get_text(item, "handler", arena),
        .role = get_text(item, "role", arena),
        .description = get_text(item, "description", arena),
        .code_sha256 = get_text(item, "sha256", arena),
        .revision_id = get_text(item, "revision", arena),
        .directory = get_text(item, "directory", arena),
        .timeout_seconds = get_int(item, "timeout"),
        .memory_megabytes = get_int(item, "memory"),
        .code_size = (uint64_t)get_int(item, "size"),
        .last_modified_ms = (uint64_t)get_int(item, "modified"),
        .version = SLICE("$LATEST"),
        .state = SLICE("Active"),
        .last_update_status = SLICE("Successful"),
    };
    *code = get_text(item, "code", arena);
    if (item_find(item, SLICE("settings"), &settings)) out->settings = arena_copy(arena, settings.payload);
    struct function_name name = {.name = out->name};
    function_name_arn(&name, service->region, service->account, arn);
    out->arn = arena_copy(arena, slice_text(arn));
    if (out->name.data == NULL || out->arn.data == NULL) return fault_memory(fault);
    return get_environment(item, arena, out, fault);
}

static enum leat_code key_of(struct buf *out, struct leat_slice name, struct leat_fault *fault) {
    put_text(out, "name", name);
    return item_close(out, 0) == LEAT_OK && buf_ok(out) ? LEAT_OK : fault_memory(fault);
}

enum leat_code function_registry_get(struct function_service *service, const struct function_name *name, struct arena *arena,
                                     struct function_configuration *out, struct leat_slice *code,
                                     struct leat_fault *fault) {
    /* versions and aliases are not published here yet: $LATEST is all there is */
    if (name->qualifier.data != NULL && !slice_is(name->qualifier, "$LATEST")) return function_not_found(service, name, fault);
    struct buf key;
    struct leat_result result = {0};
    buf_init(&key, 256);
    enum leat_code answer = key_of(&key, name->name, fault);
    if (answer == LEAT_OK) {
        struct leat_get get = {.table = TABLE, .key = buf_view(&key), .consistent = true};
        answer = leat_get(service->db, &get, &result, fault);
    }
    if (answer == LEAT_RESOURCE_NOT_FOUND || (answer == LEAT_OK && result.count == 0))
        answer = function_not_found(service, name, fault);
    if (answer == LEAT_OK) answer = registry_read(service, result.items[0], arena, out, code, fault);
    leat_result_free(&result);
    buf_fini(&key);
    return answer;
}

/* ---- code ---- */

static void code_path(const struct function_service *service, struct leat_slice name, struct leat_slice code,
                      char out[REGISTRY_PATH_SIZE]) {
    (void)snprintf(out, REGISTRY_PATH_SIZE, "%s/functions/%.*s/%.*s", service->directory, SLICE_FORMAT(name),
                   SLICE_FORMAT(code));
}

/* Unpacks beside the final place and renames: a directory that bears its name is whole. What is left of a failure is for
 * forget_code. */
static enum leat_code store_zip(struct function_service *service, struct leat_slice name, struct leat_slice zip,
                                struct leat_slice code, struct leat_fault *fault) {
    char path[REGISTRY_PATH_SIZE], unfinished[REGISTRY_PATH_SIZE + 8];
    code_path(service, name, code, path);
    (void)snprintf(unfinished, sizeof unfinished, "%s.new", path);
    TRY(function_code_make_directory(unfinished, fault));
    enum leat_code answer = function_code_unpack(unfinished, zip, fault);
    if (answer == LEAT_OK) answer = function_code_keep(path, zip, fault);
    if (answer == LEAT_OK && rename(unfinished, path) != 0) answer = fault_errno(fault, errno, "cannot place the function's code");
    int error = answer == LEAT_OK ? file_sync_parent(path) : 0; /* before the configuration that names it is stored */
    if (error != 0) answer = fault_errno(fault, error, "cannot sync the function's code");
    if (answer != LEAT_OK) function_code_remove(unfinished);
    return answer;
}

/* Fills in what the configuration says of its code, and stores a zip. *place: the directory's name; absent for the user's own. */
static enum leat_code store_code(struct function_service *service, struct function_configuration *configuration,
                                 struct function_code code, struct arena *arena, struct leat_slice *place,
                                 struct leat_fault *fault) {
    char uuid[RANDOM_UUID_SIZE];
    *place = configuration->directory = (struct leat_slice){NULL, 0};
    if (code.directory.data != NULL) {
        TRY(function_code_check_directory(code.directory, fault));
        configuration->directory = code.directory;
        configuration->code_size = 0;
    } else {
        random_uuid(uuid);
        *place = arena_copy(arena, slice_text(uuid));
        if (place->data == NULL) return fault_memory(fault);
        TRY(store_zip(service, configuration->name, code.zip, *place, fault));
        configuration->code_size = code.zip.size;
    }
    configuration->code_sha256 = function_code_sha256(arena, code.directory.data != NULL ? code.directory : code.zip);
    return configuration->code_sha256.data == NULL ? fault_memory(fault) : LEAT_OK;
}

static void forget_code(struct function_service *service, struct leat_slice name, struct leat_slice place) {
    char path[REGISTRY_PATH_SIZE];
    if (place.data == NULL) return;
    code_path(service, name, place, path);
    function_code_remove(path);
}

/* ---- the work loop is told ---- */

struct changed {
    struct net_task task;
    struct function_service *service;
    char name[FUNCTION_NAME_MAX + 1];
    char old_path[]; /* code that is no longer named; "": none */
};

static void changed_run(struct net_task *task) {
    struct changed *changed = (struct changed *)(void *)task;
    struct function_pool *pool = function_pool_find(changed->service, slice_text(changed->name), false);
    bool loaded = pool != NULL && pool->version != NULL; /* then its last user removes the code */
    if (pool != NULL) function_pool_changed(pool, changed->old_path[0] != 0);
    if (!loaded && changed->old_path[0] != 0) function_remove_later(changed->service, changed->old_path);
    free(changed);
}

/* Made before the commit, so that nothing can fail behind it. */
static struct changed *changed_new(struct function_service *service, struct leat_slice name, struct leat_slice old) {
    char path[REGISTRY_PATH_SIZE] = "";
    if (old.data != NULL) code_path(service, name, old, path);
    struct changed *changed = calloc(1, sizeof *changed + strlen(path) + 1);
    if (changed == NULL) return NULL;
    memcpy(changed->old_path, path, strlen(path) + 1);
    changed->task.run = changed_run;
    changed->service = service;
    memcpy(changed->name, name.data, name.size < FUNCTION_NAME_MAX ? name.size : FUNCTION_NAME_MAX);
    return changed;
}

/* ---- control calls ---- */

static enum leat_code stamp(struct function_service *service, struct function_configuration *configuration, struct arena *arena,
                            struct leat_fault *fault) {
    char uuid[RANDOM_UUID_SIZE], arn[FUNCTION_ARN_SIZE];
    random_uuid(uuid);
    struct function_name name = {.name = configuration->name};
    function_name_arn(&name, service->region, service->account, arn);
    configuration->arn = arena_copy(arena, slice_text(arn));
    configuration->revision_id = arena_copy(arena, slice_text(uuid));
    configuration->version = SLICE("$LATEST");
    configuration->state = SLICE("Active");
    configuration->last_update_status = SLICE("Successful");
    configuration->last_modified_ms = clock_now_ms(&clock_system);
    return configuration->arn.data == NULL || configuration->revision_id.data == NULL ? fault_memory(fault) : LEAT_OK;
}

static enum leat_code commit(struct function_service *service, const struct function_configuration *configuration,
                             struct leat_slice place, struct leat_slice old, const char *condition,
                             struct leat_fault *fault) {
    struct changed *changed = changed_new(service, configuration->name, old);
    enum leat_code answer = changed == NULL ? fault_memory(fault)
                                            : registry_write(service, configuration, place, condition, fault);
    if (answer == LEAT_OK) net_loop_post(service->work_loop, &changed->task);
    else free(changed);
    return answer;
}

enum leat_code function_create(struct function_service *service, const struct function_configuration *configuration,
                               struct function_code code, struct arena *arena, struct function_configuration *out,
                               struct leat_fault *fault) {
    struct function_name name;
    struct leat_slice place;
    struct function_configuration there;
    TRY(function_name_parse(configuration->name, &name, fault));
    *out = *configuration;
    out->name = name.name;
    /* before the work of unpacking; the condition decides in the end */
    name.qualifier = (struct leat_slice){NULL, 0};
    enum leat_code answer = function_registry_get(service, &name, arena, &there, &place, NULL);
    if (answer == LEAT_OK) answer = LEAT_CONDITIONAL_CHECK_FAILED;
    if (answer == LEAT_RESOURCE_NOT_FOUND) {
        place = (struct leat_slice){NULL, 0};
        answer = store_code(service, out, code, arena, &place, fault);
        if (answer == LEAT_OK) answer = stamp(service, out, arena, fault);
        if (answer == LEAT_OK) answer = make_table(service, fault);
        if (answer == LEAT_OK) answer = commit(service, out, place, (struct leat_slice){NULL, 0}, "attribute_not_exists(#n)", fault);
        if (answer != LEAT_OK) forget_code(service, out->name, place);
    }
    if (answer == LEAT_CONDITIONAL_CHECK_FAILED)
        return fault_set(fault, LEAT_RESOURCE_CONFLICT, "Function already exist: %.*s", SLICE_FORMAT(out->name));
    return answer;
}

enum leat_code function_get(struct function_service *service, struct leat_slice text, struct arena *arena,
                            struct function_configuration *out, struct leat_fault *fault) {
    struct function_name name;
    struct leat_slice code;
    TRY(function_name_parse(text, &name, fault));
    return function_registry_get(service, &name, arena, out, &code, fault);
}

enum leat_code function_get_archive(struct function_service *service, struct leat_slice text, struct arena *arena,
                                    struct buf *out, struct leat_fault *fault) {
    struct function_name name;
    struct function_configuration configuration;
    struct leat_slice code;
    char path[REGISTRY_PATH_SIZE];
    TRY(function_name_parse(text, &name, fault));
    TRY(function_registry_get(service, &name, arena, &configuration, &code, fault));
    if (code.data == NULL) return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "The function's code is a directory.");
    code_path(service, name.name, code, path);
    return function_code_kept(path, out, fault);
}

static enum leat_code gone(struct function_service *service, const struct function_name *name, enum leat_code answer,
                           struct leat_fault *fault) {
    return answer == LEAT_CONDITIONAL_CHECK_FAILED ? function_not_found(service, name, fault) : answer;
}

enum leat_code function_update_code(struct function_service *service, struct leat_slice text, struct function_code code,
                                    struct arena *arena, struct function_configuration *out, struct leat_fault *fault) {
    struct function_name name;
    struct leat_slice old, place;
    TRY(function_name_parse(text, &name, fault));
    TRY(function_registry_get(service, &name, arena, out, &old, fault));
    enum leat_code answer = store_code(service, out, code, arena, &place, fault);
    if (answer == LEAT_OK) answer = stamp(service, out, arena, fault);
    if (answer == LEAT_OK) answer = commit(service, out, place, old, "attribute_exists(#n)", fault);
    if (answer != LEAT_OK) forget_code(service, out->name, place);
    return gone(service, &name, answer, fault);
}

enum leat_code function_update_configuration(struct function_service *service, struct leat_slice text,
                                             const struct function_configuration *changes, struct arena *arena,
                                             struct function_configuration *out, struct leat_fault *fault) {
    struct function_name name;
    struct leat_slice place;
    TRY(function_name_parse(text, &name, fault));
    TRY(function_registry_get(service, &name, arena, out, &place, fault));
    if (changes->runtime.data != NULL) out->runtime = changes->runtime;
    if (changes->handler.data != NULL) out->handler = changes->handler;
    if (changes->role.data != NULL) out->role = changes->role;
    if (changes->description.data != NULL) out->description = changes->description;
    if (changes->timeout_seconds != 0) out->timeout_seconds = changes->timeout_seconds;
    if (changes->memory_megabytes != 0) out->memory_megabytes = changes->memory_megabytes;
    if (changes->settings.data != NULL) out->settings = changes->settings;
    if (changes->environment != NULL) {
        out->environment = changes->environment;
        out->environment_count = changes->environment_count;
    }
    TRY(stamp(service, out, arena, fault));
    return gone(service, &name, commit(service, out, place, (struct leat_slice){NULL, 0}, "attribute_exists(#n)", fault), fault);
}

enum leat_code function_delete(struct function_service *service, struct leat_slice text, struct leat_fault *fault) {
    struct function_name name;
    struct leat_result result = {0};
    struct leat_slice old = {NULL, 0};
    struct buf key;
    TRY(function_name_parse(text, &name, fault));
    if (name.qualifier.data != NULL) /* AWS Lambda API, DeleteFunction: $LATEST goes only with the whole function */
        return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE,
                         "$LATEST version cannot be deleted without deleting the function.");
    buf_init(&key, 256);
    enum leat_code answer = key_of(&key, name.name, fault);
    if (answer == LEAT_OK) {
        struct leat_write write = {.kind = LEAT_DELETE, .table = TABLE, .key = buf_view(&key), .returns = LEAT_RETURN_ALL_OLD};
        answer = leat_write(service->db, &write, &result, fault);
    }
    buf_fini(&key);
    if (answer == LEAT_RESOURCE_NOT_FOUND || (answer == LEAT_OK && result.attributes.data == NULL))
        answer = function_not_found(service, &name, fault);
    if (answer == LEAT_OK && !leat_item_text(result.attributes, "code", &old)) old = (struct leat_slice){NULL, 0};
    struct changed *changed = answer == LEAT_OK ? changed_new(service, name.name, old) : NULL;
    if (changed != NULL) net_loop_post(service->work_loop, &changed->task);
    else if (answer == LEAT_OK) log_warning("no memory to stop the processes of a deleted function");
    leat_result_free(&result);
    return answer;
}

enum leat_code function_list(struct function_service *service, struct leat_slice marker, size_t limit, struct arena *arena,
                             struct function_page *out, struct leat_fault *fault) {
    struct buf key;
    struct leat_result result = {0};
    *out = (struct function_page){0};
    buf_init(&key, 256);
    enum leat_code answer = marker.data == NULL ? LEAT_OK : key_of(&key, marker, fault);
    if (answer == LEAT_OK) {
        struct leat_query query = {.table = TABLE, .limit = (uint32_t)limit};
        if (marker.data != NULL) query.start = buf_view(&key);
        answer = leat_query(service->db, &query, &result, fault);
        if (answer == LEAT_RESOURCE_NOT_FOUND) answer = LEAT_OK;
    }
    out->functions = ARENA_ARRAY(arena, struct function_configuration, result.count + 1);
    if (answer == LEAT_OK && out->functions == NULL) answer = fault_memory(fault);
    for (; answer == LEAT_OK && out->count < result.count; out->count++) {
        struct leat_slice code;
        answer = registry_read(service, result.items[out->count], arena, &out->functions[out->count], &code, fault);
    }
    if (answer == LEAT_OK && result.last_key.data != NULL) out->next = get_text(result.last_key, "name", arena);
    leat_result_free(&result);
    buf_fini(&key);
    return answer;
}
