#include "transfer/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "item/item_json.h"
#include "transfer/csv.h"
#include "transfer/ion.h"
#include "transfer/split.h"

enum { WINDOW_BYTES_FIRST = 256 * 1024, ARENA_BYTES_MAX = 128 << 20, ITEM_BYTES_MAX = READER_ITEM_BYTES_MAX };

/*   window:   [ used | item under way | not looked at | room ]
 *                    split.begin      split.at        size     capacity */
struct reader {
    struct reader_options options;
    struct inflow *inflow;
    struct split split;
    uint8_t *window;
    size_t size, capacity;
    uint64_t gone;   /* bytes of text that were in front of the window */
    uint64_t offset; /* behind the newest item */
    bool ended;      /* all text is in the window */
    bool broken;     /* nothing more comes */
    bool header_known;
    struct csv_row header;
    struct arena arena, header_arena;
    struct buf item;
};

enum leat_code reader_new(int fd, const struct reader_options *options, struct reader **out, struct leat_fault *fault) {
    struct reader *reader = calloc(1, sizeof *reader);
    struct inflow *inflow = NULL;
    enum leat_code code = inflow_new(fd, options->compression, &inflow, fault);
    if (code != LEAT_OK || reader == NULL) {
        inflow_free(inflow);
        free(reader);
        return code != LEAT_OK ? code : fault_memory(fault);
    }
    reader->options = *options;
    if (reader->options.delimiter == 0) reader->options.delimiter = ',';
    reader->inflow = inflow;
    split_init(&reader->split, options->format, reader->options.delimiter);
    arena_init(&reader->arena, ARENA_BYTES_MAX);
    arena_init(&reader->header_arena, ARENA_BYTES_MAX);
    buf_init(&reader->item, ITEM_BYTES_MAX);
    if (options->header_count > 0) {
        reader->header = (struct csv_row){(struct leat_slice *)(uintptr_t)options->headers, options->header_count}; /* only read */
        reader->header_known = true;
    }
    *out = reader;
    return LEAT_OK;
}

void reader_free(struct reader *reader) {
    if (reader == NULL) return;
    inflow_free(reader->inflow);
    arena_fini(&reader->arena);
    arena_fini(&reader->header_arena);
    buf_fini(&reader->item);
    free(reader->window);
    free(reader);
}

uint64_t reader_offset(const struct reader *reader) { return reader->offset; }

/* ---- the window ---- */

/* Forgets what was used; makes room when the item under way fills everything. */
static enum leat_code make_room(struct reader *reader, struct leat_fault *fault) {
    if (reader->split.begin > 0) {
        memmove(reader->window, reader->window + reader->split.begin, reader->size - reader->split.begin);
        reader->size -= reader->split.begin;
        reader->gone += reader->split.begin;
        split_moved(&reader->split);
    }
    if (reader->size < reader->capacity) return LEAT_OK;
    if (reader->capacity >= READER_ITEM_BYTES_MAX)
        return fault_set(fault, LEAT_SERIALIZATION, "An item is longer than %d bytes of text", READER_ITEM_BYTES_MAX);
    size_t capacity = reader->capacity == 0 ? WINDOW_BYTES_FIRST : 2 * reader->capacity;
    uint8_t *window = realloc(reader->window, capacity);
    if (window == NULL) return fault_memory(fault);
    reader->window = window;
    reader->capacity = capacity;
    return LEAT_OK;
}

static const char byte_order_mark[] = "\xef\xbb\xbf";

static enum leat_code fill(struct reader *reader, struct leat_fault *fault) {
    size_t got;
    TRY(make_room(reader, fault));
    TRY(inflow_read(reader->inflow, reader->window + reader->size, reader->capacity - reader->size, &got, fault));
    reader->size += got;
    reader->ended = got == 0;
    if (reader->gone + reader->split.at == 0 && slice_starts(slice_of(reader->window, reader->size), slice_text(byte_order_mark))) {
        reader->split.at = sizeof byte_order_mark - 1;
        split_taken(&reader->split);
    }
    return LEAT_OK;
}

static enum reader_result result_of(enum leat_code code) {
    if (code == LEAT_SERIALIZATION) return READER_BROKEN;
    return code == LEAT_VALIDATION ? READER_WRONG : READER_FAILED;
}

/* The next item's text. READER_ITEM, END, BROKEN or FAILED. */
static enum reader_result next_text(struct reader *reader, struct leat_slice *text, struct leat_fault *fault) {
    split_taken(&reader->split);
    for (;;) {
        switch (split_next(&reader->split, slice_of(reader->window, reader->size), reader->ended)) {
        case SPLIT_ITEM:
            *text = slice_of(reader->window + reader->split.begin, reader->split.at - reader->split.begin);
            reader->offset = reader->gone + reader->split.at;
            return READER_ITEM;
        case SPLIT_BROKEN:
            (void)fault_set(fault, LEAT_SERIALIZATION, "The object is not in the format %s: byte %llu",
                            transfer_format_name(reader->options.format), (unsigned long long)(reader->gone + reader->split.at));
            return READER_BROKEN;
        case SPLIT_MORE: break;
        }
        if (reader->ended && split_unfinished(&reader->split)) {
            (void)fault_set(fault, LEAT_SERIALIZATION, "The object ends inside an item");
            return READER_BROKEN;
        }
        reader->offset = reader->gone + reader->split.begin;
        if (reader->ended) return READER_END;
        enum leat_code code = fill(reader, fault);
        if (code != LEAT_OK) return result_of(code);
    }
}

/* ---- from text to item ---- */

static enum leat_code json_fault(const struct json_reader *json, struct leat_fault *fault) {
    if (json->error == json_error_memory) return fault_memory(fault);
    return fault_set(fault, LEAT_SERIALIZATION, "%s", json->error);
}

/* JSON of the wrong shape is one item's fault; what is not JSON breaks the file. */
static enum leat_code json_item(struct json_reader *json, struct buf *out, struct leat_fault *fault) {
    if (json_next(json) == JSON_ERROR) return json_fault(json, fault);
    if (json->token != JSON_OBJECT) return fault_set(fault, LEAT_VALIDATION, "The Item of the record is not an object");
    enum leat_code code = item_from_json(json, out, fault);
    if (json->token == JSON_ERROR) return json_fault(json, fault);
    return code == LEAT_SERIALIZATION ? LEAT_VALIDATION : code;
}

static enum leat_code read_json(struct reader *reader, struct leat_slice text, struct leat_fault *fault) {
    struct json_reader json;
    bool found = false;
    json_reader_init(&json, text, &reader->arena);
    (void)json_next(&json); /* the object: that is where the text was cut */
    while (json_next(&json) == JSON_KEY) {
        if (slice_is(json.text, "Item") && !found) {
            TRY(json_item(&json, &reader->item, fault));
            found = true;
        } else if (json_next(&json) == JSON_ERROR || !json_skip(&json)) {
            break;
        }
    }
    if (json.token == JSON_ERROR) return json_fault(&json, fault);
    return found ? LEAT_OK : fault_set(fault, LEAT_VALIDATION, "The record has no Item");
}

static enum leat_code read_csv(struct reader *reader, struct leat_slice text, struct leat_fault *fault) {
    struct csv_row row;
    TRY(csv_parse(text, reader->options.delimiter, &reader->arena, &row, fault));
    return csv_item(&reader->header, &row, reader->options.attributes, reader->options.attribute_count, &reader->arena, &reader->item,
                    fault);
}

static enum leat_code read_item(struct reader *reader, struct leat_slice text, struct leat_fault *fault) {
    arena_reset(&reader->arena);
    buf_clear(&reader->item);
    switch (reader->options.format) {
    case TRANSFER_DYNAMODB_JSON: return read_json(reader, text, fault);
    case TRANSFER_ION: return ion_read_item(text, &reader->arena, &reader->item, fault);
    default: return read_csv(reader, text, fault);
    }
}

/* The first line names the columns; a file without it has no columns and no items. */
static enum reader_result read_header(struct reader *reader, struct leat_fault *fault) {
    struct leat_slice text;
    enum reader_result result = next_text(reader, &text, fault);
    if (result != READER_ITEM) return result;
    text = arena_copy(&reader->header_arena, text);
    if (text.data == NULL) {
        (void)fault_memory(fault);
        return READER_FAILED;
    }
    enum leat_code code = csv_parse(text, reader->options.delimiter, &reader->header_arena, &reader->header, fault);
    reader->header_known = true;
    if (code == LEAT_OK) return READER_ITEM;
    return code == LEAT_VALIDATION ? READER_BROKEN : READER_FAILED;
}

static bool blank_line(const struct reader *reader, struct leat_slice text) {
    return reader->options.format == TRANSFER_CSV && (slice_is(text, "\n") || slice_is(text, "\r\n"));
}

static enum reader_result next_item(struct reader *reader, struct leat_slice *item, struct leat_fault *fault) {
    struct leat_slice text;
    enum reader_result result = READER_ITEM;
    if (reader->options.format == TRANSFER_CSV && !reader->header_known) result = read_header(reader, fault);
    if (result != READER_ITEM) return result;
    do result = next_text(reader, &text, fault);
    while (result == READER_ITEM && blank_line(reader, text));
    if (result != READER_ITEM) return result;
    enum leat_code code = read_item(reader, text, fault);
    if (code == LEAT_OK && !buf_ok(&reader->item)) code = fault_memory(fault);
    if (code != LEAT_OK) return result_of(code);
    *item = buf_view(&reader->item);
    return READER_ITEM;
}

enum reader_result reader_next(struct reader *reader, struct leat_slice *item, struct leat_fault *fault) {
    if (reader->broken) return READER_END;
    enum reader_result result = next_item(reader, item, fault);
    reader->broken = result == READER_BROKEN;
    return result;
}

enum reader_result reader_skip(struct reader *reader, uint64_t offset, struct leat_fault *fault) {
    enum reader_result result = READER_ITEM;
    if (reader->options.format == TRANSFER_CSV && !reader->header_known && offset > 0) result = read_header(reader, fault);
    while (result == READER_ITEM && reader->gone + reader->size < offset && !reader->ended) {
        reader->split.at = reader->split.begin = reader->size;
        enum leat_code code = fill(reader, fault);
        if (code != LEAT_OK) return result_of(code);
    }
    if (result != READER_ITEM || reader->gone + reader->size < offset) return result == READER_ITEM ? READER_END : result;
    if (reader->gone + reader->split.at < offset) reader->split.at = (size_t)(offset - reader->gone);
    split_taken(&reader->split);
    reader->offset = offset;
    return READER_ITEM;
}
