#include "base/random.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
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
enum { REQUEST_ID_LETTERS = 52, REQUEST_IDS_AHEAD = 16 };

/* Every answer carries one, so bytes for some are fetched ahead: a system call each would cost more than reading the request.
 * They are no secrets, and a forked child that repeats a few of its parent's does no harm. */
void random_request_id(char out[53]) {
    static const char letters[256 + 1] = LETTERS LETTERS LETTERS LETTERS LETTERS LETTERS LETTERS "ABCD";
    static _Thread_local uint8_t ahead[REQUEST_ID_LETTERS * REQUEST_IDS_AHEAD];
    static _Thread_local size_t left = 0;
    if (left == 0) {
        random_bytes(ahead, sizeof ahead);
        left = REQUEST_IDS_AHEAD;
    }
    const uint8_t *bytes = ahead + --left * REQUEST_ID_LETTERS;
    /* 256 is no multiple of 36: some letters are a little likelier, which an identifier bears */
    for (size_t i = 0; i < REQUEST_ID_LETTERS; i++) out[i] = letters[bytes[i]];
    out[REQUEST_ID_LETTERS] = 0;
}
