/* Functions are made, changed, deleted and listed: code is stored first, then the configuration that names it, then the work loop is
 * told. A change is written on condition that the revision it was made from is still the newest, else it is made again. */
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
#include "function/events.h"
#include "function/parts.h"
#include "function/service.h"
#include "item/value.h"

enum { CONTROL_PATH_SIZE = 4300, CONTROL_ATTEMPTS_MAX = 20 };

/* ---- writing ---- */

/* Under a new revision, and on condition that there is no function of the name yet (before absent) or that it is still as it was. */
static enum leat_code write_latest(struct function_service *service, const struct function_configuration *configuration,
                                   struct leat_slice before, struct leat_fault *fault) {
    struct buf item, names, values;
    struct leat_result result = {0};
    buf_init(&item, FUNCTION_ITEM_BYTES_MAX);
    buf_init(&names, 64);
    buf_init(&values, 128);
    function_item_put_text(&names, "#n", before.data == NULL ? SLICE("name") : SLICE("revision"));
    function_item_put_text(&values, ":r", before);
    enum leat_code code = function_registry_item(configuration, &item, fault);
    if (code == LEAT_OK) code = item_close(&names, 0);
    if (code == LEAT_OK) code = item_close(&values, 0);
    struct leat_write write = {
        .kind = LEAT_PUT,
        .table = function_registry_table,
        .item = buf_view(&item),
        .condition = before.data == NULL ? SLICE("attribute_not_exists(#n)") : SLICE("#n = :r"),
        .names = buf_view(&names),
    };
    if (before.data != NULL) write.values = buf_view(&values);
    if (code == LEAT_OK) code = leat_write(service->db, &write, &result, fault);
    leat_result_free(&result);
    buf_fini(&item);
    buf_fini(&names);
    buf_fini(&values);
    return code;
}

/* ---- code ---- */

static void code_path(const struct function_service *service, struct leat_slice name, struct leat_slice code,
                      char out[CONTROL_PATH_SIZE]) {
    (void)snprintf(out, CONTROL_PATH_SIZE, "%s/functions/%.*s/%.*s", service->directory, SLICE_FORMAT(name),
                   SLICE_FORMAT(code));
}

/* Unpacks beside the final place and renames: a directory that bears its name is whole. What is left of a failure is for
 * forget_code. */
static enum leat_code store_zip(struct function_service *service, struct leat_slice name, struct leat_slice zip,
                                struct leat_slice code, struct leat_fault *fault) {
    char path[CONTROL_PATH_SIZE], unfinished[CONTROL_PATH_SIZE + 8];
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

/* Fills in what the configuration says of its code, and stores a zip. */
static enum leat_code store_code(struct function_service *service, struct function_configuration *configuration,
                                 struct function_code code, struct arena *arena, struct leat_fault *fault) {
    char uuid[RANDOM_UUID_SIZE];
    struct leat_slice *place = &configuration->code;
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
    char path[CONTROL_PATH_SIZE];
    if (place.data == NULL) return;
    code_path(service, name, place, path);
    function_code_remove(path);
}

/* Does a published version still name this code? */
bool function_code_is_published(struct function_service *service, struct leat_slice name, struct leat_slice place) {
    struct function_part_page page = {.count = 0};
    struct leat_slice after = {NULL, 0};
    bool found = false;
    do {
        struct arena arena;
        char next[FUNCTION_PART_SIZE] = "";
        arena_init(&arena, FUNCTION_PARTS_PER_WRITE * (size_t)FUNCTION_ITEM_BYTES_MAX);
        enum leat_code code = function_part_list(service, name, SLICE(FUNCTION_VERSION_PREFIX), after, FUNCTION_PARTS_PER_WRITE,
                                                 &arena, &page, NULL);
        found = code != LEAT_OK; /* rather keep it: the next start sweeps */
        for (size_t i = 0; i < page.count && !found; i++)
            found = slice_equal(function_item_text(page.items[i], "code", &arena), place);
        (void)snprintf(next, sizeof next, "%.*s", (int)page.next.size, page.next.data == NULL ? "" : (const char *)page.next.data);
        bool more = page.next.data != NULL;
        arena_fini(&arena);
        if (!more) break;
        after = slice_text(next);
    } while (!found);
    return found;
}

/* ---- the work loop is told ---- */

struct changed {
    struct net_task task;
    struct function_service *service;
    char name[FUNCTION_NAME_MAX + 1], version[FUNCTION_VERSION_SIZE]; /* version "": all of them */
    char old_path[]; /* code that is no longer named; "": none */
};

static void changed_run(struct net_task *task) {
    struct changed *changed = (struct changed *)(void *)task;
    bool old = changed->old_path[0] != 0;
    /* the last user of the code removes it */
    bool used = function_pools_changed(changed->service, changed->name, changed->version, old ? changed->old_path : NULL);
    if (!used && old) function_remove_later(changed->service, changed->old_path);
    free(changed);
}

/* old: the code's place, absent: none. Without memory nothing is told; processes then end when they have been idle long enough. */
static void tell(struct function_service *service, struct leat_slice name, const char *version, struct leat_slice old) {
    char path[CONTROL_PATH_SIZE] = "";
    if (old.data != NULL) code_path(service, name, old, path);
    struct changed *changed = calloc(1, sizeof *changed + strlen(path) + 1);
    if (changed == NULL) {
        log_warning("no memory to stop the processes of a changed function");
        return;
    }
    memcpy(changed->old_path, path, strlen(path) + 1);
    changed->task.run = changed_run;
    changed->service = service;
    memcpy(changed->name, name.data, name.size < FUNCTION_NAME_MAX ? name.size : FUNCTION_NAME_MAX);
    (void)snprintf(changed->version, sizeof changed->version, "%s", version);
    net_loop_post(service->work_loop, &changed->task);
}

void function_tell_shared(struct function_service *service, struct leat_slice name) {
    tell(service, name, FUNCTION_NO_VERSION, (struct leat_slice){NULL, 0});
}

/* ---- control calls ---- */

enum leat_code function_stamp(struct function_service *service, struct function_configuration *configuration, struct arena *arena,
                              struct leat_fault *fault) {
    char uuid[RANDOM_UUID_SIZE], arn[FUNCTION_ARN_SIZE];
    random_uuid(uuid);
    struct function_name name = {.name = configuration->name};
    if (!slice_is(configuration->version, "$LATEST")) name.qualifier = configuration->version;
    function_name_arn(&name, service->region, service->account, arn);
    configuration->arn = arena_copy(arena, slice_text(arn));
    configuration->revision_id = arena_copy(arena, slice_text(uuid));
    configuration->state = SLICE("Active");
    configuration->last_update_status = SLICE("Successful");
    configuration->last_modified_ms = leat_now_ms(service->db);
    return configuration->arn.data == NULL || configuration->revision_id.data == NULL ? fault_memory(fault) : LEAT_OK;
}

enum leat_code function_create(struct function_service *service, const struct function_configuration *configuration,
                               struct function_code code, struct arena *arena, struct function_configuration *out,
                               struct leat_fault *fault) {
    struct function_name name;
    struct function_configuration there;
    TRY(function_name_parse(configuration->name, &name, fault));
    *out = *configuration;
    out->name = name.name;
    out->version = SLICE("$LATEST");
    /* before the work of unpacking; the condition decides in the end */
    name.qualifier = (struct leat_slice){NULL, 0};
    enum leat_code answer = function_registry_get(service, &name, arena, &there, NULL);
    if (answer == LEAT_OK) answer = LEAT_CONDITIONAL_CHECK_FAILED;
    if (answer == LEAT_RESOURCE_NOT_FOUND) {
        answer = store_code(service, out, code, arena, fault);
        if (answer == LEAT_OK) answer = function_stamp(service, out, arena, fault);
        if (answer == LEAT_OK)
            answer = function_make_table(service, function_registry_table, SLICE("name"), (struct leat_slice){NULL, 0}, fault);
        if (answer == LEAT_OK) answer = function_event_make_table(service, fault); /* whoever calls cannot wait for it */
        if (answer == LEAT_OK) answer = write_latest(service, out, (struct leat_slice){NULL, 0}, fault);
        if (answer == LEAT_OK) tell(service, out->name, "$LATEST", (struct leat_slice){NULL, 0});
        else forget_code(service, out->name, out->code);
    }
    if (answer == LEAT_CONDITIONAL_CHECK_FAILED)
        return fault_set(fault, LEAT_RESOURCE_CONFLICT, "Function already exist: %.*s", SLICE_FORMAT(out->name));
    return answer;
}

enum leat_code function_get(struct function_service *service, struct leat_slice text, struct arena *arena,
                            struct function_configuration *out, struct leat_fault *fault) {
    struct function_name name;
    TRY(function_name_parse(text, &name, fault));
    return function_registry_get(service, &name, arena, out, fault);
}

enum leat_code function_get_archive(struct function_service *service, struct leat_slice text, struct arena *arena,
                                    struct buf *out, struct leat_fault *fault) {
    struct function_configuration configuration;
    char path[CONTROL_PATH_SIZE];
    TRY(function_get(service, text, arena, &configuration, fault));
    if (configuration.code.data == NULL) return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "The function's code is a directory.");
    code_path(service, configuration.name, configuration.code, path);
    return function_code_kept(path, out, fault);
}

enum leat_code function_check_revision(struct leat_slice given, struct leat_slice there, const char *calls,
                                       struct leat_fault *fault) {
    if (given.data == NULL || slice_equal(given, there)) return LEAT_OK;
    return fault_set(fault, LEAT_PRECONDITION_FAILED,
                     "The Revision Id provided does not match the latest Revision Id. Call the %s API to retrieve the latest "
                     "Revision Id",
                     calls);
}

/* The entries of both; where both have one, that of `over`. */
static enum leat_code merge(struct leat_slice under, struct leat_slice over, struct arena *arena, struct leat_slice *out,
                            struct leat_fault *fault) {
    struct buf item;
    struct item_value value;
    struct leat_slice name;
    buf_init(&item, FUNCTION_ITEM_BYTES_MAX);
    for (int which = 0; which < 2; which++) {
        struct item_iterator entries = item_iterate(which == 0 ? under : over);
        while (item_map_next(&entries, &name, &value)) {
            item_put_name(&item, name);
            item_put_value(&item, &value);
        }
    }
    bool good = item_close_last_wins(&item, 0) == LEAT_OK && buf_ok(&item);
    if (good) *out = arena_copy(arena, buf_view(&item));
    buf_fini(&item);
    return good && out->data != NULL ? LEAT_OK : fault_memory(fault);
}

static enum leat_code apply(const struct function_configuration *changes, struct arena *arena, struct function_configuration *out,
                            struct leat_fault *fault) {
    if (changes->runtime.data != NULL) out->runtime = changes->runtime;
    if (changes->handler.data != NULL) out->handler = changes->handler;
    if (changes->role.data != NULL) out->role = changes->role;
    if (changes->description.data != NULL) out->description = changes->description;
    if (changes->timeout_seconds != 0) out->timeout_seconds = changes->timeout_seconds;
    if (changes->memory_megabytes != 0) out->memory_megabytes = changes->memory_megabytes;
    if (changes->environment != NULL) {
        out->environment = changes->environment;
        out->environment_count = changes->environment_count;
    }
    return changes->settings.data == NULL ? LEAT_OK : merge(out->settings, changes->settings, arena, &out->settings, fault);
}

/* What store_code has found out of code that is in place. */
static void take_code(const struct function_configuration *stored, struct function_configuration *out) {
    out->code = stored->code;
    out->directory = stored->directory;
    out->code_size = stored->code_size;
    out->code_sha256 = stored->code_sha256;
}

/* One attempt; LEAT_CONDITIONAL_CHECK_FAILED: somebody else was faster. stored NULL: the code stays. */
static enum leat_code update_once(struct function_service *service, const struct function_name *name,
                                  const struct function_update *update, const struct function_configuration *stored,
                                  struct arena *arena, struct function_configuration *out, struct leat_fault *fault) {
    TRY(function_registry_get(service, name, arena, out, fault));
    struct leat_slice before = out->revision_id, old = out->code;
    TRY(function_check_revision(update->revision_id, before, "GetFunction/GetAlias", fault));
    if (stored != NULL) take_code(stored, out);
    TRY(apply(&update->changes, arena, out, fault));
    TRY(function_stamp(service, out, arena, fault));
    if (update->dry_run) return LEAT_OK;
    TRY(write_latest(service, out, before, fault));
    bool gone = stored != NULL && old.data != NULL && !function_code_is_published(service, name->name, old);
    tell(service, name->name, "$LATEST", gone ? old : (struct leat_slice){NULL, 0});
    return LEAT_OK;
}

enum leat_code function_update(struct function_service *service, struct leat_slice text, const struct function_update *update,
                               struct arena *arena, struct function_configuration *out, struct leat_fault *fault) {
    struct function_name name;
    struct function_configuration stored = {0};
    bool code_given = update->code.zip.data != NULL || update->code.directory.data != NULL;
    TRY(function_name_parse(text, &name, fault));
    name.qualifier = (struct leat_slice){NULL, 0};
    TRY(function_registry_get(service, &name, arena, out, fault));
    TRY(function_check_revision(update->revision_id, out->revision_id, "GetFunction/GetAlias", fault));
    stored.name = name.name;
    if (code_given) TRY(store_code(service, &stored, update->code, arena, fault));
    enum leat_code answer = LEAT_CONDITIONAL_CHECK_FAILED;
    for (int i = 0; i < CONTROL_ATTEMPTS_MAX && answer == LEAT_CONDITIONAL_CHECK_FAILED; i++)
        answer = update_once(service, &name, update, code_given ? &stored : NULL, arena, out, fault);
    if (answer != LEAT_OK || update->dry_run) forget_code(service, name.name, stored.code);
    if (answer == LEAT_CONDITIONAL_CHECK_FAILED)
        return fault_set(fault, LEAT_RESOURCE_CONFLICT, "The operation cannot be performed at this time. An update is in progress for "
                                                        "resource: %.*s", SLICE_FORMAT(out->arn));
    return answer;
}

static enum leat_code delete_latest(struct function_service *service, const struct function_name *name, struct leat_fault *fault) {
    struct leat_result result = {0};
    struct leat_slice old = {NULL, 0};
    struct buf key;
    buf_init(&key, 256);
    function_item_put_text(&key, "name", name->name);
    enum leat_code code = item_close(&key, 0) == LEAT_OK && buf_ok(&key) ? LEAT_OK : fault_memory(fault);
    if (code == LEAT_OK) {
        struct leat_write write = {
            .kind = LEAT_DELETE, .table = function_registry_table, .key = buf_view(&key), .returns = LEAT_RETURN_ALL_OLD};
        code = leat_write(service->db, &write, &result, fault);
    }
    buf_fini(&key);
    if (code == LEAT_RESOURCE_NOT_FOUND || (code == LEAT_OK && result.attributes.data == NULL))
        code = function_not_found(service, name, fault);
    if (code == LEAT_OK && !leat_item_text(result.attributes, "code", &old)) old = (struct leat_slice){NULL, 0};
    /* the other versions' code goes with the next start's sweep */
    if (code == LEAT_OK) tell(service, name->name, "", old);
    leat_result_free(&result);
    return code;
}

/* A version that an alias points to stays. */
static enum leat_code check_unused(struct function_service *service, const struct function_name *name, struct leat_fault *fault) {
    struct arena arena;
    struct function_alias_page page;
    arena_init(&arena, 4 << 20);
    enum leat_code code = function_alias_list(service, name->name, name->qualifier, (struct leat_slice){NULL, 0}, 0, &arena, &page, fault);
    if (code == LEAT_OK && page.count > 0)
        code = fault_set(fault, LEAT_RESOURCE_CONFLICT, "Unable to delete version because the following aliases reference it: [%.*s]",
                         SLICE_FORMAT(page.aliases[0].name));
    arena_fini(&arena);
    return code;
}

static enum leat_code delete_version(struct function_service *service, const struct function_name *name, int64_t number,
                                     struct leat_fault *fault) {
    struct arena arena;
    struct function_configuration version, latest;
    struct function_name function = {.name = name->name};
    char part[FUNCTION_PART_SIZE], text[FUNCTION_VERSION_SIZE];
    arena_init(&arena, 2 * FUNCTION_ITEM_BYTES_MAX);
    function_version_part(number, part);
    (void)snprintf(text, sizeof text, "%lld", (long long)number);
    enum leat_code code = function_registry_get(service, &function, &arena, &latest, fault);
    if (code == LEAT_OK) code = function_registry_get(service, name, &arena, &version, NULL);
    if (code == LEAT_OK) code = check_unused(service, name, fault);
    if (code == LEAT_OK) code = function_part_delete(service, name->name, slice_text(part), NULL, fault);
    if (code == LEAT_OK) {
        bool used = slice_equal(latest.code, version.code) || function_code_is_published(service, name->name, version.code);
        tell(service, name->name, text, used ? (struct leat_slice){NULL, 0} : version.code);
    }
    if (code == LEAT_RESOURCE_NOT_FOUND && (fault == NULL || fault->message[0] == 0)) code = LEAT_OK; /* gone is gone */
    arena_fini(&arena);
    return code;
}

enum leat_code function_delete(struct function_service *service, struct leat_slice text, struct leat_fault *fault) {
    struct function_name name;
    int64_t number;
    TRY(function_name_parse(text, &name, fault));
    if (function_version_number(name.qualifier, &number)) return delete_version(service, &name, number, fault);
    if (slice_is(name.qualifier, "$LATEST")) /* AWS Lambda API, DeleteFunction: it goes only with the whole function */
        return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE,
                         "$LATEST version cannot be deleted without deleting the function.");
    if (name.qualifier.data != NULL)
        return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "Deletion of aliases is not currently supported.");
    TRY(delete_latest(service, &name, fault));
    return function_parts_delete(service, name.name, fault);
}

enum leat_code function_list(struct function_service *service, struct leat_slice marker, size_t limit, struct arena *arena,
                             struct function_page *out, struct leat_fault *fault) {
    struct buf key;
    struct leat_result result = {0};
    *out = (struct function_page){0};
    buf_init(&key, 256);
    function_item_put_text(&key, "name", marker);
    enum leat_code answer = item_close(&key, 0) == LEAT_OK && buf_ok(&key) ? LEAT_OK : fault_memory(fault);
    if (answer == LEAT_OK) {
        struct leat_query query = {.table = function_registry_table, .limit = (uint32_t)limit};
        if (marker.data != NULL) query.start = buf_view(&key);
        answer = leat_query(service->db, &query, &result, fault);
        if (answer == LEAT_RESOURCE_NOT_FOUND) answer = LEAT_OK;
    }
    out->functions = ARENA_ARRAY(arena, struct function_configuration, result.count + 1);
    if (answer == LEAT_OK && out->functions == NULL) answer = fault_memory(fault);
    for (; answer == LEAT_OK && out->count < result.count; out->count++)
        answer = function_registry_read(service, result.items[out->count], arena, &out->functions[out->count], fault);
    if (answer == LEAT_OK && result.last_key.data != NULL) out->next = function_item_text(result.last_key, "name", arena);
    leat_result_free(&result);
    buf_fini(&key);
    return answer;
}
