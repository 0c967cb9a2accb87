#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *buf, size_t bytes_max) {
    *buf = (struct buf){.max = bytes_max};
}

void buf_fini(struct buf *buf) {
    free(buf->data);
    buf_init(buf, buf->max);
}

void buf_clear(struct buf *buf) {
    buf->size = 0;
    buf->failed = false;
}

bool buf_reserve(struct buf *buf, size_t more) {
    if (buf->failed) return false;
    if (more <= buf->capacity - buf->size) return true;
    if (more > buf->max || buf->size > buf->max - more) {
        buf->failed = true;
        return false;
    }
    size_t capacity = buf->capacity < 256 ? 256 : buf->capacity * 2;
    if (capacity < buf->size + more) capacity = buf->size + more;
    if (capacity > buf->max) capacity = buf->max;
    uint8_t *data = realloc(buf->data, capacity);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

void buf_append_slow(struct buf *buf, const void *data, size_t size) {
    if (size == 0 || !buf_reserve(buf, size)) return;
    memcpy(buf->data + buf->size, data, size);
    buf->size += size;
}

void buf_print(struct buf *buf, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    /* one byte more for the zero that vsnprintf writes */
    if (size >= 0 && buf_reserve(buf, (size_t)size + 1)) {
        (void)vsnprintf((char *)buf->data + buf->size, (size_t)size + 1, format, again);
        buf->size += (size_t)size;
    }
    va_end(again);
}
