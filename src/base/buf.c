#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

void buf_init(struct buf *buf, size_t bytes_max) {
    *buf = (struct buf){.max = bytes_max};
}

void buf_init_in(struct buf *buf, struct arena *arena, size_t bytes_max) {
    *buf = (struct buf){.max = bytes_max, .arena = arena};
}

struct leat_slice buf_keep(struct buf *buf) {
    struct leat_slice kept = buf_view(buf);
    if (buf->failed) kept = (struct leat_slice){NULL, 0};
    else if (buf->data != NULL) (void)arena_resize(buf->arena, buf->data, buf->capacity, buf->size);
    buf_init_in(buf, buf->arena, buf->max);
    return kept;
}

void buf_fini(struct buf *buf) {
    if (buf->arena == NULL) free(buf->data);
    *buf = (struct buf){.max = buf->max, .arena = buf->arena};
}

void buf_clear(struct buf *buf) {
    buf->size = 0;
    buf->failed = false;
}

static uint8_t *buf_grown(const struct buf *buf, size_t capacity) {
    if (buf->arena == NULL) return realloc(buf->data, capacity);
    if (buf->data != NULL && arena_resize(buf->arena, buf->data, buf->capacity, capacity)) return buf->data;
    uint8_t *data = arena_alloc(buf->arena, capacity);
    if (data != NULL && buf->size > 0) memcpy(data, buf->data, buf->size);
    return data;
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
    uint8_t *data = buf_grown(buf, capacity);
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
