/* Filter patterns and records: arbitrary bytes, cut in two at the first line's end. No crash, no overrun; the same pattern gives the
 * same verdict twice; a record that passes one of two patterns passes them both together. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/slice.h"
#include "trigger/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char any_of_a[] = "{\"a\":[{\"exists\":true}]}";

static struct filter *compile(struct leat_slice pattern, bool with_other) {
    struct buf text;
    struct json_writer json;
    struct filter *filter = NULL;
    struct leat_fault fault;
    buf_init(&text, 1 << 20);
    json_writer_init(&json, &text);
    json_verbatim(&json, SLICE("{\"Filters\":[{\"Pattern\":"));
    json.comma = false;
    json_string(&json, pattern);
    if (with_other) {
        json.comma = false;
        json_verbatim(&json, SLICE("},{\"Pattern\":"));
        json.comma = false;
        json_text(&json, any_of_a);
    }
    json.comma = false;
    json_verbatim(&json, SLICE("}]}"));
    if (filter_new(buf_view(&text), &filter, &fault) != LEAT_OK) filter = NULL;
    buf_fini(&text);
    return filter;
}

static bool is_json(struct leat_slice text, struct arena *arena) {
    struct json_reader json;
    json_reader_init(&json, text, arena);
    return json_next(&json) != JSON_ERROR && json_skip(&json) && json_next(&json) == JSON_END;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *line = size == 0 ? NULL : memchr(data, '\n', size);
    struct arena arena;
    if (line == NULL) return 0;
    struct leat_slice pattern = slice_of(data, (size_t)(line - data)), record = slice_of(line + 1, size - pattern.size - 1);
    arena_init(&arena, 1 << 20);
    struct filter *filter = compile(pattern, false), *both = filter == NULL ? NULL : compile(pattern, true);
    if (filter != NULL && is_json(record, &arena)) {
        bool passes = filter_passes(filter, record);
        if (passes != filter_passes(filter, record)) abort();
        if (both == NULL || (passes && !filter_passes(both, record))) abort();
    }
    filter_free(filter);
    filter_free(both);
    arena_fini(&arena);
    return 0;
}
