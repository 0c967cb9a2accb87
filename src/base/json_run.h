/* How far text stands in a JSON string as it is (RFC 8259 section 7). Private to src/base: reader and writer. */
#ifndef BASE_JSON_RUN_H
#define BASE_JSON_RUN_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* A byte with its top bit set for each byte of `eight` that ends a run. The lowest such byte is exact; above it there may be
 * false ones, which nobody looks at. */
static inline uint64_t json_run_stops(uint64_t eight, bool ascii) {
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    uint64_t quote = eight ^ ones * '"', slash = eight ^ ones * '\\';
    uint64_t stops = ((eight - ones * 0x20) & ~eight) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
    return (ascii ? stops | eight : stops) & tops;
}

#ifdef __SSE2__
/* The same for sixteen bytes, a bit each, all exact. */
static inline unsigned json_run_stops_16(const uint8_t *at, bool ascii) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    __m128i stops = _mm_or_si128(control, _mm_or_si128(quote, slash));
    return (unsigned)_mm_movemask_epi8(ascii ? _mm_or_si128(stops, bytes) : stops);
}
#endif

/* The first byte that must be looked at: a control character, a quote, a backslash and, with `ascii`, one over 0x7f. */
static inline const uint8_t *json_run_end(const uint8_t *at, const uint8_t *end, bool ascii) {
#ifdef __SSE2__
    for (; end - at >= 16; at += 16) {
        unsigned stops = json_run_stops_16(at, ascii);
        if (stops != 0) return at + __builtin_ctz(stops);
    }
#endif
    for (; end - at >= 8; at += 8) {
        uint64_t eight;
        memcpy(&eight, at, sizeof eight);
        uint64_t stops = json_run_stops(le64toh(eight), ascii);
        if (stops != 0) return at + (__builtin_ctzll(stops) >> 3);
    }
    while (at < end && *at >= 0x20 && !(ascii && *at >= 0x80) && *at != '"' && *at != '\\') at++;
    return at;
}

#endif
