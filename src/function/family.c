#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/slice.h"
#include "function/parts.h"
#include "function/service.h"

static struct function_family **bucket_of(struct function_service *service, const char *name) {
    return &service->families[hash_bytes(slice_text(name)) % FUNCTION_POOL_BUCKETS];
}

struct function_family *function_family_find(struct function_service *service, const char *name, bool make) {
    struct function_family **bucket = bucket_of(service, name);
    for (struct function_family *family = *bucket; family != NULL; family = family->next_in_bucket)
        if (strcmp(family->name, name) == 0) return family;
    struct function_family *family = make ? calloc(1, sizeof *family) : NULL;
    if (family == NULL) return NULL;
    family->service = service;
    family->reserved = -1;
    memcpy(family->name, name, strlen(name) + 1);
    family->next_in_bucket = *bucket;
    *bucket = family;
    return family;
}

void function_family_unref(struct function_family *family) {
    if (--family->references > 0) return;
    struct function_family **at = bucket_of(family->service, family->name);
    while (*at != family) at = &(*at)->next_in_bucket;
    *at = family->next_in_bucket;
    free(family);
}

static enum leat_code look(struct function_family *family, struct leat_fault *fault) {
    struct arena arena;
    struct leat_slice item;
    arena_init(&arena, FUNCTION_ITEM_BYTES_MAX);
    enum leat_code code =
        function_part_get(family->service, slice_text(family->name), SLICE("concurrency"), &arena, &item, fault);
    if (code == LEAT_OK) family->reserved = function_item_int(item, "reserved");
    if (code == LEAT_RESOURCE_NOT_FOUND) family->reserved = -1;
    arena_fini(&arena);
    return code == LEAT_RESOURCE_NOT_FOUND ? LEAT_OK : code;
}

/* Lambda API Reference, PutFunctionConcurrency: the function's share, of which nothing is left to wait for. */
enum leat_code function_family_enter(struct function_family *family, struct leat_fault *fault) {
    if (!family->known) TRY(look(family, fault));
    family->known = true;
    if (family->reserved < 0 || family->calls < family->reserved) return LEAT_OK;
    return fault_set(fault, LEAT_TOO_MANY_REQUESTS, "Rate Exceeded.");
}
