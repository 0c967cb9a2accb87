#include <string.h>
#include <strings.h>

#include "base/slice.h"
#include "net/server.h"

struct leat_slice net_request_header(const struct net_request *request, const char *name) {
    size_t size = strlen(name);
    for (size_t i = 0; i < request->header_count; i++) {
        struct leat_slice found = request->headers[i].name;
        /* the first letter tells most names of one size apart, at a fraction of a call's costs */
        if (found.size == size && (found.data[0] | 0x20) == (name[0] | 0x20) && strncasecmp((const char *)found.data, name, size) == 0)
            return request->headers[i].value;
    }
    return (struct leat_slice){NULL, 0};
}

static int hex_digit(uint8_t byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

struct leat_slice net_percent_decode(struct arena *arena, struct leat_slice text, bool plus) {
    const struct leat_slice absent = {NULL, 0};
    if (text.size == 0) return text.data == NULL ? absent : text;
    if (memchr(text.data, '%', text.size) == NULL && (!plus || memchr(text.data, '+', text.size) == NULL)) return text;
    uint8_t *out = arena_alloc(arena, text.size + 1);
    if (out == NULL) return absent;
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '%') {
            int high = i + 2 < text.size ? hex_digit(text.data[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text.data[i + 2]) : -1;
            if (low < 0) return absent;
            out[size++] = (uint8_t)(high * 16 + low);
            i += 2;
        } else {
            out[size++] = plus && text.data[i] == '+' ? ' ' : text.data[i];
        }
    }
    out[size] = 0;
    return slice_of(out, size);
}

struct leat_slice net_request_query(struct net_request *request, const char *name) {
    size_t place = 0;
    return net_request_query_next(request, name, &place);
}

struct leat_slice net_request_query_next(struct net_request *request, const char *name, size_t *place) {
    if (*place >= request->query.size) return (struct leat_slice){NULL, 0};
    const uint8_t *at = request->query.data + *place, *end = request->query.data + request->query.size;
    while (at < end) {
        const uint8_t *stop = memchr(at, '&', (size_t)(end - at));
        if (stop == NULL) stop = end;
        const uint8_t *equals = memchr(at, '=', (size_t)(stop - at));
        struct leat_slice key = slice_of(at, (size_t)((equals != NULL ? equals : stop) - at));
        key = net_percent_decode(request->arena, key, true);
        *place = (size_t)(stop - request->query.data) + 1;
        if (key.data != NULL && slice_is(key, name)) {
            if (equals == NULL) return SLICE("");
            return net_percent_decode(request->arena, slice_of(equals + 1, (size_t)(stop - equals - 1)), true);
        }
        at = stop + 1;
    }
    return (struct leat_slice){NULL, 0};
}
