#include "base/random.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void random_bytes(void *out, size_t size) {
    unsigned char *at = out;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        /* The kernel has had getrandom since 3.17; without it there is nothing safe to fall back on. */
        if (got < 0 && errno != EINTR) abort();
        if (got <= 0) continue;
        at += got;
        size -= (size_t)got;
    }
}

void random_uuid(char out[RANDOM_UUID_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[16];
    random_bytes(bytes, sizeof bytes);
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40); /* RFC 4122 section 4.4: version 4 */
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80); /* and its variant */
    char *to = out;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *to++ = '-';
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    *to = 0;
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
enum { REQUEST_ID_LETTERS = 52 };

/* SplitMix64: a sequence of its own for each thread, begun anywhere. Not for secrets. */
static uint64_t random_plain(void) {
    static _Thread_local uint64_t state;
    if (state == 0) random_bytes(&state, sizeof state);
    uint64_t mixed = state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

/* Every answer carries one: asking the kernel for its letters would cost as much as reading a request's body. They are no secrets, and
 * a forked child that repeats its parent's does no harm. */
void random_request_id(char out[53]) {
    /* a letter a byte; 256 is no multiple of 36: some letters are a little likelier, which an identifier bears */
    static const char letters[256 + 1] = LETTERS LETTERS LETTERS LETTERS LETTERS LETTERS LETTERS "ABCD";
    char text[(REQUEST_ID_LETTERS + 7) / 8 * 8];
    for (size_t i = 0; i < sizeof text; i += 8) {
        uint64_t bits = random_plain();
        for (size_t k = 0; k < 8; k++) text[i + k] = letters[bits >> 8 * k & 0xff];
    }
    memcpy(out, text, REQUEST_ID_LETTERS);
    out[REQUEST_ID_LETTERS] = 0;
}
