/* The reader: one function per rule of RFC 8259's grammar, and json_next, which knows from `expect` which rule is due. */
#include "base/json.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/json_run.h"
#include "base/slice.h"

const char json_error_memory[] = "out of memory";

enum json_expect {
    EXPECT_VALUE,        /* a value and nothing else */
    EXPECT_FIRST,        /* behind '[': a value or ']' */
    EXPECT_FIRST_MEMBER, /* behind '{': a name or '}' */
    EXPECT_MORE,         /* behind a value in a container: ',' or the container's end */
    EXPECT_NOTHING       /* the document is complete */
};

static enum json_token json_fail(struct json_reader *reader, const char *error) {
    reader->error = error;
    return reader->token = JSON_ERROR;
}

void json_reader_init(struct json_reader *reader, struct leat_slice text, struct arena *arena) {
    reader->begin = reader->at = reader->start = text.data;
    reader->end = text.data == NULL ? NULL : text.data + text.size;
    reader->arena = arena;
    reader->text = (struct leat_slice){NULL, 0};
    reader->error = NULL;
    reader->token = JSON_NULL;
    reader->depth = 0;
    reader->expect = EXPECT_VALUE;
}

size_t json_offset(const struct json_reader *reader) { return (size_t)(reader->at - reader->begin); }

static void json_space(struct json_reader *reader) {
    const uint8_t *at = reader->at;
    while (at < reader->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) at++;
    reader->at = at;
}

/* ---- strings ---- */

/* Four hexadecimal digits; -1 when they are not there. */
static int json_hex4(const uint8_t *at, const uint8_t *end) {
    if (end - at < 4) return -1;
    int value = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t digit = at[i], lower = digit | 0x20;
        if (digit >= '0' && digit <= '9') value = value << 4 | (digit - '0');
        else if (lower >= 'a' && lower <= 'f') value = value << 4 | (lower - 'a' + 10);
        else return -1;
    }
    return value;
}

/* The code point of the \u escape whose digits begin at *at; moves *at behind it (and behind its low surrogate). -1: malformed. */
static int json_escape_point(const uint8_t **at, const uint8_t *end) {
    int point = json_hex4(*at, end);
    if (point < 0 || (point >= 0xdc00 && point <= 0xdfff)) return -1;
    *at += 4;
    if (point < 0xd800 || point > 0xdbff) return point;
    if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u') return -1;
    int low = json_hex4(*at + 2, end);
    if (low < 0xdc00 || low > 0xdfff) return -1;
    *at += 6;
    return 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
}

static uint8_t *json_put_point(uint8_t *to, unsigned point) {
    if (point < 0x80) {
        *to++ = (uint8_t)point;
    } else if (point < 0x800) {
        *to++ = (uint8_t)(0xc0 | point >> 6);
        *to++ = (uint8_t)(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        *to++ = (uint8_t)(0xe0 | point >> 12);
        *to++ = (uint8_t)(0x80 | (point >> 6 & 0x3f));
        *to++ = (uint8_t)(0x80 | (point & 0x3f));
    } else {
        *to++ = (uint8_t)(0xf0 | point >> 18);
        *to++ = (uint8_t)(0x80 | (point >> 12 & 0x3f));
        *to++ = (uint8_t)(0x80 | (point >> 6 & 0x3f));
        *to++ = (uint8_t)(0x80 | (point & 0x3f));
    }
    return to;
}

/* Decodes one escape; *at stands behind its backslash and is moved behind the escape. NULL: malformed. */
static uint8_t *json_escape(const uint8_t **at, const uint8_t *end, uint8_t *to) {
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (*at == end) return NULL;
    uint8_t letter = *(*at)++;
    if (letter == 'u') {
        int point = json_escape_point(at, end);
        return point < 0 ? NULL : json_put_point(to, (unsigned)point);
    }
    const char *found = letter == 0 ? NULL : strchr(letters, letter);
    if (found == NULL) return NULL;
    *to++ = (uint8_t)meanings[found - letters];
    return to;
}

/* A string with escapes from `open` on, whose text ends before the quote at `close`. It only shrinks when decoded. */
static bool json_decode(struct json_reader *reader, const uint8_t *open, const uint8_t *close) {
    uint8_t *bytes = arena_alloc(reader->arena, (size_t)(close - open)), *to = bytes;
    if (bytes == NULL) return json_fail(reader, json_error_memory), false;
    for (const uint8_t *at = open; at < close;) {
        const uint8_t *slash = memchr(at, '\\', (size_t)(close - at));
        size_t run = (size_t)((slash == NULL ? close : slash) - at);
        memcpy(to, at, run);
        to += run;
        at += run;
        if (slash == NULL) break;
        at++;
        to = json_escape(&at, close, to);
        if (to == NULL) {
            reader->at = slash;
            return json_fail(reader, "malformed escape in a string"), false;
        }
    }
    reader->text = (struct leat_slice){bytes, (size_t)(to - bytes)};
    return true;
}

/* Reads a string; reader->at stands on its opening quote and is moved behind the closing one. */
static bool json_read_string(struct json_reader *reader) {
    const uint8_t *open = reader->at + 1, *at = open;
    bool escapes = false;
    for (;;) {
        at = json_run_end(at, reader->end, true);
        if (at == reader->end) {
            reader->at = at;
            return json_fail(reader, "a string is not ended"), false;
        }
        if (*at == '"') break;
        size_t size = 0;
        if (*at == '\\' && at + 1 < reader->end) {
            escapes = true;
            size = 2; /* what may follow is checked when it is decoded; here only an escaped quote must not end the string */
            if (at[1] >= 0x80) size = 1;
            if (at[1] < 0x20) size = 0;
        } else if (*at >= 0x80) {
            size = utf8_sequence(at, (size_t)(reader->end - at));
        }
        if (size == 0) {
            reader->at = at;
            return json_fail(reader, *at >= 0x80 ? "malformed UTF-8 in a string" : "control character in a string"), false;
        }
        at += size;
    }
    reader->at = at + 1;
    if (escapes) return json_decode(reader, open, at);
    reader->text = (struct leat_slice){open, (size_t)(at - open)};
    return true;
}

/* ---- numbers and words ---- */

static const uint8_t *json_digits(const uint8_t *at, const uint8_t *end) {
    while (at < end && *at >= '0' && *at <= '9') at++;
    return at;
}

/* The end of the number that begins at `at`, NULL when it is malformed. RFC 8259 section 6. */
static const uint8_t *json_number_end(const uint8_t *at, const uint8_t *end) {
    if (at < end && *at == '-') at++;
    const uint8_t *digits = at;
    at = json_digits(at, end);
    if (at == digits || (*digits == '0' && at - digits > 1)) return NULL;
    if (at < end && *at == '.') {
        digits = ++at;
        at = json_digits(at, end);
        if (at == digits) return NULL;
    }
    if (at < end && (*at | 0x20) == 'e') {
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        digits = at;
        at = json_digits(at, end);
        if (at == digits) return NULL;
    }
    return at;
}

static enum json_token json_scalar_done(struct json_reader *reader, enum json_token token) {
    reader->expect = reader->depth == 0 ? EXPECT_NOTHING : EXPECT_MORE;
    return reader->token = token;
}

static enum json_token json_read_number(struct json_reader *reader) {
    const uint8_t *end = json_number_end(reader->at, reader->end);
    if (end == NULL) return json_fail(reader, "malformed number");
    reader->text = (struct leat_slice){reader->at, (size_t)(end - reader->at)};
    reader->at = end;
    return json_scalar_done(reader, JSON_NUMBER);
}

static enum json_token json_read_word(struct json_reader *reader, struct leat_slice word, enum json_token token) {
    if ((size_t)(reader->end - reader->at) < word.size || memcmp(reader->at, word.data, word.size) != 0) {
        return json_fail(reader, "unknown word");
    }
    reader->at += word.size;
    return json_scalar_done(reader, token);
}

/* ---- containers ---- */

static bool json_in_object(const struct json_reader *reader) {
    unsigned level = reader->depth - 1;
    return reader->object[level / 8] >> (level % 8) & 1;
}

static enum json_token json_open(struct json_reader *reader, bool object) {
    if (reader->depth == JSON_DEPTH_MAX) return json_fail(reader, "nested too deeply");
    unsigned level = reader->depth++;
    uint8_t bit = (uint8_t)(1u << (level % 8));
    if (object) reader->object[level / 8] |= bit;
    else reader->object[level / 8] &= (uint8_t)~bit;
    reader->at++;
    reader->expect = object ? EXPECT_FIRST_MEMBER : EXPECT_FIRST;
    return reader->token = object ? JSON_OBJECT : JSON_ARRAY;
}

static enum json_token json_close(struct json_reader *reader) {
    bool object = json_in_object(reader);
    reader->at++;
    reader->depth--;
    return json_scalar_done(reader, object ? JSON_OBJECT_END : JSON_ARRAY_END);
}

static enum json_token json_read_value(struct json_reader *reader) {
    reader->start = reader->at;
    if (reader->at == reader->end) return json_fail(reader, "the text ends where a value should be");
    switch (*reader->at) {
    case '"': return json_read_string(reader) ? json_scalar_done(reader, JSON_STRING) : JSON_ERROR;
    case '{': return json_open(reader, true);
    case '[': return json_open(reader, false);
    case 't': return json_read_word(reader, SLICE("true"), JSON_TRUE);
    case 'f': return json_read_word(reader, SLICE("false"), JSON_FALSE);
    case 'n': return json_read_word(reader, SLICE("null"), JSON_NULL);
    default: return json_read_number(reader);
    }
}

static enum json_token json_read_member(struct json_reader *reader) {
    reader->start = reader->at;
    if (reader->at == reader->end || *reader->at != '"') return json_fail(reader, "a member's name should be here");
    if (!json_read_string(reader)) return JSON_ERROR;
    json_space(reader);
    if (reader->at == reader->end || *reader->at != ':') return json_fail(reader, "a colon should be here");
    reader->at++;
    reader->expect = EXPECT_VALUE;
    return reader->token = JSON_KEY;
}

enum json_token json_next(struct json_reader *reader) {
    if (reader->token == JSON_ERROR) return JSON_ERROR;
    json_space(reader);
    uint8_t here = reader->at < reader->end ? *reader->at : 0;
    switch ((enum json_expect)reader->expect) {
    case EXPECT_VALUE: return json_read_value(reader);
    case EXPECT_FIRST: return here == ']' ? json_close(reader) : json_read_value(reader);
    case EXPECT_FIRST_MEMBER: return here == '}' ? json_close(reader) : json_read_member(reader);
    case EXPECT_MORE: break;
    case EXPECT_NOTHING:
        if (reader->at < reader->end) return json_fail(reader, "something follows the document");
        return reader->token = JSON_END;
    }
    bool object = json_in_object(reader);
    if (here == (object ? '}' : ']')) return json_close(reader);
    if (here != ',') return json_fail(reader, "a comma or the end of an object or array should be here");
    reader->at++;
    json_space(reader);
    return object ? json_read_member(reader) : json_read_value(reader);
}

bool json_skip(struct json_reader *reader) {
    if (reader->token != JSON_OBJECT && reader->token != JSON_ARRAY) return reader->token != JSON_ERROR;
    unsigned outside = reader->depth - 1;
    while (reader->depth > outside) {
        if (json_next(reader) == JSON_ERROR) return false;
    }
    return true;
}

struct leat_slice json_raw(struct json_reader *reader) {
    const uint8_t *start = reader->start;
    if (!json_skip(reader)) return (struct leat_slice){NULL, 0};
    return (struct leat_slice){start, (size_t)(reader->at - start)};
}

bool json_integer(const struct json_reader *reader, int64_t *out) {
    struct leat_slice text = reader->text;
    size_t i = text.size > 0 && text.data[0] == '-';
    bool negative = i == 1;
    int64_t value = 0;
    if (reader->token != JSON_NUMBER) return false;
    for (; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        int digit = text.data[i] - '0';
        /* counted below zero, where one value more fits */
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, digit, &value)) return false;
    }
    if (!negative && value == INT64_MIN) return false;
    *out = negative ? value : -value;
    return true;
}

/* strtod follows the locale of the program that links us in; JSON does not */
static locale_t json_locale;
static void json_locale_make(void) { json_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); }

bool json_double(const struct json_reader *reader, double *out) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (reader->token != JSON_NUMBER) return false;
    struct leat_slice text = arena_copy(reader->arena, reader->text); /* strtod wants the zero behind it */
    if (text.data == NULL) return false;
    pthread_once(&once, json_locale_make);
    if (json_locale == (locale_t)0) return false;
    double value = strtod_l((const char *)text.data, NULL, json_locale);
    if (!isfinite(value)) return false;
    *out = value;
    return true;
}
