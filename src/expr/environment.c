#include <stdlib.h>

#include "expr/parser.h"

/* One entry of names or values. They come in byte order of their keys, as the encoding has them. */
struct expr_binding {
    struct leat_slice key;
    struct item_value value;
};

static bool key_valid(struct leat_slice key, uint8_t first) {
    if (key.size < 2 || key.data[0] != first) return false;
    for (size_t i = 1; i < key.size; i++) {
        uint8_t byte = key.data[i];
        bool word =
            (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_';
        if (!word) return false;
    }
    return true;
}

/* The fields of the environment that belong to names, or to values. */
struct side {
    const char *parameter; /* of the request */
    uint8_t sign;          /* that its keys begin with */
    struct leat_slice given;
    const struct expr_binding **bindings;
    bool **used;
    size_t *count;
};

static enum leat_code bind_side(struct arena *arena, const struct side *side, struct leat_fault *fault) {
    if (side->given.data == NULL) return LEAT_OK;
    struct item_value all = {.type = ITEM_M, .payload = side->given};
    size_t count = item_count(&all);
    if (count == 0) return fault_set(fault, LEAT_VALIDATION, "%s must not be empty", side->parameter);
    struct expr_binding *bindings = ARENA_ARRAY(arena, struct expr_binding, count);
    *side->used = ARENA_ARRAY(arena, bool, count);
    if (bindings == NULL || *side->used == NULL) return fault_memory(fault);
    struct item_iterator iterator = item_iterate(side->given);
    size_t i = 0;
    for (; i < count && item_map_next(&iterator, &bindings[i].key, &bindings[i].value); i++) {
        if (bindings[i].key.size > EXPR_KEY_MAX)
            return fault_set(fault, LEAT_VALIDATION,
                             "%s contains invalid key: The expression attribute map contains a key that is too long; size of key: %zu",
                             side->parameter, bindings[i].key.size);
        if (key_valid(bindings[i].key, side->sign)) continue;
        return fault_set(fault, LEAT_VALIDATION, "%s contains invalid key: Syntax error; key: \"%.*s\"",
                         side->parameter, SLICE_FORMAT(bindings[i].key));
    }
    *side->bindings = bindings;
    *side->count = i;
    return LEAT_OK;
}

static enum leat_code check_names(const struct expr_environment *environment, struct leat_fault *fault) {
    for (size_t i = 0; i < environment->names_count; i++) {
        const struct expr_binding *binding = &environment->name_bindings[i];
        if (binding->value.payload.size > ITEM_NAME_MAX) return fault_set(fault, LEAT_VALIDATION, ITEM_NAME_WORDS);
        if (binding->value.type == ITEM_S && binding->value.payload.size > 0) continue;
        return fault_set(fault, LEAT_VALIDATION,
                         "ExpressionAttributeNames contains invalid value: Empty attribute name for key %.*s",
                         SLICE_FORMAT(binding->key));
    }
    return LEAT_OK;
}

enum leat_code expr_environment_init(struct expr_environment *environment, struct arena *arena, struct leat_slice names,
                                     struct leat_slice values, struct leat_fault *fault) {
    *environment = (struct expr_environment){.arena = arena, .names = names, .values = values};
    TRY(bind_side(arena,
                  &(struct side){"ExpressionAttributeNames", '#', names, &environment->name_bindings,
                                 &environment->names_used, &environment->names_count},
                  fault));
    TRY(check_names(environment, fault));
    return bind_side(arena,
                     &(struct side){"ExpressionAttributeValues", ':', values, &environment->value_bindings,
                                    &environment->values_used, &environment->values_count},
                     fault);
}

/* "<parameter> can only be ..." for requests that have no expression */
static enum leat_code unneeded(const char *parameter, const char *without, struct leat_fault *fault) {
    return fault_set(fault, LEAT_VALIDATION, "%s can only be specified when using expressions%s%s", parameter,
                     without != NULL ? ": " : "", without != NULL ? without : "");
}

enum leat_code expr_environment_unneeded(struct leat_slice names, struct leat_slice values, const char *without,
                                         struct leat_fault *fault) {
    if (names.data != NULL) return unneeded("ExpressionAttributeNames", NULL, fault);
    if (values.data != NULL) return unneeded("ExpressionAttributeValues", without, fault);
    return LEAT_OK;
}

static enum leat_code check_used(struct arena *arena, const char *parameter, const struct expr_binding *bindings,
                                 const bool *used, size_t count, struct leat_fault *fault) {
    struct leat_slice unused = {NULL, 0};
    for (size_t i = 0; i < count; i++) {
        if (used[i] || unused.size >= sizeof fault->message) continue; /* the message is cut there */
        unused = arena_print(arena, "%.*s%s%.*s", SLICE_FORMAT(unused), unused.data != NULL ? ", " : "",
                             SLICE_FORMAT(bindings[i].key));
        if (unused.data == NULL) return fault_memory(fault);
    }
    if (unused.data == NULL) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION, "Value provided in %s unused in expressions: keys: {%.*s}", parameter,
                     SLICE_FORMAT(unused));
}

static size_t bindings_bytes(const struct expr_binding *bindings, size_t count) {
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) bytes += bindings[i].key.size + item_value_size(&bindings[i].value);
    return bytes;
}

/* The encoding is no shorter than the sizes that count, so that most need not be summed up. */
static enum leat_code check_variables(const struct expr_environment *environment, struct leat_fault *fault) {
    if (environment->names.size + environment->values.size <= EXPR_VARIABLES_BYTES_MAX || environment->generated) return LEAT_OK;
    size_t bytes = bindings_bytes(environment->name_bindings, environment->names_count) +
                   bindings_bytes(environment->value_bindings, environment->values_count);
    if (bytes <= EXPR_VARIABLES_BYTES_MAX) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION,
                     "ExpressionAttributeNames and ExpressionAttributeValues have exceeded the maximum allowed size of %d bytes: %zu",
                     EXPR_VARIABLES_BYTES_MAX, bytes);
}

enum leat_code expr_environment_finish(struct expr_environment *environment, bool any, struct leat_fault *fault) {
    if (!any) return expr_environment_unneeded(environment->names, environment->values, NULL, fault);
    TRY(check_variables(environment, fault));
    TRY(check_used(environment->arena, "ExpressionAttributeNames", environment->name_bindings, environment->names_used,
                   environment->names_count, fault));
    return check_used(environment->arena, "ExpressionAttributeValues", environment->value_bindings,
                      environment->values_used, environment->values_count, fault);
}

static int compare(const void *key, const void *binding) {
    return slice_compare(*(const struct leat_slice *)key, ((const struct expr_binding *)binding)->key);
}

/* The value bound to key, which is marked as used; NULL when there is none. */
static const struct item_value *find(const struct expr_binding *bindings, bool *used, size_t count,
                                     struct leat_slice key) {
    if (count == 0) return NULL;
    const struct expr_binding *found = bsearch(&key, bindings, count, sizeof *bindings, compare);
    if (found == NULL) return NULL;
    used[found - bindings] = true;
    return &found->value;
}

bool expr_environment_name(struct expr_environment *environment, struct leat_slice alias, struct leat_slice *out) {
    const struct item_value *value =
        find(environment->name_bindings, environment->names_used, environment->names_count, alias);
    if (value == NULL) return false;
    *out = value->payload;
    return true;
}

bool expr_environment_value(struct expr_environment *environment, struct leat_slice parameter, struct item_value *out) {
    const struct item_value *value =
        find(environment->value_bindings, environment->values_used, environment->values_count, parameter);
    if (value == NULL) return false;
    *out = *value;
    return true;
}
