/* The settings of a configuration that are kept as JSON texts. */
#include "base/json.h"
#include "base/slice.h"
#include "function/log.h"
#include "function/service.h"
#include "item/value.h"

struct leat_slice function_setting(const struct function_configuration *configuration, const char *name) {
    struct item_value value;
    if (configuration->settings.data == NULL || !item_find(configuration->settings, slice_text(name), &value))
        return (struct leat_slice){NULL, 0};
    return value.payload;
}

struct leat_slice function_json_text(struct leat_slice json, const char *name, struct arena *arena) {
    struct json_reader reader;
    struct leat_slice none = {NULL, 0};
    if (json.data == NULL) return none;
    json_reader_init(&reader, json, arena);
    if (json_next(&reader) != JSON_OBJECT) return none;
    while (json_next(&reader) == JSON_KEY) {
        bool found = slice_is(reader.text, name);
        enum json_token token = json_next(&reader);
        if (found) return token == JSON_STRING ? arena_copy(arena, reader.text) : none;
        if (!json_skip(&reader)) break;
    }
    return none;
}

struct leat_slice function_log_group(const struct function_configuration *configuration, struct arena *arena) {
    struct leat_slice group = function_json_text(function_setting(configuration, "LoggingConfig"), "LogGroup", arena);
    char path[FUNCTION_LOG_PATH_SIZE];
    if (group.data != NULL && function_log_path("", group, path)) return group;
    return arena_print(arena, FUNCTION_LOG_PREFIX "%.*s", SLICE_FORMAT(configuration->name));
}
