/* The pieces of Ion text: white space, strings, symbols, blobs, numbers. Private to ion_read.c and ion_text.c. */
#ifndef TRANSFER_ION_TEXT_H
#define TRANSFER_ION_TEXT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"
#include "item/number.h"

struct ion_text {
    const uint8_t *begin, *at, *end;
    struct arena *arena; /* what is decoded goes here */
    struct leat_fault *fault;
};

enum leat_code ion_malformed(const struct ion_text *text) LEAT_MUST_USE;

enum leat_code ion_skip(struct ion_text *text) LEAT_MUST_USE; /* white space and comments */
bool ion_starts(const struct ion_text *text, const char *what);
bool ion_take(struct ion_text *text, const char *what); /* moves past it when it is there */

/* A name as it stands bare, empty when there is none: letters, digits, "_", "$", not beginning with a digit. */
struct leat_slice ion_identifier(struct ion_text *text);
/* Behind the opening quote, up to and past the closing one ("'''" joins with what follows). Decoded, in the arena. */
enum leat_code ion_quoted(struct ion_text *text, const char *quote, struct leat_slice *out) LEAT_MUST_USE;
/* Behind "{{", up to and past "}}". LEAT_VALIDATION for a clob. */
enum leat_code ion_blob(struct ion_text *text, struct leat_slice *out) LEAT_MUST_USE;
/* A decimal or an integer. LEAT_VALIDATION for floats and timestamps, and for what a DynamoDB number cannot hold. */
enum leat_code ion_number(struct ion_text *text, struct item_number *out) LEAT_MUST_USE;

#endif
