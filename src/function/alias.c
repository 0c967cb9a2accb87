/* Aliases: parts "alias/NAME" of a function: version description S · additional S weight S (the second version's share) · revision S */
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "base/slice.h"
#include "function/parts.h"
#include "function/service.h"

#define ALIAS_PREFIX "alias/"
enum { ALIAS_PART_SIZE = FUNCTION_QUALIFIER_MAX + sizeof ALIAS_PREFIX, ALIAS_PAGE_MAX = 50 };

static void part_of(struct leat_slice alias, char out[ALIAS_PART_SIZE]) {
    (void)snprintf(out, ALIAS_PART_SIZE, ALIAS_PREFIX "%.*s", SLICE_FORMAT(alias));
}

static enum leat_code read_alias(const struct function_service *service, struct leat_slice function, struct leat_slice item,
                                 struct arena *arena, struct function_alias *out, struct leat_fault *fault) {
    struct leat_slice part = function_item_text(item, "part", arena), weight = function_item_text(item, "weight", arena);
    char arn[FUNCTION_ARN_SIZE];
    size_t prefix = sizeof ALIAS_PREFIX - 1;
    if (part.size <= prefix) return fault_memory(fault);
    *out = (struct function_alias){
        .name = slice_of(part.data + prefix, part.size - prefix),
        .version = function_item_text(item, "version", arena),
        .description = function_item_text(item, "description", arena),
        .additional_version = function_item_text(item, "additional", arena),
        .weight = weight.data == NULL ? 0 : strtod((const char *)weight.data, NULL),
        .revision_id = function_item_text(item, "revision", arena),
    };
    struct function_name name = {function, out->name};
    function_name_arn(&name, service->region, service->account, arn);
    out->arn = arena_copy(arena, slice_text(arn));
    return out->arn.data == NULL || out->version.data == NULL ? fault_memory(fault) : LEAT_OK;
}

enum leat_code function_alias_find(struct function_service *service, struct leat_slice function, struct leat_slice alias,
                                   struct arena *arena, struct function_alias *out, struct leat_fault *fault) {
    char part[ALIAS_PART_SIZE];
    struct leat_slice item = {NULL, 0};
    part_of(alias, part);
    TRY(function_part_get(service, function, slice_text(part), arena, &item, fault));
    return read_alias(service, function, item, arena, out, fault);
}

static void arn_of(const struct function_service *service, struct leat_slice function, struct leat_slice alias,
                   char out[FUNCTION_ARN_SIZE]) {
    struct function_name name = {function, alias};
    function_name_arn(&name, service->region, service->account, out);
}

/* ---- what an alias may point to ---- */

static enum leat_code check_version(struct function_service *service, struct leat_slice function, struct leat_slice version,
                                    struct leat_fault *fault) {
    struct arena arena;
    struct function_configuration there;
    struct function_name name = {function, version};
    arena_init(&arena, 2 * FUNCTION_ITEM_BYTES_MAX);
    enum leat_code code = function_registry_get(service, &name, &arena, &there, fault);
    arena_fini(&arena);
    return code;
}

static enum leat_code check_targets(struct function_service *service, struct leat_slice function,
                                    const struct function_alias *alias, struct leat_fault *fault) {
    TRY(check_version(service, function, alias->version, fault));
    if (alias->additional_version.data == NULL) return LEAT_OK;
    if (slice_is(alias->version, "$LATEST"))
        return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE,
                         "$LATEST is not supported for an alias pointing to more than 1 version");
    if (slice_equal(alias->version, alias->additional_version))
        return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE,
                         "Invalid function version %.*s. Function version %.*s is already included in routing configuration.",
                         SLICE_FORMAT(alias->version), SLICE_FORMAT(alias->version));
    return check_version(service, function, alias->additional_version, fault);
}

static enum leat_code store(struct function_service *service, struct leat_slice function, struct function_alias *alias,
                            enum function_part_rule rule, struct leat_slice before, struct arena *arena, struct leat_fault *fault) {
    char part[ALIAS_PART_SIZE], arn[FUNCTION_ARN_SIZE], uuid[RANDOM_UUID_SIZE];
    struct buf item;
    part_of(alias->name, part);
    arn_of(service, function, alias->name, arn);
    random_uuid(uuid);
    alias->revision_id = arena_copy(arena, slice_text(uuid));
    alias->arn = arena_copy(arena, slice_text(arn));
    if (alias->revision_id.data == NULL || alias->arn.data == NULL) return fault_memory(fault);
    buf_init(&item, FUNCTION_ITEM_BYTES_MAX);
    function_item_put_text(&item, "version", alias->version);
    function_item_put_text(&item, "description", alias->description);
    function_item_put_text(&item, "revision", alias->revision_id);
    if (alias->additional_version.data != NULL) {
        char weight[32];
        (void)snprintf(weight, sizeof weight, "%.17g", alias->weight);
        function_item_put_text(&item, "additional", alias->additional_version);
        function_item_put_text(&item, "weight", slice_text(weight));
    }
    enum leat_code code = function_part_put(service, function, slice_text(part), &item, rule, before, fault);
    buf_fini(&item);
    return code;
}

/* ---- the calls ---- */

/* The function's own name, once it is known to be there. */
static enum leat_code function_of(struct function_service *service, struct leat_slice text, struct leat_slice *out,
                                  struct leat_fault *fault) {
    struct function_name name;
    TRY(function_name_parse(text, &name, fault));
    *out = name.name;
    return check_version(service, name.name, (struct leat_slice){NULL, 0}, fault);
}

enum leat_code function_alias_create(struct function_service *service, struct leat_slice text, struct function_alias *alias,
                                     struct arena *arena, struct leat_fault *fault) {
    struct leat_slice function;
    char arn[FUNCTION_ARN_SIZE];
    TRY(function_of(service, text, &function, fault));
    TRY(check_targets(service, function, alias, fault));
    if (alias->description.data == NULL) alias->description = SLICE("");
    enum leat_code code = store(service, function, alias, FUNCTION_PART_NEW, (struct leat_slice){NULL, 0}, arena, fault);
    if (code != LEAT_CONDITIONAL_CHECK_FAILED) return code;
    arn_of(service, function, alias->name, arn);
    return fault_set(fault, LEAT_RESOURCE_CONFLICT, "Alias already exists: %s", arn);
}

static enum leat_code find(struct function_service *service, struct leat_slice function, struct leat_slice alias, const char *words,
                           struct arena *arena, struct function_alias *out, struct leat_fault *fault) {
    char arn[FUNCTION_ARN_SIZE];
    enum leat_code code = function_alias_find(service, function, alias, arena, out, fault);
    if (code != LEAT_RESOURCE_NOT_FOUND) return code;
    arn_of(service, function, alias, arn);
    return fault_set(fault, code, "%s: %s", words, arn);
}

enum leat_code function_alias_get(struct function_service *service, struct leat_slice text, struct leat_slice alias,
                                  struct arena *arena, struct function_alias *out, struct leat_fault *fault) {
    struct leat_slice function;
    TRY(function_of(service, text, &function, fault));
    return find(service, function, alias, "Cannot find alias arn", arena, out, fault);
}

enum leat_code function_alias_update(struct function_service *service, struct leat_slice text,
                                     const struct function_alias *changes, bool routing_given, struct arena *arena,
                                     struct function_alias *out, struct leat_fault *fault) {
    struct leat_slice function;
    TRY(function_of(service, text, &function, fault));
    TRY(find(service, function, changes->name, "Alias not found", arena, out, fault));
    struct leat_slice before = out->revision_id;
    TRY(function_check_revision(changes->revision_id, before, "GetAlias", fault));
    if (changes->version.data != NULL) out->version = changes->version;
    if (changes->description.data != NULL) out->description = changes->description;
    if (routing_given) {
        out->additional_version = changes->additional_version;
        out->weight = changes->weight;
    }
    TRY(check_targets(service, function, out, fault));
    enum leat_code code = store(service, function, out, FUNCTION_PART_OLD, before, arena, fault);
    if (code != LEAT_CONDITIONAL_CHECK_FAILED) return code;
    return function_check_revision(SLICE(""), before, "GetAlias", fault); /* changed or deleted meanwhile */
}

enum leat_code function_alias_delete(struct function_service *service, struct leat_slice text, struct leat_slice alias,
                                     struct leat_fault *fault) {
    struct leat_slice function;
    char part[ALIAS_PART_SIZE];
    TRY(function_of(service, text, &function, fault));
    part_of(alias, part);
    return function_part_delete(service, function, slice_text(part), NULL, fault);
}

enum leat_code function_alias_list(struct function_service *service, struct leat_slice text, struct leat_slice version,
                                   struct leat_slice marker, size_t limit, struct arena *arena, struct function_alias_page *out,
                                   struct leat_fault *fault) {
    struct leat_slice function, after = {NULL, 0};
    char part[ALIAS_PART_SIZE];
    struct function_part_page page;
    *out = (struct function_alias_page){0};
    TRY(function_of(service, text, &function, fault));
    if (limit == 0 || limit > ALIAS_PAGE_MAX) limit = ALIAS_PAGE_MAX;
    out->aliases = ARENA_ARRAY(arena, struct function_alias, limit);
    if (out->aliases == NULL) return fault_memory(fault);
    if (marker.data != NULL) {
        part_of(marker, part);
        after = slice_text(part);
    }
    do { /* pages of those that point elsewhere are passed over */
        TRY(function_part_list(service, function, SLICE(ALIAS_PREFIX), after, limit, arena, &page, fault));
        for (size_t i = 0; i < page.count; i++) {
            struct function_alias *alias = &out->aliases[out->count];
            TRY(read_alias(service, function, page.items[i], arena, alias, fault));
            if (version.data == NULL || slice_equal(version, alias->version) || slice_equal(version, alias->additional_version))
                out->count++;
        }
        after = page.next;
    } while (out->count == 0 && after.data != NULL);
    if (after.data != NULL) out->next = slice_of(after.data + sizeof ALIAS_PREFIX - 1, after.size - (sizeof ALIAS_PREFIX - 1));
    return LEAT_OK;
}
