#include "cmd/answer.h"

#include "base/json.h"
#include "base/slice.h"

/* Moves to the value of a member of the object that has just begun. */
static bool enter(struct json_reader *json, const char *name) {
    while (json_next(json) == JSON_KEY) {
        bool wanted = slice_is(json->text, name);
        if (json_next(json) == JSON_ERROR) return false;
        if (wanted) return true;
        if (!json_skip(json)) return false;
    }
    return false;
}

struct leat_slice cmd_answer_find(struct leat_slice text, struct arena *arena, const char *const names[]) {
    const struct leat_slice none = {NULL, 0};
    struct json_reader json;
    json_reader_init(&json, text, arena);
    enum json_token token = json_next(&json);
    for (size_t i = 0; names[i] != NULL; i++) {
        if (token != JSON_OBJECT || !enter(&json, names[i])) return none;
        token = json.token;
    }
    if (token == JSON_STRING || token == JSON_NUMBER) return json.text;
    return token == JSON_OBJECT || token == JSON_ARRAY ? json_raw(&json) : none;
}

uint64_t cmd_answer_number(struct leat_slice text) {
    uint64_t number = 0;
    for (size_t i = 0; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++) number = 10 * number + (text.data[i] - '0');
    return number;
}
