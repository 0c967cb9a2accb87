#include "transfer/split.h"

#include <string.h>

enum {
    INSIDE_NOTHING, INSIDE_STRING, INSIDE_SYMBOL, INSIDE_LONG, INSIDE_LINE, INSIDE_COMMENT,
    INSIDE_BLOB,  /* Ion: base64, whose slashes begin no comment */
    INSIDE_CLOSED /* CSV: behind a quote that may be the field's last */
};

void split_init(struct split *split, enum transfer_format format, uint8_t delimiter) {
    *split = (struct split){.format = format, .delimiter = delimiter, .field_begins = true};
}

void split_moved(struct split *split) {
    split->at -= split->begin;
    split->begin = 0;
}

void split_taken(struct split *split) { split->begin = split->at; }

bool split_unfinished(const struct split *split) {
    return split->depth > 0 || (split->inside != INSIDE_NOTHING && split->inside != INSIDE_LINE);
}

static bool space(uint8_t byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }

/* One byte behind the item's end. */
static enum split_result item_ends(struct split *split, size_t end) {
    split->at = end;
    return SPLIT_ITEM;
}

/* ---- JSON: objects, with or without white space between them ---- */

static enum split_result next_json(struct split *split, struct leat_slice text) {
    for (; split->at < text.size; split->at++) {
        uint8_t byte = text.data[split->at];
        if (split->inside == INSIDE_STRING) {
            if (split->escaped) split->escaped = false;
            else if (byte == '\\') split->escaped = true;
            else if (byte == '"') split->inside = INSIDE_NOTHING;
        } else if (split->depth == 0) {
            if (space(byte)) split->begin = split->at + 1;
            else if (byte != '{') return SPLIT_BROKEN;
            else split->depth = 1;
        } else if (byte == '"') {
            split->inside = INSIDE_STRING;
        } else if (byte == '{' || byte == '[') {
            split->depth++;
        } else if ((byte == '}' || byte == ']') && --split->depth == 0) {
            return item_ends(split, split->at + 1);
        }
    }
    return SPLIT_MORE;
}

/* ---- Ion: structs, with version markers and comments between them ---- */

/* Inside something that ends with `end`. */
static void look_for_end(struct split *split, uint8_t byte, const char *end, bool escapes) {
    if (split->escaped) {
        split->escaped = false;
        split->count = 0;
    } else if (escapes && byte == '\\') {
        split->escaped = true;
    } else if (byte == (uint8_t)end[split->count]) {
        if (end[++split->count] == 0) split->inside = INSIDE_NOTHING;
    } else {
        split->count = byte == (uint8_t)end[0] ? 1 : 0;
    }
}

/* What begins with the bytes at `at`. false: more bytes are needed to tell. */
static bool ion_opens(struct split *split, struct leat_slice text, bool ended) {
    const uint8_t *at = text.data + split->at;
    size_t left = text.size - split->at;
    size_t wanted = at[0] == '\'' ? 3 : at[0] == '/' ? 2 : 1;
    if (left < wanted && !ended) return false;
    split->count = 0;
    if (at[0] == '"') split->inside = INSIDE_STRING;
    if (at[0] == '\'') {
        bool is_long = left >= 3 && memcmp(at, "'''", 3) == 0;
        split->inside = is_long ? INSIDE_LONG : INSIDE_SYMBOL;
        if (is_long) split->at += 2;
    }
    if (at[0] == '/' && left >= 2 && (at[1] == '/' || at[1] == '*')) {
        split->inside = at[1] == '/' ? INSIDE_LINE : INSIDE_COMMENT;
        split->at++;
    }
    return true;
}

static const struct { const char *end; bool escapes; } ion_ends[] = {
    [INSIDE_STRING] = {"\"", true}, [INSIDE_SYMBOL] = {"'", true}, [INSIDE_LONG] = {"'''", true},
    [INSIDE_LINE] = {"\n", false},  [INSIDE_COMMENT] = {"*/", false},
};

static bool marker_byte(uint8_t byte) { return byte != 0 && strchr("$ion_10", byte) != NULL; }

static enum split_result next_ion(struct split *split, struct leat_slice text, bool ended) {
    for (; split->at < text.size; split->at++) {
        uint8_t byte = text.data[split->at];
        if (split->inside == INSIDE_BLOB) {
            if (byte != '}' && byte != '"' && byte != '\'') continue;
            split->inside = INSIDE_NOTHING; /* a clob has strings */
        }
        if (split->inside != INSIDE_NOTHING) {
            look_for_end(split, byte, ion_ends[split->inside].end, ion_ends[split->inside].escapes);
        } else if (byte == '{' || byte == '[' || byte == '(') {
            if (split->depth == 0 && byte != '{') return SPLIT_BROKEN;
            bool second = byte == '{' && split->depth > 0 && split->at > split->begin && text.data[split->at - 1] == '{';
            if (second) split->inside = INSIDE_BLOB;
            split->depth++;
        } else if (byte == '}' || byte == ']' || byte == ')') {
            if (split->depth == 0) return SPLIT_BROKEN;
            if (--split->depth == 0) return item_ends(split, split->at + 1);
        } else if (byte == '"' || byte == '\'' || byte == '/') {
            if (split->depth == 0 && byte != '/') return SPLIT_BROKEN;
            if (!ion_opens(split, text, ended)) return SPLIT_MORE;
        } else if (split->depth == 0 && !space(byte) && !marker_byte(byte)) {
            return SPLIT_BROKEN;
        }
        /* markers and comments belong to the item that they stand before; white space does not */
        if (split->depth == 0 && space(byte) && split->inside == INSIDE_NOTHING && split->begin == split->at) split->begin++;
    }
    return SPLIT_MORE;
}

/* ---- CSV: lines, but for line ends inside quotes (RFC 4180) ---- */

static enum split_result next_csv(struct split *split, struct leat_slice text, bool ended) {
    for (; split->at < text.size; split->at++) {
        uint8_t byte = text.data[split->at];
        if (split->inside == INSIDE_STRING) {
            if (byte == '"') split->inside = INSIDE_CLOSED;
            continue;
        }
        if (split->inside == INSIDE_CLOSED || (split->field_begins && byte == '"')) {
            split->inside = byte == '"' ? INSIDE_STRING : INSIDE_NOTHING;
            split->field_begins = false;
            if (byte == '"') continue;
        }
        split->field_begins = byte == split->delimiter || byte == '\n';
        if (byte == '\n') return item_ends(split, split->at + 1);
    }
    if (!ended || split->at == split->begin) return SPLIT_MORE;
    split->inside = INSIDE_NOTHING; /* the last line need not end; a quote that stays open is the line's fault */
    return item_ends(split, split->at);
}

enum split_result split_next(struct split *split, struct leat_slice text, bool ended) {
    switch (split->format) {
    case TRANSFER_DYNAMODB_JSON: return next_json(split, text);
    case TRANSFER_ION: return next_ion(split, text, ended);
    default: return next_csv(split, text, ended);
    }
}
