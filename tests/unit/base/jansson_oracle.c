#include "jansson_oracle.h"

#include <jansson.h>

static json_t *load(struct leat_slice text, json_error_t *error) {
    return json_loadb((const char *)text.data, text.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, error);
}

enum jansson_verdict jansson_judge(struct leat_slice text) {
    json_error_t error;
    json_t *value = load(text, &error);
    json_decref(value);
    if (value != NULL) return JANSSON_ACCEPTS;
    enum json_error_code code = json_error_code(&error);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ? JANSSON_UNSURE : JANSSON_REFUSES;
}

bool jansson_equal(struct leat_slice a, struct leat_slice b) {
    json_error_t error;
    json_t *value_a = load(a, &error), *value_b = load(b, &error);
    bool equal = value_a != NULL && value_b != NULL && json_equal(value_a, value_b);
    json_decref(value_a);
    json_decref(value_b);
    return equal;
}
