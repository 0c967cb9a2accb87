/* Patterns of FilterCriteria, read and held to AWS's rules. */
#include <stdlib.h>

#include "base/json.h"
#include "base/slice.h"
#include "trigger/filter_inside.h"

enum {
    FILTER_ARENA_BYTES_MAX = 16 * 1024 * 1024, /* ten patterns of 4096 characters need far less */
    SCRATCH_BYTES_MAX = 32 * 1024 * 1024,
    SCRATCH_KEEP_BYTES = 16 * 1024
};

struct compiling {
    struct filter *filter;
    struct json_reader *json;
    bool memory; /* it is memory that is lacking */
};

static void *take(struct compiling *compiling, size_t size) {
    void *piece = arena_zero(&compiling->filter->arena, 1, size);
    if (piece == NULL) compiling->memory = true;
    return piece;
}

/* What the reader has decoded may lie in the criteria's text, which is not kept. */
static bool keep(struct compiling *compiling, struct leat_slice text, struct leat_slice *out) {
    *out = arena_copy(&compiling->filter->arena, text);
    if (out->data == NULL) compiling->memory = true;
    return out->data != NULL;
}

/* ------------------------------------------------------------------ operators */

/* The newest token is the operator's value. false: not a valid one. */
typedef bool (*read_operator)(struct compiling *compiling, struct filter_test *test);

static bool read_text(struct compiling *compiling, struct filter_test *test) {
    return compiling->json->token == JSON_STRING && keep(compiling, compiling->json->text, &test->text);
}

static bool read_exists(struct compiling *compiling, struct filter_test *test) {
    if (compiling->json->token == JSON_FALSE) test->kind = FILTER_MISSING;
    return compiling->json->token == JSON_TRUE || compiling->json->token == JSON_FALSE;
}

static bool read_bound(struct json_reader *json, struct leat_slice comparison, struct filter_test *test) {
    const bool equal = slice_is(comparison, "=");
    const bool lower = slice_is(comparison, ">") || slice_is(comparison, ">=");
    const bool upper = slice_is(comparison, "<") || slice_is(comparison, "<=");
    struct filter_bound bound = {.there = true, .inclusive = equal || comparison.size == 2};
    if (json_next(json) != JSON_NUMBER || !json_double(json, &bound.value)) return false;
    if (equal || lower) test->lower = bound;
    if (equal || upper) test->upper = bound;
    return equal || lower || upper;
}

/* ["=", n], [">", n], ["<", n], or a lower bound and then a greater upper one. */
static bool read_numeric(struct compiling *compiling, struct filter_test *test) {
    struct json_reader *json = compiling->json;
    if (json->token != JSON_ARRAY || json_next(json) != JSON_STRING || !read_bound(json, json->text, test)) return false;
    if (json_next(json) == JSON_ARRAY_END) return true;
    if (json->token != JSON_STRING || test->upper.there || json->text.data[0] != '<') return false;
    return read_bound(json, json->text, test) && test->lower.value < test->upper.value && json_next(json) == JSON_ARRAY_END;
}

/* false: neither text nor number, or not of the same kind as those before. */
static bool read_but_element(struct compiling *compiling, struct filter_test *test) {
    struct json_reader *json = compiling->json;
    enum filter_test_kind kind = json->token == JSON_STRING ? FILTER_BUT_STRINGS : FILTER_BUT_NUMBERS;
    struct filter_but *but = take(compiling, sizeof *but);
    if (but == NULL || (test->but != NULL && test->kind != kind)) return false;
    but->next = test->but;
    test->but = but;
    test->kind = kind;
    if (kind == FILTER_BUT_STRINGS) return keep(compiling, json->text, &but->text);
    return json->token == JSON_NUMBER && json_double(json, &but->number);
}

static bool read_anything_but(struct compiling *compiling, struct filter_test *test) {
    struct json_reader *json = compiling->json;
    if (json->token != JSON_ARRAY) return read_but_element(compiling, test);
    while (json_next(json) != JSON_ARRAY_END) {
        if (!read_but_element(compiling, test)) return false;
    }
    return test->but != NULL;
}

static const struct operator {
    const char *name;
    enum filter_test_kind kind;
    read_operator read;
} operators[] = {
    {"prefix", FILTER_PREFIX, read_text},
    {"suffix", FILTER_SUFFIX, read_text},
    {"equals-ignore-case", FILTER_IGNORE_CASE, read_text},
    {"numeric", FILTER_NUMERIC, read_numeric},
    {"anything-but", FILTER_BUT_STRINGS, read_anything_but},
    {"exists", FILTER_EXISTS, read_exists},
    /* EventBridge's own: known as operators, but not to Lambda */
    {"wildcard", FILTER_STRING, NULL},
    {"cidr", FILTER_STRING, NULL},
    {"exactly", FILTER_STRING, NULL},
    {NULL, FILTER_STRING, NULL},
};

static const struct operator *operator_find(struct leat_slice name) {
    const struct operator *found = operators;
    while (found->name != NULL && !slice_is(name, found->name)) found++;
    return found->name == NULL ? NULL : found;
}

/* An object with one operator. */
static bool read_operation(struct compiling *compiling, struct filter_test *test) {
    struct json_reader *json = compiling->json;
    if (json_next(json) != JSON_KEY) return false;
    const struct operator *operator = operator_find(json->text);
    if (operator == NULL || operator->read == NULL) return false;
    test->kind = operator->kind;
    (void)json_next(json);
    return operator->read(compiling, test) && json_next(json) == JSON_OBJECT_END;
}

/* ------------------------------------------------------------------ leaves */

static bool read_test(struct compiling *compiling, struct filter_test *test) {
    struct json_reader *json = compiling->json;
    switch (json->token) {
    case JSON_STRING: test->kind = FILTER_STRING; return keep(compiling, json->text, &test->text);
    case JSON_NUMBER: test->kind = FILTER_LITERAL; return keep(compiling, json->text, &test->text);
    case JSON_TRUE: test->kind = FILTER_LITERAL; test->text = SLICE("true"); return true;
    case JSON_FALSE: test->kind = FILTER_LITERAL; test->text = SLICE("false"); return true;
    case JSON_NULL: test->kind = FILTER_LITERAL; test->text = SLICE("null"); return true;
    case JSON_OBJECT: return read_operation(compiling, test);
    default: return false;
    }
}

/* A list of alternatives; an empty one is invalid (recorded). */
static bool read_leaf(struct compiling *compiling, struct filter_field *field) {
    while (json_next(compiling->json) != JSON_ARRAY_END) {
        struct filter_test *test = take(compiling, sizeof *test);
        if (test == NULL || !read_test(compiling, test)) return false;
        test->next = field->tests;
        field->tests = test;
    }
    return field->tests != NULL;
}

/* ------------------------------------------------------------------ objects */

static bool read_object(struct compiling *compiling, struct filter_object *object);

/* A name that comes twice: the last one counts. */
static struct filter_field *field_of(struct compiling *compiling, struct filter_object *object, struct leat_slice name) {
    for (struct filter_field *field = object->fields; field != NULL; field = field->next) {
        if (!slice_equal(field->name, name)) continue;
        field->object = NULL;
        field->tests = NULL;
        return field;
    }
    struct filter_field *field = take(compiling, sizeof *field);
    if (field == NULL || !keep(compiling, name, &field->name)) return NULL;
    field->next = object->fields;
    object->fields = field;
    object->field_count++;
    return field;
}

/* "$or" is an operator when it is a list of two objects or more without names of operators; else it is a field's name. The
 * reader stands on the list's begin; a copy of it looks ahead. */
static bool is_or(const struct compiling *compiling) {
    struct json_reader ahead = *compiling->json;
    size_t count = 0;
    while (json_next(&ahead) == JSON_OBJECT) {
        for (count++; json_next(&ahead) == JSON_KEY; (void)json_skip(&ahead)) {
            if (operator_find(ahead.text) != NULL) return false;
            (void)json_next(&ahead);
        }
    }
    return ahead.token == JSON_ARRAY_END && count >= 2;
}

static bool read_or(struct compiling *compiling, struct filter_object *object) {
    struct filter_or *or = take(compiling, sizeof *or);
    if (or == NULL) return false;
    while (json_next(compiling->json) == JSON_OBJECT) {
        struct filter_object *alternative = take(compiling, sizeof *alternative);
        if (alternative == NULL || !read_object(compiling, alternative)) return false;
        alternative->next = or->alternatives;
        or->alternatives = alternative;
    }
    or->next = object->ors;
    object->ors = or;
    return compiling->json->token == JSON_ARRAY_END;
}

static bool read_field(struct compiling *compiling, struct filter_object *object, struct leat_slice name) {
    struct json_reader *json = compiling->json;
    enum json_token token = json_next(json);
    if (token == JSON_ARRAY && slice_is(name, "$or") && is_or(compiling)) return read_or(compiling, object);
    struct filter_field *field = field_of(compiling, object, name);
    if (field == NULL) return false;
    if (token == JSON_ARRAY) return read_leaf(compiling, field);
    if (token != JSON_OBJECT) return false; /* a leaf must be a list (recorded) */
    field->object = take(compiling, sizeof *field->object);
    return field->object != NULL && read_object(compiling, field->object);
}

/* The newest token is its begin. Nested no deeper than the reader goes. */
static bool read_object(struct compiling *compiling, struct filter_object *object) {
    struct json_reader *json = compiling->json;
    while (json_next(json) == JSON_KEY) {
        if (!read_field(compiling, object, json->text)) return false;
    }
    return json->token == JSON_OBJECT_END && (object->fields != NULL || object->ors != NULL);
}

/* ------------------------------------------------------------------ criteria */

static bool read_pattern(struct compiling *compiling, struct leat_slice text) {
    struct json_reader json, *outer = compiling->json;
    struct filter_object *pattern = take(compiling, sizeof *pattern);
    json_reader_init(&json, text, &compiling->filter->arena);
    compiling->json = &json;
    bool good = pattern != NULL && json_next(&json) == JSON_OBJECT && read_object(compiling, pattern) && json_next(&json) == JSON_END;
    compiling->json = outer;
    if (json.error == json_error_memory) compiling->memory = true;
    if (!good) return false;
    pattern->next = compiling->filter->patterns;
    compiling->filter->patterns = pattern;
    return true;
}

static bool read_filter(struct compiling *compiling) {
    struct json_reader *json = compiling->json;
    bool good = false;
    if (json->token != JSON_OBJECT) return false;
    while (json_next(json) == JSON_KEY) {
        bool pattern = slice_is(json->text, "Pattern");
        (void)json_next(json);
        if (pattern) good = json->token == JSON_STRING && read_pattern(compiling, json->text);
        if (!json_skip(json) || (pattern && !good)) return false;
    }
    return good;
}

static bool read_criteria(struct compiling *compiling) {
    struct json_reader *json = compiling->json;
    if (json_next(json) != JSON_OBJECT) return false;
    while (json_next(json) == JSON_KEY) {
        bool filters = slice_is(json->text, "Filters");
        enum json_token token = json_next(json);
        if (!filters) {
            (void)json_skip(json);
            continue;
        }
        if (token != JSON_ARRAY) return false;
        while (json_next(json) != JSON_ARRAY_END) {
            if (!read_filter(compiling)) return false;
        }
    }
    return json->token == JSON_OBJECT_END && json_next(json) == JSON_END;
}

enum leat_code filter_new(struct leat_slice criteria, struct filter **out, struct leat_fault *fault) {
    struct json_reader json;
    struct compiling compiling = {.filter = calloc(1, sizeof *compiling.filter), .json = &json};
    *out = NULL;
    if (compiling.filter == NULL) return fault_memory(fault);
    arena_init(&compiling.filter->arena, FILTER_ARENA_BYTES_MAX);
    arena_init(&compiling.filter->scratch, SCRATCH_BYTES_MAX);
    compiling.filter->scratch.keep = SCRATCH_KEEP_BYTES;
    json_reader_init(&json, criteria, &compiling.filter->arena);
    bool good = read_criteria(&compiling);
    if (good && compiling.filter->patterns != NULL) {
        *out = compiling.filter;
        return LEAT_OK;
    }
    filter_free(compiling.filter);
    if (good) return LEAT_OK;
    if (compiling.memory || json.error == json_error_memory) return fault_memory(fault);
    return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "Invalid filter pattern definition.");
}

void filter_free(struct filter *filter) {
    if (filter == NULL) return;
    arena_fini(&filter->arena);
    arena_fini(&filter->scratch);
    free(filter);
}
