#include "stream/iterator.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/encode.h"
#include "base/hash.h"
#include "base/slice.h"

/* Not secret: it only tells a damaged or invented iterator from one of ours. */
static uint32_t iterator_check(struct leat_slice arn, const struct stream_iterator *iterator) {
    uint64_t parts[5] = {hash_bytes(arn), hash_bytes(iterator->shard), iterator->issued_ms, iterator->after, iterator->horizon};
    return (uint32_t)hash_bytes(slice_of(parts, sizeof parts));
}

enum leat_code stream_iterator_print(const struct stream_iterator *iterator, char out[LEAT_ITERATOR_SIZE],
                                     struct leat_fault *fault) {
    struct buf text, plain;
    buf_init(&text, LEAT_ITERATOR_SIZE);
    buf_init(&plain, LEAT_ITERATOR_SIZE);
    buf_print(&plain, "%08" PRIx32 " %" PRIu64 " %" PRIu64 " %d %.*s", iterator_check(iterator->stream_arn, iterator),
              iterator->issued_ms, iterator->after, iterator->horizon, SLICE_FORMAT(iterator->shard));
    buf_slice(&text, iterator->stream_arn);
    buf_append(&text, "|1|", 3);
    base64_encode(&text, buf_view(&plain));
    buf_byte(&text, 0);
    bool fits = buf_ok(&text) && buf_ok(&plain);
    if (fits) memcpy(out, text.data, text.size);
    buf_fini(&text);
    buf_fini(&plain);
    return fits ? LEAT_OK : fault_set(fault, LEAT_INTERNAL, "a shard iterator would be over %d bytes", LEAT_ITERATOR_SIZE);
}

static bool iterator_take_apart(struct leat_slice text, struct arena *arena, struct stream_iterator *out) {
    const uint8_t *bar = memchr(text.data, '|', text.size);
    if (bar == NULL || text.size >= LEAT_ITERATOR_SIZE) return false;
    out->stream_arn = slice_of(text.data, (size_t)(bar - text.data));
    struct leat_slice rest = slice_of(bar, text.size - out->stream_arn.size);
    if (!slice_starts(rest, SLICE("|1|"))) return false;
    struct leat_slice plain = arena_copy(arena, base64_decode(arena, slice_of(rest.data + 3, rest.size - 3)));
    if (plain.data == NULL) return false;
    uint32_t check;
    int horizon, place = 0;
    if (sscanf((const char *)plain.data, "%08" SCNx32 " %" SCNu64 " %" SCNu64 " %d %n", &check, &out->issued_ms, &out->after,
               &horizon, &place) < 4 || place <= 0 || (size_t)place >= plain.size)
        return false;
    out->horizon = horizon != 0;
    out->shard = slice_of(plain.data + place, plain.size - (size_t)place);
    return check == iterator_check(out->stream_arn, out);
}

enum leat_code stream_iterator_parse(struct leat_slice text, uint64_t now_ms, struct arena *arena,
                                     struct stream_iterator *out, struct leat_fault *fault) {
    if (text.data == NULL || !iterator_take_apart(text, arena, out))
        return fault_set(fault, LEAT_VALIDATION, "Invalid ShardIterator.");
    if (now_ms > out->issued_ms + STREAM_ITERATOR_LIFE_MS)
        return fault_set(fault, LEAT_EXPIRED_ITERATOR, "Shard iterator has expired");
    return LEAT_OK;
}
