/* Reading Ion text. One function per kind of value; ion_write.c goes the other way, ion_text.c has the pieces. */
#include "base/slice.h"
#include "item/value.h"
#include "transfer/ion.h"
#include "transfer/ion_text.h"

struct reading {
    struct ion_text text;
    struct buf *out;
};

static enum leat_code invalid(struct reading *reading, const char *words) {
    return fault_set(reading->text.fault, LEAT_VALIDATION, "%s", words);
}

static enum leat_code memory_unless(struct reading *reading, bool fine) { return fine ? LEAT_OK : fault_memory(reading->text.fault); }

static enum leat_code read_value(struct reading *reading, unsigned depth);

/* ---- names and annotations ---- */

/* A name in any of the four ways to write one; absent when something else stands there. */
static enum leat_code read_name(struct ion_text *text, struct leat_slice *name) {
    *name = (struct leat_slice){NULL, 0};
    if (ion_take(text, "'''")) return ion_quoted(text, "'''", name);
    if (ion_take(text, "'")) return ion_quoted(text, "'", name);
    if (ion_take(text, "\"")) return ion_quoted(text, "\"", name);
    *name = ion_identifier(text);
    if (name->size == 0) name->data = NULL;
    return LEAT_OK;
}

/* Moves past annotations; *set is the type that the last one of DynamoDB's names. */
static enum leat_code read_annotations(struct ion_text *text, enum item_type *set) {
    for (*set = ITEM_ABSENT;;) {
        const uint8_t *begin = text->at;
        struct leat_slice name = {NULL, 0};
        if (!ion_starts(text, "\"") && !ion_starts(text, "'''")) TRY(read_name(text, &name));
        if (name.data == NULL) return LEAT_OK;
        TRY(ion_skip(text));
        if (!ion_take(text, "::")) {
            text->at = begin; /* it was the value */
            return LEAT_OK;
        }
        TRY(ion_skip(text));
        if (slice_is(name, "$dynamodb_SS")) *set = ITEM_SS;
        if (slice_is(name, "$dynamodb_NS")) *set = ITEM_NS;
        if (slice_is(name, "$dynamodb_BS")) *set = ITEM_BS;
    }
}

/* ---- containers ---- */

/* Behind an element: true when another follows; moves past the comma, or past `close`. A comma may stand before the end. */
static enum leat_code more(struct ion_text *text, const char *close, bool first, bool *out) {
    TRY(ion_skip(text));
    bool comma = !first && ion_take(text, ",");
    if (comma) TRY(ion_skip(text));
    *out = !ion_take(text, close);
    return *out && !first && !comma ? ion_malformed(text) : LEAT_OK;
}

static enum leat_code read_element(struct reading *reading, enum item_type type) {
    struct ion_text *text = &reading->text;
    struct leat_slice bytes = {NULL, 0};
    struct item_number number;
    uint8_t encoded[ITEM_NUMBER_ENCODED_MAX];
    if (type == ITEM_SS && ion_take(text, "'''")) TRY(ion_quoted(text, "'''", &bytes));
    else if (type == ITEM_SS && ion_take(text, "\"")) TRY(ion_quoted(text, "\"", &bytes));
    else if (type == ITEM_BS && ion_take(text, "{{")) TRY(ion_blob(text, &bytes));
    else if (type == ITEM_NS) TRY(ion_number(text, &number));
    else return invalid(reading, "An element of a set is not of the set's type");
    if (type == ITEM_NS) bytes = slice_of(encoded, item_number_encode(&number, encoded));
    item_put_element(reading->out, bytes);
    return LEAT_OK;
}

static enum leat_code read_set(struct reading *reading, enum item_type type) {
    size_t mark = item_begin(reading->out, type), count = 0;
    for (bool another;; count++) {
        TRY(more(&reading->text, "]", count == 0, &another));
        if (!another) break;
        TRY(read_element(reading, type));
    }
    if (count == 0) return invalid(reading, "One or more parameter values were invalid: A set may not be empty");
    enum leat_code code = item_end(reading->out, mark);
    if (code == LEAT_VALIDATION)
        return invalid(reading, "One or more parameter values were invalid: Input collection contains duplicates.");
    return memory_unless(reading, code == LEAT_OK);
}

static enum leat_code read_list(struct reading *reading, unsigned depth) {
    size_t mark = item_begin(reading->out, ITEM_L);
    for (bool another, first = true;; first = false) {
        TRY(more(&reading->text, "]", first, &another));
        if (!another) break;
        TRY(read_value(reading, depth + 1));
    }
    return memory_unless(reading, item_end(reading->out, mark) == LEAT_OK);
}

/* Behind "{": the next field's name and colon; absent at the end. */
static enum leat_code next_field(struct ion_text *text, bool first, struct leat_slice *name) {
    bool another;
    *name = (struct leat_slice){NULL, 0};
    TRY(more(text, "}", first, &another));
    if (!another) return LEAT_OK;
    TRY(read_name(text, name));
    if (name->data == NULL) return ion_malformed(text);
    TRY(ion_skip(text));
    if (!ion_take(text, ":")) return ion_malformed(text);
    return ion_skip(text);
}

static enum leat_code read_fields(struct reading *reading, unsigned depth) {
    for (bool first = true;; first = false) {
        struct leat_slice name;
        TRY(next_field(&reading->text, first, &name));
        if (name.data == NULL) return LEAT_OK;
        item_put_name(reading->out, name);
        TRY(read_value(reading, depth));
    }
}

static enum leat_code read_struct(struct reading *reading, unsigned depth) {
    size_t mark = item_begin(reading->out, ITEM_M);
    TRY(read_fields(reading, depth + 1));
    return memory_unless(reading, item_end_last_wins(reading->out, mark) == LEAT_OK);
}

/* ---- values ---- */

static enum leat_code read_word(struct reading *reading) {
    struct leat_slice word = ion_identifier(&reading->text);
    if (word.size == 0) return ion_malformed(&reading->text);
    if (slice_is(word, "true") || slice_is(word, "false")) {
        item_put_bool(reading->out, slice_is(word, "true"));
        return LEAT_OK;
    }
    if (!slice_is(word, "null")) return invalid(reading, "The Ion type symbol has no DynamoDB type");
    if (ion_take(&reading->text, ".") && ion_identifier(&reading->text).size == 0) return ion_malformed(&reading->text);
    item_put_null(reading->out);
    return LEAT_OK;
}

static enum leat_code read_text(struct reading *reading, const char *quote) {
    struct leat_slice string;
    TRY(ion_quoted(&reading->text, quote, &string));
    item_put_string(reading->out, string);
    return LEAT_OK;
}

static enum leat_code read_binary(struct reading *reading) {
    struct leat_slice bytes;
    TRY(ion_blob(&reading->text, &bytes));
    item_put_binary(reading->out, bytes);
    return LEAT_OK;
}

static enum leat_code read_number(struct reading *reading) {
    struct item_number number;
    TRY(ion_number(&reading->text, &number));
    item_put_number(reading->out, &number);
    return LEAT_OK;
}

static enum leat_code read_value(struct reading *reading, unsigned depth) {
    struct ion_text *text = &reading->text;
    enum item_type set;
    if (depth > ITEM_DEPTH_MAX)
        return invalid(reading,
                       "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit");
    TRY(read_annotations(text, &set));
    if (ion_take(text, "'''")) return read_text(reading, "'''");
    if (ion_take(text, "\"")) return read_text(reading, "\"");
    if (ion_take(text, "{{")) return read_binary(reading);
    if (ion_take(text, "{")) return read_struct(reading, depth);
    if (ion_take(text, "[")) return set != ITEM_ABSENT ? read_set(reading, set) : read_list(reading, depth);
    if (ion_starts(text, "(")) return invalid(reading, "The Ion type sexp has no DynamoDB type");
    if (ion_starts(text, "'")) return invalid(reading, "The Ion type symbol has no DynamoDB type");
    bool number = text->at < text->end && (*text->at == '-' || *text->at == '+' || (*text->at >= '0' && *text->at <= '9'));
    return number ? read_number(reading) : read_word(reading);
}

/* ---- from outside ---- */

static enum leat_code read_item_struct(struct reading *reading, size_t mark) {
    enum item_type set;
    TRY(read_annotations(&reading->text, &set));
    if (!ion_take(&reading->text, "{")) return invalid(reading, "The Item of the record is not a struct");
    TRY(read_fields(reading, 1));
    return memory_unless(reading, item_close_last_wins(reading->out, mark) == LEAT_OK);
}

/* The record's own struct: its field Item; others are passed over. */
static enum leat_code read_record(struct reading *reading, size_t mark) {
    bool found = false;
    for (bool first = true;; first = false) {
        struct leat_slice name;
        size_t size = reading->out->size;
        TRY(next_field(&reading->text, first, &name));
        if (name.data == NULL) break;
        if (slice_is(name, "Item") && !found) {
            TRY(read_item_struct(reading, mark));
            found = true;
        } else {
            TRY(read_value(reading, 1));
            reading->out->size = size;
        }
    }
    return found ? LEAT_OK : invalid(reading, "The record has no Item");
}

static enum leat_code read_all(struct reading *reading, size_t mark) {
    struct ion_text *text = &reading->text;
    TRY(ion_skip(text));
    while (ion_take(text, "$ion_1_0")) TRY(ion_skip(text));
    if (!ion_take(text, "{")) return ion_malformed(text);
    TRY(read_record(reading, mark));
    TRY(ion_skip(text));
    if (text->at < text->end) return ion_malformed(text);
    return memory_unless(reading, buf_ok(reading->out));
}

enum leat_code ion_read_item(struct leat_slice text, struct arena *arena, struct buf *out, struct leat_fault *fault) {
    struct reading reading = {
        .text = {.begin = text.data, .at = text.data, .end = text.data + text.size, .arena = arena, .fault = fault}, .out = out};
    size_t mark = out->size;
    enum leat_code code = read_all(&reading, mark);
    if (code != LEAT_OK && out->size > mark) out->size = mark;
    return code;
}
