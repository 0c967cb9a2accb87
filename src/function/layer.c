/* Layers: archives that functions share. Parts (parts.h) of names that no function can have:
 *
 *   "layer:"        NAME                 last N (the newest version's number)
 *   "layer:NAME"    version/0000000001   layer description license sha256 code S · runtimes architectures S (JSON) · size created N
 *
 * The files lie unpacked in DIR/functions/.layers/<code>. They stay while a function uses them, after the version was deleted, too. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/slice.h"
#include "function/code.h"
#include "function/layer.h"
#include "function/parts.h"
#include "function/service.h"

enum { LAYER_PATH_SIZE = 4400, LAYER_ATTEMPTS_MAX = 20, LAYER_FUNCTIONS_AT_ONCE = 20 };
static const struct leat_slice LAYERS = SLICE("layer:");

static void key_of(struct leat_slice layer, char out[FUNCTION_LAYER_NAME_MAX + 8]) {
    (void)snprintf(out, FUNCTION_LAYER_NAME_MAX + 8, "layer:%.*s", SLICE_FORMAT(layer));
}

/* ---- one version ---- */

static enum leat_code read_layer(const struct function_service *service, struct leat_slice item, struct arena *arena,
                                 struct function_layer *out, struct leat_fault *fault) {
    struct leat_slice part = function_item_text(item, "part", arena);
    size_t prefix = sizeof FUNCTION_VERSION_PREFIX - 1;
    *out = (struct function_layer){
        .name = function_item_text(item, "layer", arena),
        .description = function_item_text(item, "description", arena),
        .license = function_item_text(item, "license", arena),
        .sha256 = function_item_text(item, "sha256", arena),
        .runtimes = function_item_text(item, "runtimes", arena),
        .architectures = function_item_text(item, "architectures", arena),
        .code = function_item_text(item, "code", arena),
        .size = (uint64_t)function_item_int(item, "size"),
        .created_ms = (uint64_t)function_item_int(item, "created"),
        .deleted = function_item_int(item, "deleted") != 0,
    };
    if (part.size > prefix) (void)function_version_number(slice_of(part.data + prefix, part.size - prefix), &out->version);
    out->arn = arena_print(arena, "arn:aws:lambda:%s:%s:layer:%.*s", service->region, service->account, SLICE_FORMAT(out->name));
    return out->name.data == NULL || out->arn.data == NULL || out->code.data == NULL ? fault_memory(fault) : LEAT_OK;
}

/* Those too that are deleted, but in use. */
static enum leat_code find(struct function_service *service, struct leat_slice layer, int64_t version, struct arena *arena,
                           struct function_layer *out, struct leat_fault *fault) {
    char key[FUNCTION_LAYER_NAME_MAX + 8], part[FUNCTION_PART_SIZE];
    struct leat_slice item;
    enum leat_code code = layer.size > FUNCTION_LAYER_NAME_MAX || version < 1 || version > INT32_MAX ? LEAT_RESOURCE_NOT_FOUND : LEAT_OK;
    if (code == LEAT_OK) {
        key_of(layer, key);
        function_version_part(version, part);
        code = function_part_get(service, slice_text(key), slice_text(part), arena, &item, fault);
    }
    if (code == LEAT_RESOURCE_NOT_FOUND)
        return fault_set(fault, code, "The resource you requested does not exist.");
    TRY(code);
    return read_layer(service, item, arena, out, fault);
}

enum leat_code function_layer_get(struct function_service *service, struct leat_slice layer, int64_t version, struct arena *arena,
                                  struct function_layer *out, struct leat_fault *fault) {
    TRY(find(service, layer, version, arena, out, fault));
    return out->deleted ? fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "The resource you requested does not exist.") : LEAT_OK;
}

bool function_layer_parse(struct leat_slice arn, struct leat_slice *layer, int64_t *version) {
    static const char mark[] = ":layer:";
    const uint8_t *found = arn.size == 0 ? NULL : memmem(arn.data, arn.size, mark, sizeof mark - 1);
    if (found == NULL) return false;
    const uint8_t *begin = found + sizeof mark - 1, *end = arn.data + arn.size;
    const uint8_t *colon = memchr(begin, ':', (size_t)(end - begin));
    if (colon == NULL) return false;
    *layer = slice_of(begin, (size_t)(colon - begin));
    return function_version_number(slice_of(colon + 1, (size_t)(end - colon - 1)), version);
}

static void path_of(const struct function_service *service, struct leat_slice code, char out[LAYER_PATH_SIZE]) {
    (void)snprintf(out, LAYER_PATH_SIZE, "%s/functions/.layers/%.*s", service->directory, SLICE_FORMAT(code));
}

struct leat_slice function_layer_path(struct function_service *service, struct leat_slice arn, struct arena *arena) {
    struct function_layer layer;
    struct leat_slice name, none = {NULL, 0};
    char path[LAYER_PATH_SIZE];
    int64_t version;
    if (!function_layer_parse(arn, &name, &version)) return none;
    if (find(service, name, version, arena, &layer, NULL) != LEAT_OK) return none;
    path_of(service, layer.code, path);
    return arena_copy(arena, slice_text(path));
}

enum leat_code function_layer_archive(struct function_service *service, struct leat_slice layer, int64_t version, struct arena *arena,
                                      struct buf *out, struct leat_fault *fault) {
    struct function_layer found;
    char path[LAYER_PATH_SIZE];
    TRY(function_layer_get(service, layer, version, arena, &found, fault));
    path_of(service, found.code, path);
    return function_code_kept(path, out, fault);
}

/* ---- publishing ---- */

static enum leat_code store_files(struct function_service *service, struct leat_slice zip, struct leat_slice place,
                                  struct leat_fault *fault) {
    char path[LAYER_PATH_SIZE], unfinished[LAYER_PATH_SIZE + 8];
    path_of(service, place, path);
    (void)snprintf(unfinished, sizeof unfinished, "%s.new", path);
    TRY(function_code_make_directory(unfinished, fault));
    enum leat_code code = function_code_unpack(unfinished, zip, fault);
    if (code == LEAT_OK) code = function_code_keep(path, zip, fault);
    if (code == LEAT_OK && rename(unfinished, path) != 0) code = fault_errno(fault, errno, "cannot place the layer's files");
    int error = code == LEAT_OK ? file_sync_parent(path) : 0; /* before the item that names them */
    if (error != 0) code = fault_errno(fault, error, "cannot sync the layer's files");
    if (code != LEAT_OK) function_code_remove(unfinished);
    return code;
}

static enum leat_code put_version(struct function_service *service, const struct function_layer *layer, enum function_part_rule rule,
                                  struct leat_fault *fault) {
    char key[FUNCTION_LAYER_NAME_MAX + 8], part[FUNCTION_PART_SIZE];
    struct buf item;
    key_of(layer->name, key);
    function_version_part(layer->version, part);
    buf_init(&item, FUNCTION_ITEM_BYTES_MAX);
    function_item_put_text(&item, "layer", layer->name);
    function_item_put_text(&item, "description", layer->description);
    function_item_put_text(&item, "license", layer->license);
    function_item_put_text(&item, "sha256", layer->sha256);
    function_item_put_text(&item, "runtimes", layer->runtimes);
    function_item_put_text(&item, "architectures", layer->architectures);
    function_item_put_text(&item, "code", layer->code);
    function_item_put_int(&item, "size", (int64_t)layer->size);
    function_item_put_int(&item, "created", (int64_t)layer->created_ms);
    if (layer->deleted) function_item_put_int(&item, "deleted", 1);
    enum leat_code code =
        function_part_put(service, slice_text(key), slice_text(part), &item, rule, (struct leat_slice){NULL, 0}, fault);
    buf_fini(&item);
    return code;
}

static enum leat_code put_last(struct function_service *service, const struct function_layer *layer, struct leat_fault *fault) {
    struct buf item;
    buf_init(&item, 1024);
    function_item_put_int(&item, "last", layer->version);
    enum leat_code code =
        function_part_put(service, LAYERS, layer->name, &item, FUNCTION_PART_ANY, (struct leat_slice){NULL, 0}, fault);
    buf_fini(&item);
    return code;
}

enum leat_code function_layer_publish(struct function_service *service, struct function_layer *layer, struct leat_slice zip,
                                      struct arena *arena, struct leat_fault *fault) {
    char uuid[RANDOM_UUID_SIZE];
    struct leat_slice item;
    random_uuid(uuid);
    layer->code = arena_copy(arena, slice_text(uuid));
    layer->sha256 = function_code_sha256(arena, zip);
    layer->size = zip.size;
    layer->created_ms = leat_now_ms(service->db);
    layer->arn = arena_print(arena, "arn:aws:lambda:%s:%s:layer:%.*s", service->region, service->account, SLICE_FORMAT(layer->name));
    if (layer->code.data == NULL || layer->sha256.data == NULL || layer->arn.data == NULL) return fault_memory(fault);
    TRY(store_files(service, zip, layer->code, fault));
    enum leat_code code = function_part_get(service, LAYERS, layer->name, arena, &item, fault);
    layer->version = code == LEAT_OK ? function_item_int(item, "last") : 0;
    if (code == LEAT_OK || code == LEAT_RESOURCE_NOT_FOUND) code = LEAT_CONDITIONAL_CHECK_FAILED;
    for (int i = 0; i < LAYER_ATTEMPTS_MAX && code == LEAT_CONDITIONAL_CHECK_FAILED; i++) { /* another may take the number first */
        layer->version++;
        code = put_version(service, layer, FUNCTION_PART_NEW, fault);
    }
    if (code == LEAT_OK) code = put_last(service, layer, fault);
    char path[LAYER_PATH_SIZE];
    path_of(service, layer->code, path);
    if (code != LEAT_OK) function_code_remove(path);
    return code;
}

/* ---- deleting ---- */

static bool names_layer(const struct function_page *page, struct leat_slice arn) {
    for (size_t i = 0; i < page->count; i++) {
        struct leat_slice layers = function_setting(&page->functions[i], "Layers");
        if (layers.size >= arn.size && memmem(layers.data, layers.size, arn.data, arn.size) != NULL) return true;
    }
    return false;
}

/* Does a function, in any version, still use it? When it cannot be told, it does. */
static bool is_used(struct function_service *service, struct leat_slice arn) {
    struct function_page names, versions;
    struct arena arena, one;
    struct leat_slice after = {NULL, 0};
    bool used = false;
    arena_init(&arena, 1 << 30);
    do {
        if (function_list(service, after, LAYER_FUNCTIONS_AT_ONCE, &arena, &names, NULL) != LEAT_OK) used = true;
        for (size_t i = 0; !used && i < names.count; i++) {
            struct leat_slice marker = {NULL, 0};
            do {
                arena_init(&one, FUNCTION_PARTS_PER_WRITE * 2 * (size_t)FUNCTION_ITEM_BYTES_MAX);
                char next[FUNCTION_VERSION_SIZE] = "";
                used = function_list_versions(service, names.functions[i].name, marker, FUNCTION_PARTS_PER_WRITE, &one, &versions, NULL) !=
                           LEAT_OK ||
                       names_layer(&versions, arn);
                if (!used && versions.next.data != NULL) (void)snprintf(next, sizeof next, "%.*s", SLICE_FORMAT(versions.next));
                marker = next[0] == 0 ? (struct leat_slice){NULL, 0} : arena_copy(&arena, slice_text(next));
                arena_fini(&one);
            } while (!used && marker.data != NULL);
        }
        after = names.next;
    } while (!used && after.data != NULL);
    arena_fini(&arena);
    return used;
}

enum leat_code function_layer_delete(struct function_service *service, struct leat_slice name, int64_t version, struct leat_fault *fault) {
    char key[FUNCTION_LAYER_NAME_MAX + 8], part[FUNCTION_PART_SIZE], path[LAYER_PATH_SIZE];
    struct function_layer layer;
    struct arena arena;
    arena_init(&arena, 2 * FUNCTION_ITEM_BYTES_MAX);
    enum leat_code code = function_layer_get(service, name, version, &arena, &layer, NULL);
    if (code == LEAT_OK) {
        struct leat_slice arn = arena_print(&arena, "%.*s:%lld\"", SLICE_FORMAT(layer.arn), (long long)version);
        bool used = is_used(service, arn);
        key_of(name, key);
        function_version_part(version, part);
        path_of(service, layer.code, path);
        layer.deleted = true; /* a function that uses it goes on: for it, the item and the files stay */
        code = used ? put_version(service, &layer, FUNCTION_PART_OLD, fault)
                    : function_part_delete(service, slice_text(key), slice_text(part), NULL, fault);
        if (code == LEAT_OK && !used) function_code_remove(path);
    }
    arena_fini(&arena);
    return code == LEAT_RESOURCE_NOT_FOUND ? LEAT_OK : code; /* gone is gone */
}

/* ---- lists ---- */

/* The newest of a layer that is not deleted. */
static enum leat_code newest(struct function_service *service, struct leat_slice name, int64_t last, struct arena *arena,
                             struct function_layer *out, struct leat_fault *fault) {
    enum leat_code code = LEAT_RESOURCE_NOT_FOUND;
    for (; last > 0 && code == LEAT_RESOURCE_NOT_FOUND; last--) code = function_layer_get(service, name, last, arena, out, fault);
    return code;
}

enum leat_code function_layer_list(struct function_service *service, struct leat_slice marker, size_t limit, struct arena *arena,
                                   struct function_layer_page *out, struct leat_fault *fault) {
    struct function_part_page page;
    *out = (struct function_layer_page){0};
    TRY(function_part_list(service, LAYERS, (struct leat_slice){NULL, 0}, marker, limit, arena, &page, fault));
    out->layers = ARENA_ARRAY(arena, struct function_layer, page.count + 1);
    if (out->layers == NULL) return fault_memory(fault);
    for (size_t i = 0; i < page.count; i++) {
        struct leat_slice name = function_item_text(page.items[i], "part", arena);
        enum leat_code code =
            newest(service, name, function_item_int(page.items[i], "last"), arena, &out->layers[out->count], fault);
        if (code == LEAT_OK) out->count++;
        else if (code != LEAT_RESOURCE_NOT_FOUND) return code;
    }
    out->next = page.next;
    return LEAT_OK;
}

enum leat_code function_layer_versions(struct function_service *service, struct leat_slice name, int64_t before, size_t limit,
                                       struct arena *arena, struct function_layer_page *out, struct leat_fault *fault) {
    struct leat_slice item;
    *out = (struct function_layer_page){.layers = ARENA_ARRAY(arena, struct function_layer, limit + 1)};
    if (out->layers == NULL) return fault_memory(fault);
    enum leat_code code = function_part_get(service, LAYERS, name, arena, &item, fault);
    if (code == LEAT_RESOURCE_NOT_FOUND) return LEAT_OK;
    TRY(code);
    int64_t version = before > 0 ? before - 1 : function_item_int(item, "last");
    for (; version > 0 && out->count <= limit; version--) { /* newest first, and one more: is there more? */
        code = function_layer_get(service, name, version, arena, &out->layers[out->count], fault);
        if (code == LEAT_OK) out->count++;
        else if (code != LEAT_RESOURCE_NOT_FOUND) return code;
    }
    if (out->count <= limit) return LEAT_OK;
    out->count = limit;
    out->next = arena_print(arena, "%lld", (long long)out->layers[limit - 1].version);
    return LEAT_OK;
}
