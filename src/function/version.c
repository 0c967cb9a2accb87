#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/slice.h"
#include "function/code.h"
#include "function/service.h"

enum { VERSION_MEMORY_MAX = 2 << 20 };

/* One that is gone is a directory that is not there: nothing is found in it. */
static enum leat_code find_layers(struct function_version *version, struct leat_fault *fault) {
    struct leat_slice layers = function_setting(&version->configuration, "Layers"), paths[FUNCTION_LAYERS_MAX];
    struct json_reader reader;
    size_t count = 0;
    if (layers.data == NULL) return LEAT_OK;
    json_reader_init(&reader, layers, &version->arena);
    if (json_next(&reader) != JSON_ARRAY) return LEAT_OK;
    while (json_next(&reader) == JSON_OBJECT && count < FUNCTION_LAYERS_MAX) {
        struct leat_slice arn = function_json_text(json_raw(&reader), "Arn", &version->arena);
        struct leat_slice path = function_layer_path(version->service, arn, &version->arena);
        if (path.data != NULL) paths[count++] = path;
    }
    if (reader.token == JSON_ERROR) return fault_memory(fault);
    while (count > 0) version->layers[version->layer_count++] = (const char *)paths[--count].data;
    return LEAT_OK;
}

static enum leat_code version_fill(struct function_version *version, const char *name, const char *number,
                                   struct leat_fault *fault) {
    struct function_service *service = version->service;
    struct function_name asked = {slice_text(name), slice_text(number)};
    struct function_configuration *configuration = &version->configuration;
    TRY(function_registry_get(service, &asked, &version->arena, configuration, fault));
    version->log = function_log_open(service->logs, function_log_group(configuration, &version->arena));
    if (version->log == NULL) return fault_memory(fault);
    TRY(find_layers(version, fault));
    version->code_owned = configuration->directory.data == NULL;
    struct leat_slice path = configuration->directory;
    if (version->code_owned)
        path = arena_print(&version->arena, "%s/functions/%s/%.*s", service->directory, name, SLICE_FORMAT(configuration->code));
    if (path.data == NULL) return fault_memory(fault);
    version->code_path = (const char *)path.data;
    if (!version->code_owned) function_watch_init(&version->watch, version->code_path);
    return LEAT_OK;
}

enum leat_code function_version_load(struct function_service *service, const char *name, const char *number,
                                     struct function_version **out, struct leat_fault *fault) {
    struct function_version *version = calloc(1, sizeof *version);
    if (version == NULL) return fault_memory(fault);
    version->service = service;
    version->watch.fd = -1;
    version->references = 1;
    arena_init(&version->arena, VERSION_MEMORY_MAX);
    enum leat_code code = version_fill(version, name, number, fault);
    if (code == LEAT_OK) *out = version;
    else function_version_unref(version);
    return code;
}

void function_version_unref(struct function_version *version) {
    if (--version->references > 0) return;
    if (version->code_owned && version->code_replaced) function_remove_later(version->service, version->code_path);
    function_watch_fini(&version->watch);
    if (version->log != NULL) function_log_close(version->log);
    arena_fini(&version->arena);
    free(version);
}

/* ---- removing, away from the loop: a folder of packages takes many milliseconds ---- */

struct removal {
    uv_work_t work;
    char path[];
};

static void removal_run(uv_work_t *work) {
    struct removal *removal = work->data;
    function_code_remove(removal->path);
}

static void removal_done(uv_work_t *work, int status) {
    (void)status; /* cancelled at the end of the program: the next start sweeps */
    free(work->data);
}

void function_remove_later(struct function_service *service, const char *path) {
    size_t size = strlen(path) + 1;
    struct removal *removal = calloc(1, sizeof *removal + size);
    if (removal == NULL) return; /* the next start sweeps */
    removal->work.data = removal;
    memcpy(removal->path, path, size);
    if (uv_queue_work(net_loop_uv(service->work_loop), &removal->work, removal_run, removal_done) != 0) free(removal);
}

/* ---- at the start: what a former life left behind ---- */

static void sweep_function(struct function_service *service, const char *path, const char *name, struct arena *arena) {
    struct function_name asked = {.name = slice_text(name)};
    struct function_configuration configuration;
    enum leat_code found = function_registry_get(service, &asked, arena, &configuration, NULL);
    if (found == LEAT_RESOURCE_NOT_FOUND) function_code_remove(path);
    DIR *entries = found == LEAT_OK ? opendir(path) : NULL;
    if (entries == NULL) return;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        struct leat_slice place = slice_text(entry->d_name);
        if (place.size > 4 && strcmp(entry->d_name + place.size - 4, ".zip") == 0) place.size -= 4;
        if (entry->d_name[0] == '.' || slice_equal(configuration.code, place) || function_code_is_published(service, asked.name, place))
            continue;
        struct leat_slice old = arena_print(arena, "%s/%s", path, entry->d_name);
        if (old.data != NULL) function_code_remove((const char *)old.data);
    }
    (void)closedir(entries);
}

void function_sweep(struct function_service *service) {
    struct arena arena;
    arena_init(&arena, VERSION_MEMORY_MAX);
    struct leat_slice root = arena_print(&arena, "%s/functions", service->directory);
    DIR *names = root.data == NULL ? NULL : opendir((const char *)root.data);
    for (struct dirent *entry; names != NULL && (entry = readdir(names)) != NULL;) {
        struct arena one;
        arena_init(&one, VERSION_MEMORY_MAX);
        struct leat_slice path = arena_print(&one, "%s/functions/%s", service->directory, entry->d_name);
        if (entry->d_name[0] != '.' && path.data != NULL)
            sweep_function(service, (const char *)path.data, entry->d_name, &one);
        arena_fini(&one);
    }
    if (names != NULL) (void)closedir(names);
    arena_fini(&arena);
}
