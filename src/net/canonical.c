#include "net/canonical.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/slice.h"
#include "net/sigv4.h"

static bool unreserved(uint8_t byte) {
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
           byte == '-' || byte == '_' || byte == '.' || byte == '~';
}

/* RFC 3986 section 2.1, capitals. */
static void encode(struct buf *out, struct leat_slice text, bool keep_slash) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (unreserved(byte) || (keep_slash && byte == '/')) {
            buf_byte(out, byte);
        } else {
            uint8_t code[3] = {'%', (uint8_t)digits[byte >> 4], (uint8_t)digits[byte & 15]};
            buf_append(out, code, 3);
        }
    }
}

/* Without empty and dot segments (RFC 3986 section 5.2.4), then encoded once more. */
static void append_normal_path(struct buf *out, struct leat_slice path) {
    size_t begin = out->size;
    const uint8_t *at = path.data, *end = at + path.size;
    while (at < end) {
        const uint8_t *stop = memchr(at, '/', (size_t)(end - at));
        if (stop == NULL) stop = end;
        struct leat_slice segment = slice_of(at, (size_t)(stop - at));
        if (slice_is(segment, "..")) {
            while (out->size > begin && out->data[--out->size] != '/') {}
        } else if (segment.size > 0 && !slice_is(segment, ".")) {
            buf_byte(out, '/');
            encode(out, segment, false);
        }
        at = stop + 1;
    }
    if (out->size == begin || path.data[path.size - 1] == '/') buf_byte(out, '/');
}

static bool append_path(struct buf *out, const struct net_request *request, bool as_sent) {
    if (!as_sent) {
        append_normal_path(out, request->path);
        return true;
    }
    struct leat_slice decoded = net_percent_decode(request->arena, request->path, false);
    if (decoded.data != NULL) encode(out, decoded, true);
    return decoded.data != NULL;
}

struct parameter { struct leat_slice name, value; };

static int parameter_order(const void *a, const void *b) {
    const struct parameter *left = a, *right = b;
    int order = slice_compare(left->name, right->name);
    return order != 0 ? order : slice_compare(left->value, right->value);
}

/* Decoded and encoded again, so that it does not matter which way the client has written a character. */
static struct leat_slice recode(struct arena *arena, struct leat_slice text) {
    struct leat_slice decoded = net_percent_decode(arena, text, false);
    if (decoded.data == NULL) return decoded;
    struct buf coded;
    buf_init(&coded, decoded.size * 3);
    encode(&coded, decoded, false);
    struct leat_slice copy = buf_ok(&coded) ? arena_copy(arena, buf_view(&coded)) : (struct leat_slice){NULL, 0};
    buf_fini(&coded);
    return copy;
}

static bool read_parameter(struct arena *arena, const uint8_t *at, const uint8_t *stop, struct parameter *out) {
    const uint8_t *equals = memchr(at, '=', (size_t)(stop - at));
    const uint8_t *name_end = equals != NULL ? equals : stop;
    out->name = recode(arena, slice_of(at, (size_t)(name_end - at)));
    out->value = equals != NULL ? recode(arena, slice_of(equals + 1, (size_t)(stop - equals - 1))) : SLICE("");
    return out->name.data != NULL && out->value.data != NULL;
}

static bool append_query(struct buf *out, const struct net_request *request, bool presigned) {
    if (request->query.size == 0) return true;
    struct parameter *parameters = ARENA_ARRAY(request->arena, struct parameter, NET_SIGV4_PARAMETERS_MAX);
    if (parameters == NULL) return false;
    size_t count = 0;
    const uint8_t *at = request->query.data, *end = at + request->query.size;
    while (at < end) {
        const uint8_t *stop = memchr(at, '&', (size_t)(end - at));
        if (stop == NULL) stop = end;
        if (stop > at) {
            if (count == NET_SIGV4_PARAMETERS_MAX) return false;
            if (!read_parameter(request->arena, at, stop, &parameters[count])) return false;
            if (!presigned || !slice_is(parameters[count].name, "X-Amz-Signature")) count++;
        }
        at = stop + 1;
    }
    qsort(parameters, count, sizeof parameters[0], parameter_order);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) buf_byte(out, '&');
        buf_slice(out, parameters[i].name);
        buf_byte(out, '=');
        buf_slice(out, parameters[i].value);
    }
    return true;
}

/* Runs of spaces count as one. */
static void append_value(struct buf *out, struct leat_slice value) {
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] != ' ' || value.data[i - 1] != ' ')
            buf_byte(out, value.data[i]); /* values begin with no space */
}

static void append_header(struct buf *out, const struct net_request *request, struct leat_slice name) {
    bool any = false;
    buf_slice(out, name);
    buf_byte(out, ':');
    for (size_t i = 0; i < request->header_count; i++) {
        const struct net_header *header = &request->headers[i];
        if (header->name.size != name.size ||
            strncasecmp((const char *)header->name.data, (const char *)name.data, name.size) != 0)
            continue;
        if (any) buf_byte(out, ',');
        append_value(out, header->value);
        any = true;
    }
    buf_byte(out, '\n');
}

static void append_headers(struct buf *out, const struct net_request *request, struct leat_slice names) {
    const uint8_t *at = names.data, *end = at + names.size;
    while (at < end) {
        const uint8_t *stop = memchr(at, ';', (size_t)(end - at));
        if (stop == NULL) stop = end;
        append_header(out, request, slice_of(at, (size_t)(stop - at)));
        at = stop + 1;
    }
}

bool net_canonical_request(struct buf *out, const struct net_request *request, const struct net_canonical *how) {
    buf_slice(out, request->method);
    buf_byte(out, '\n');
    if (!append_path(out, request, how->path_as_sent)) return false;
    buf_byte(out, '\n');
    if (!append_query(out, request, how->presigned)) return false;
    buf_byte(out, '\n');
    append_headers(out, request, how->signed_headers);
    buf_byte(out, '\n');
    buf_slice(out, how->signed_headers);
    buf_byte(out, '\n');
    buf_slice(out, how->payload_hash);
    return buf_ok(out);
}
