#include "transfer/ion_text.h"

#include <string.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/slice.h"

enum leat_code ion_malformed(const struct ion_text *text) {
    return fault_set(text->fault, LEAT_SERIALIZATION, "The text is not Ion: byte %zu of the item", (size_t)(text->at - text->begin));
}

static size_t left(const struct ion_text *text) { return (size_t)(text->end - text->at); }

bool ion_starts(const struct ion_text *text, const char *what) {
    return slice_starts(slice_of(text->at, left(text)), slice_text(what));
}

bool ion_take(struct ion_text *text, const char *what) {
    if (!ion_starts(text, what)) return false;
    text->at += strlen(what);
    return true;
}

static bool space(uint8_t byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

enum leat_code ion_skip(struct ion_text *text) {
    for (;;) {
        while (text->at < text->end && space(*text->at)) text->at++;
        if (ion_take(text, "//")) {
            while (text->at < text->end && *text->at != '\n') text->at++;
        } else if (ion_take(text, "/*")) {
            const uint8_t *close = memmem(text->at, left(text), "*/", 2);
            if (close == NULL) return ion_malformed(text);
            text->at = close + 2;
        } else {
            return LEAT_OK;
        }
    }
}

static bool digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

static bool letter(uint8_t byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '$';
}

struct leat_slice ion_identifier(struct ion_text *text) {
    const uint8_t *begin = text->at;
    while (text->at < text->end && (letter(*text->at) || (text->at > begin && digit(*text->at)))) text->at++;
    return slice_of(begin, (size_t)(text->at - begin));
}

/* ---- strings ---- */

static int hex_digit(uint8_t byte) {
    if (digit(byte)) return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static bool hex_number(struct ion_text *text, unsigned count, uint32_t *out) {
    *out = 0;
    if (left(text) < count) return false;
    for (; count > 0; count--) {
        int value = hex_digit(*text->at++);
        if (value < 0) return false;
        *out = *out << 4 | (uint32_t)value;
    }
    return true;
}

static bool put_point(struct buf *out, uint32_t point) {
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    if (point < 0x80) {
        buf_byte(out, (uint8_t)point);
        return true;
    }
    unsigned more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    buf_byte(out, (uint8_t)(lead[more] | point >> 6 * more));
    while (more-- > 0) buf_byte(out, (uint8_t)(0x80 | (point >> 6 * more & 0x3f)));
    return true;
}

static bool put_unicode(struct ion_text *text, struct buf *out, uint32_t point) {
    uint32_t low;
    if (point < 0xd800 || point > 0xdbff) return put_point(out, point);
    if (!ion_take(text, "\\u") || !hex_number(text, 4, &low) || low < 0xdc00 || low > 0xdfff) return false;
    return put_point(out, 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00));
}

/* Behind the backslash. Ion 1.0, "Escape characters". */
static bool put_escaped(struct ion_text *text, struct buf *out) {
    static const char from[] = "abtnfrv\"'?\\/", to[] = "\a\b\t\n\f\r\v\"'?\\/";
    uint32_t point;
    if (left(text) == 0) return false;
    uint8_t byte = *text->at++;
    const char *known = byte != 0 ? strchr(from, byte) : NULL;
    if (known != NULL) return put_point(out, (uint8_t)to[known - from]);
    switch (byte) {
    case '0': return put_point(out, 0);
    case '\n': return true; /* the line goes on */
    case '\r': return ion_take(text, "\n") || true;
    case 'x': return hex_number(text, 2, &point) && put_point(out, point);
    case 'u': return hex_number(text, 4, &point) && put_unicode(text, out, point);
    case 'U': return hex_number(text, 8, &point) && put_point(out, point);
    default: return false;
    }
}

static bool segment(struct ion_text *text, const char *quote, struct buf *out) {
    while (text->at < text->end) {
        if (ion_take(text, quote)) return true;
        if (*text->at != '\\') buf_byte(out, *text->at++);
        else if (text->at++, !put_escaped(text, out)) return false;
    }
    return false;
}

enum leat_code ion_quoted(struct ion_text *text, const char *quote, struct leat_slice *out) {
    struct buf decoded;
    buf_init_in(&decoded, text->arena, left(text) + 1);
    for (;;) {
        if (!segment(text, quote, &decoded)) return ion_malformed(text);
        if (quote[1] == 0) break; /* only long strings are joined */
        TRY(ion_skip(text));
        if (!ion_take(text, quote)) break;
    }
    if (!utf8_valid(buf_view(&decoded))) return ion_malformed(text);
    *out = arena_copy(text->arena, buf_view(&decoded)); /* also when it is empty */
    return out->data != NULL ? LEAT_OK : fault_memory(text->fault);
}

/* ---- blobs ---- */

enum leat_code ion_blob(struct ion_text *text, struct leat_slice *out) {
    while (text->at < text->end && space(*text->at)) text->at++; /* no comments: base64 has slashes */
    if (ion_starts(text, "\"") || ion_starts(text, "'''"))
        return fault_set(text->fault, LEAT_VALIDATION, "The Ion type clob has no DynamoDB type");
    const uint8_t *close = memmem(text->at, left(text), "}}", 2);
    if (close == NULL) return ion_malformed(text);
    struct buf base64;
    buf_init_in(&base64, text->arena, left(text) + 1);
    for (; text->at < close; text->at++)
        if (!space(*text->at)) buf_byte(&base64, *text->at);
    if (!buf_ok(&base64)) return fault_memory(text->fault);
    *out = base64_decode(text->arena, buf_view(&base64));
    if (out->data == NULL) return ion_malformed(text);
    text->at = close + 2;
    return LEAT_OK;
}

/* ---- numbers ---- */

enum { NUMBER_BYTES_MAX = 400 }; /* more is more digits than a number has, or zeros for nothing */

static enum leat_code unknown_type(const struct ion_text *text, const char *type) {
    return fault_set(text->fault, LEAT_VALIDATION, "The Ion type %s has no DynamoDB type", type);
}

/* 0x1F, 0b101: up to 127 bits. */
static bool based_integer(const char *digits, unsigned bits, bool negative, struct item_number *out) {
    unsigned __int128 value = 0;
    if (*digits == 0) return false;
    for (; *digits != 0; digits++) {
        int one = hex_digit((uint8_t)*digits);
        if (one < 0 || one >= 1 << bits || value >> 100 != 0) return false;
        value = value << bits | (unsigned)one;
    }
    *out = (struct item_number){.coefficient = value, .negative = negative && value != 0};
    while (value != 0 && out->coefficient % 10 == 0) {
        out->coefficient /= 10;
        out->exponent++;
    }
    return true;
}

/* The token without its underscores; 'd' as 'e', and no point that nothing follows, as DynamoDB writes numbers. */
static size_t take_token(struct ion_text *text, char out[NUMBER_BYTES_MAX + 1]) {
    static const char ends[] = ",[]{}()\"'/:";
    size_t size = 0;
    while (text->at < text->end && !space(*text->at) && strchr(ends, *text->at) == NULL) {
        uint8_t byte = *text->at++;
        if (byte == '_') continue;
        if (size == NUMBER_BYTES_MAX) return 0;
        if (strchr("dDeE", byte) != NULL && size > 0 && out[size - 1] == '.') size--;
        out[size++] = (char)byte;
    }
    if (size > 0 && out[size - 1] == '.') size--;
    out[size] = 0;
    return size;
}

static bool looks_like_time(const char *token) {
    return strlen(token) > 4 && strspn(token, "0123456789") == 4 && (token[4] == '-' || token[4] == 'T');
}

enum leat_code ion_number(struct ion_text *text, struct item_number *out) {
    char token[NUMBER_BYTES_MAX + 1];
    if (take_token(text, token) == 0) return ion_malformed(text);
    bool negative = token[0] == '-';
    const char *bare = token + negative;
    if (strcmp(bare, "+inf") == 0 || strcmp(token, "-inf") == 0) return unknown_type(text, "float");
    if (looks_like_time(bare)) return unknown_type(text, "timestamp");
    if (bare[0] == '0' && (bare[1] | 0x20) == 'x') return based_integer(bare + 2, 4, negative, out) ? LEAT_OK : ion_malformed(text);
    if (bare[0] == '0' && (bare[1] | 0x20) == 'b') return based_integer(bare + 2, 1, negative, out) ? LEAT_OK : ion_malformed(text);
    if (!digit((uint8_t)bare[0]) || bare[strspn(bare, "0123456789.dDeE+-")] != 0) return ion_malformed(text);
    if (strpbrk(bare, "eE") != NULL) return unknown_type(text, "float");
    for (char *at = token; *at != 0; at++)
        if ((*at | 0x20) == 'd') *at = 'e';
    return item_number_parse(slice_text(token), out, text->fault);
}
