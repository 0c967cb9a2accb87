/* A record against a compiled filter. The record's JSON is looked at where it lies; of an object the values that the pattern
 * names are found first, and then asked. */
#include "base/json.h"
#include "base/slice.h"
#include "trigger/filter_inside.h"

struct matching {
    struct arena *scratch;
    bool failed; /* no memory */
};

static void begin(struct matching *matching, struct json_reader *json, struct leat_slice value) {
    json_reader_init(json, value, matching->scratch);
    if (json_next(json) == JSON_ERROR) matching->failed = true;
}

/* ------------------------------------------------------------------ leaves */

static uint8_t lower(uint8_t letter) { return letter >= 'A' && letter <= 'Z' ? (uint8_t)(letter + ('a' - 'A')) : letter; }

/* The letters of ASCII alone have two cases here. */
static bool same_ignoring_case(struct leat_slice a, struct leat_slice b) {
    if (a.size != b.size) return false;
    for (size_t i = 0; i < a.size; i++) {
        if (lower(a.data[i]) != lower(b.data[i])) return false;
    }
    return true;
}

static bool ends_with(struct leat_slice text, struct leat_slice end) {
    return text.size >= end.size && slice_equal(slice_of(text.data + (text.size - end.size), end.size), end);
}

static bool within(const struct filter_test *test, double value) {
    if (test->lower.there && (test->lower.inclusive ? value < test->lower.value : value <= test->lower.value)) return false;
    return !test->upper.there || (test->upper.inclusive ? value <= test->upper.value : value < test->upper.value);
}

static bool in_list(const struct filter_test *test, const struct json_reader *json) {
    double number = 0;
    bool numbers = test->kind == FILTER_BUT_NUMBERS;
    if (json->token != (numbers ? JSON_NUMBER : JSON_STRING) || (numbers && !json_double(json, &number))) return false;
    for (const struct filter_but *but = test->but; but != NULL; but = but->next) {
        if (numbers ? but->number == number : slice_equal(but->text, json->text)) return true;
    }
    return false;
}

static struct leat_slice literal_of(const struct json_reader *json) {
    switch (json->token) {
    case JSON_NUMBER: return json->text;
    case JSON_TRUE: return SLICE("true");
    case JSON_FALSE: return SLICE("false");
    case JSON_NULL: return SLICE("null");
    default: return slice_of(NULL, 0);
    }
}

/* The reader's newest token is a scalar. */
static bool scalar_passes(const struct filter_test *test, const struct json_reader *json) {
    bool text = json->token == JSON_STRING;
    double number;
    switch (test->kind) {
    case FILTER_STRING: return text && slice_equal(json->text, test->text);
    case FILTER_LITERAL: return !text && slice_equal(literal_of(json), test->text);
    case FILTER_PREFIX: return text && slice_starts(json->text, test->text);
    case FILTER_SUFFIX: return text && ends_with(json->text, test->text);
    case FILTER_IGNORE_CASE: return text && same_ignoring_case(json->text, test->text);
    case FILTER_NUMERIC: return json->token == JSON_NUMBER && json_double(json, &number) && within(test, number);
    case FILTER_BUT_STRINGS:
    case FILTER_BUT_NUMBERS: return !in_list(test, json);
    case FILTER_EXISTS: return true;
    case FILTER_MISSING: return false;
    }
    return false;
}

/* Goes through the scalars of a value: itself, or those of a list. *leaf: there is one at all. */
static bool leaves_pass(struct json_reader *json, const struct filter_test *tests, bool *leaf) {
    bool passes = false;
    for (unsigned depth = 0;; (void)json_next(json)) {
        if (json->token == JSON_ARRAY) {
            depth++;
        } else if (json->token == JSON_ARRAY_END) {
            depth--;
        } else if (json->token == JSON_OBJECT) {
            (void)json_skip(json); /* not a leaf */
        } else if (json->token != JSON_ERROR && json->token != JSON_END) {
            *leaf = true;
            for (const struct filter_test *test = tests; test != NULL && !passes; test = test->next) passes = scalar_passes(test, json);
        }
        if (depth == 0 || json->token == JSON_ERROR) return passes;
    }
}

/* value: absent when the record has none. */
static bool leaf_passes(struct matching *matching, const struct filter_test *tests, struct leat_slice value) {
    struct json_reader json;
    bool leaf = false, passes = false;
    if (value.data != NULL) {
        begin(matching, &json, value);
        passes = leaves_pass(&json, tests, &leaf);
    }
    for (const struct filter_test *test = tests; test != NULL && !leaf; test = test->next) passes |= test->kind == FILTER_MISSING;
    return passes;
}

/* ------------------------------------------------------------------ objects */

static bool object_passes(struct matching *matching, const struct filter_object *object, struct leat_slice value);

/* The values of the pattern's fields, in its order; absent ones stay so. */
static struct leat_slice *find_values(struct matching *matching, const struct filter_object *object, struct json_reader *json) {
    struct leat_slice *values = ARENA_ARRAY(matching->scratch, struct leat_slice, object->field_count + 1);
    if (values == NULL) return NULL;
    if (json->token != JSON_OBJECT) return values;
    while (json_next(json) == JSON_KEY) {
        size_t at = 0;
        const struct filter_field *field = object->fields;
        for (; field != NULL && !slice_equal(field->name, json->text); field = field->next) at++;
        (void)json_next(json);
        if (field != NULL) values[at] = json_raw(json);
        else (void)json_skip(json);
    }
    return values;
}

static bool fields_pass(struct matching *matching, const struct filter_object *object, const struct leat_slice *values) {
    size_t at = 0;
    for (const struct filter_field *field = object->fields; field != NULL; field = field->next, at++) {
        bool passes = field->object != NULL ? object_passes(matching, field->object, values[at])
                                            : leaf_passes(matching, field->tests, values[at]);
        if (!passes) return false;
    }
    return true;
}

static bool ors_pass(struct matching *matching, const struct filter_object *object, struct leat_slice value) {
    for (const struct filter_or *or = object->ors; or != NULL; or = or->next) {
        const struct filter_object *alternative = or->alternatives;
        while (alternative != NULL && !object_passes(matching, alternative, value)) alternative = alternative->next;
        if (alternative == NULL) return false;
    }
    return true;
}

/* One of the list's elements has all the fields. An empty list is as if nothing was there. */
static bool list_passes(struct matching *matching, const struct filter_object *object, struct json_reader *json) {
    bool empty = true;
    while (json_next(json) != JSON_ARRAY_END && json->token != JSON_ERROR) {
        empty = false;
        if (object_passes(matching, object, json_raw(json))) return true;
    }
    return empty && object_passes(matching, object, slice_of(NULL, 0));
}

static bool object_passes(struct matching *matching, const struct filter_object *object, struct leat_slice value) {
    struct json_reader json = {.token = JSON_NULL};
    if (value.data != NULL) begin(matching, &json, value);
    if (json.token == JSON_ARRAY) return list_passes(matching, object, &json);
    struct leat_slice *values = find_values(matching, object, &json);
    if (values == NULL) matching->failed = true;
    return values != NULL && fields_pass(matching, object, values) && ors_pass(matching, object, value);
}

bool filter_passes(struct filter *filter, struct leat_slice record) {
    if (filter == NULL) return true;
    struct matching matching = {.scratch = &filter->scratch};
    bool passes = false;
    for (const struct filter_object *pattern = filter->patterns; pattern != NULL && !passes; pattern = pattern->next) {
        passes = object_passes(&matching, pattern, record);
    }
    arena_reset(&filter->scratch);
    return passes || matching.failed;
}
