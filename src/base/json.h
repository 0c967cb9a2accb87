/* JSON: a zero-copy pull reader and a writer. RFC 8259, UTF-8 only.
 *
 * The reader borrows the text; strings without escapes are slices of it, others are decoded into the arena. It keeps no
 * tree: the caller pulls tokens. One reader, one thread. The writer appends to a buf and places the commas. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "leat_types.h"

enum { JSON_DEPTH_MAX = 128 };

enum json_token {
    JSON_ERROR, /* stays; json_offset and reader->error say where and why */
    JSON_END,   /* the document is complete and nothing but white space follows */
    JSON_OBJECT, JSON_OBJECT_END, JSON_ARRAY, JSON_ARRAY_END,
    JSON_KEY,    /* reader->text is the decoded member name; its value follows */
    JSON_STRING, /* reader->text is the decoded string */
    JSON_NUMBER, /* reader->text is the literal as written, e.g. -1.5e3 */
    JSON_TRUE, JSON_FALSE, JSON_NULL
};

/* reader->error is this very text when the arena had no room: the caller's answer is LEAT_NO_MEMORY, not "not JSON". */
extern const char json_error_memory[];

struct json_reader {
    const uint8_t *begin, *at, *end;
    const uint8_t *start;    /* where the newest value or name begins */
    struct arena *arena;
    struct leat_slice text;  /* of the newest KEY, STRING or NUMBER; valid as long as text and arena are */
    const char *error;       /* static text, set with JSON_ERROR */
    enum json_token token;   /* the newest token */
    unsigned depth;
    uint8_t expect;          /* internal: what may come next */
    uint8_t object[JSON_DEPTH_MAX / 8]; /* internal: one bit a level, set inside an object */
};

void json_reader_init(struct json_reader *reader, struct leat_slice text, struct arena *arena);
enum json_token json_next(struct json_reader *reader);

/* After a value's first token: moves past the rest of that value. false on JSON_ERROR. For JSON_OBJECT and JSON_ARRAY the
 * reader stands behind the matching end; for scalars nothing moves. */
bool json_skip(struct json_reader *reader);

/* After a value's first token: the whole value as written (trimmed), moving past it. data == NULL on error. */
struct leat_slice json_raw(struct json_reader *reader);

/* Bytes from the start of the text to where the reader stands. */
size_t json_offset(const struct json_reader *reader);

/* The newest NUMBER as an integer; false if it has a fraction, exponent or does not fit. */
bool json_integer(const struct json_reader *reader, int64_t *out);
bool json_double(const struct json_reader *reader, double *out);

struct json_writer {
    struct buf *buf;
    bool comma; /* a comma is due before the next key or element */
};

void json_writer_init(struct json_writer *writer, struct buf *buf);
void json_object(struct json_writer *writer);
void json_object_end(struct json_writer *writer);
void json_array(struct json_writer *writer);
void json_array_end(struct json_writer *writer);
void json_key(struct json_writer *writer, const char *name);               /* name needs no escaping: it is ours */
void json_key_slice(struct json_writer *writer, struct leat_slice name);   /* escaped */
void json_string(struct json_writer *writer, struct leat_slice text);      /* escaped; must be UTF-8 */
void json_text(struct json_writer *writer, const char *text);
void json_int(struct json_writer *writer, int64_t value);
void json_seconds(struct json_writer *writer, uint64_t milliseconds);      /* 1732300000123 -> 1732300000.123 */
void json_bool(struct json_writer *writer, bool value);
void json_null(struct json_writer *writer);
void json_base64(struct json_writer *writer, struct leat_slice bytes);     /* a string of base64 */
void json_verbatim(struct json_writer *writer, struct leat_slice json);    /* a value already written as JSON */

#endif
