/* The writer of json.h. */
#include <inttypes.h>
#include <string.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/json_run.h"
#include "base/slice.h"

void json_writer_init(struct json_writer *writer, struct buf *buf) { *writer = (struct json_writer){.buf = buf}; }

static void json_separate(struct json_writer *writer) {
    if (writer->comma) buf_byte(writer->buf, ',');
    writer->comma = true;
}

static void json_begin(struct json_writer *writer, char bracket) {
    json_separate(writer);
    buf_byte(writer->buf, (uint8_t)bracket);
    writer->comma = false;
}

static void json_end(struct json_writer *writer, char bracket) {
    buf_byte(writer->buf, (uint8_t)bracket);
    writer->comma = true;
}

void json_object(struct json_writer *writer) { json_begin(writer, '{'); }
void json_object_end(struct json_writer *writer) { json_end(writer, '}'); }
void json_array(struct json_writer *writer) { json_begin(writer, '['); }
void json_array_end(struct json_writer *writer) { json_end(writer, ']'); }

/* RFC 8259 section 7: quote, backslash and control characters must be escaped; nothing else is. */
static void json_escaped(struct buf *buf, uint8_t byte) {
    static const char short_forms[32] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    static const char digits[] = "0123456789abcdef";
    char letter = byte < 32 ? short_forms[byte] : (char)byte;
    if (letter != 0) {
        uint8_t escape[2] = {'\\', (uint8_t)letter};
        buf_append(buf, escape, sizeof escape);
    } else {
        uint8_t escape[6] = {'\\', 'u', '0', '0', (uint8_t)digits[byte >> 4], (uint8_t)digits[byte & 15]};
        buf_append(buf, escape, sizeof escape);
    }
}

static void json_quoted(struct buf *buf, struct leat_slice text) {
    buf_byte(buf, '"');
    const uint8_t *at = text.data, *end = text.data == NULL ? NULL : text.data + text.size;
    while (at < end) {
        const uint8_t *run = at;
        at = json_run_end(at, end, false);
        buf_append(buf, run, (size_t)(at - run));
        if (at < end) json_escaped(buf, *at++);
    }
    buf_byte(buf, '"');
}

void json_key(struct json_writer *writer, const char *name) {
    json_separate(writer);
    buf_byte(writer->buf, '"');
    buf_append(writer->buf, name, strlen(name));
    buf_append(writer->buf, "\":", 2);
    writer->comma = false;
}

void json_key_slice(struct json_writer *writer, struct leat_slice name) {
    json_separate(writer);
    json_quoted(writer->buf, name);
    buf_byte(writer->buf, ':');
    writer->comma = false;
}

void json_string(struct json_writer *writer, struct leat_slice text) {
    json_separate(writer);
    json_quoted(writer->buf, text);
}

void json_text(struct json_writer *writer, const char *text) { json_string(writer, slice_text(text)); }

void json_int(struct json_writer *writer, int64_t value) {
    char digits[20], *at = digits + sizeof digits;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0) *--at = '-';
    json_verbatim(writer, slice_of(at, (size_t)(digits + sizeof digits - at)));
}

void json_seconds(struct json_writer *writer, uint64_t milliseconds) {
    json_separate(writer);
    uint64_t seconds = milliseconds / 1000;
    unsigned rest = (unsigned)(milliseconds % 1000);
    if (rest == 0) buf_print(writer->buf, "%" PRIu64, seconds);
    else buf_print(writer->buf, "%" PRIu64 ".%03u", seconds, rest);
}

void json_bool(struct json_writer *writer, bool value) { json_verbatim(writer, value ? SLICE("true") : SLICE("false")); }

void json_null(struct json_writer *writer) { json_verbatim(writer, SLICE("null")); }

void json_base64(struct json_writer *writer, struct leat_slice bytes) {
    json_separate(writer);
    buf_byte(writer->buf, '"');
    base64_encode(writer->buf, bytes);
    buf_byte(writer->buf, '"');
}

void json_verbatim(struct json_writer *writer, struct leat_slice json) {
    json_separate(writer);
    buf_slice(writer->buf, json);
}
