/* The JSON reader on arbitrary bytes: no crash, no overrun, progress at every token; what it accepts is written and read again
 * with the same tokens. */
#include <stdlib.h>

#include "base/json.h"
#include "base/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Copies the document; false when it is refused. */
static bool copy(struct leat_slice text, struct arena *arena, struct buf *out) {
    struct json_reader reader;
    struct json_writer writer;
    size_t tokens = 0;
    json_reader_init(&reader, text, arena);
    json_writer_init(&writer, out);
    for (;;) {
        if (tokens++ > text.size + 1) abort(); /* each token takes a byte at least */
        switch (json_next(&reader)) {
        case JSON_ERROR:
            if (reader.error == NULL || json_offset(&reader) > text.size) abort();
            return false;
        case JSON_END: return true;
        case JSON_OBJECT: json_object(&writer); break;
        case JSON_OBJECT_END: json_object_end(&writer); break;
        case JSON_ARRAY: json_array(&writer); break;
        case JSON_ARRAY_END: json_array_end(&writer); break;
        case JSON_KEY: json_key_slice(&writer, reader.text); break;
        case JSON_STRING: json_string(&writer, reader.text); break;
        case JSON_NUMBER: {
            int64_t integer;
            double real;
            (void)json_integer(&reader, &integer);
            (void)json_double(&reader, &real);
            json_verbatim(&writer, reader.text);
            break;
        }
        case JSON_TRUE: json_bool(&writer, true); break;
        case JSON_FALSE: json_bool(&writer, false); break;
        case JSON_NULL: json_null(&writer); break;
        }
    }
}

/* Skipping must come to the same verdict as reading. */
static void check_skip(struct leat_slice text, struct arena *arena, bool accepted) {
    struct json_reader reader;
    json_reader_init(&reader, text, arena);
    (void)json_next(&reader);
    struct leat_slice raw = json_raw(&reader);
    if ((raw.data != NULL && json_next(&reader) == JSON_END) != accepted) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    struct buf once, twice;
    arena_init(&arena, 1 << 24);
    buf_init(&once, 1 << 24);
    buf_init(&twice, 1 << 24);
    bool accepted = copy(slice_of(data, size), &arena, &once);
    check_skip(slice_of(data, size), &arena, accepted);
    if (accepted && (!copy(buf_view(&once), &arena, &twice) || !slice_equal(buf_view(&once), buf_view(&twice)))) abort();
    arena_fini(&arena);
    buf_fini(&once);
    buf_fini(&twice);
    return 0;
}
