/* The items of a file of an import, one after the other, in bounded memory. One thread. */
#ifndef TRANSFER_READER_H
#define TRANSFER_READER_H

#include "transfer/format.h"
#include "transfer/inflow.h"

enum { READER_ITEM_BYTES_MAX = 16 << 20 /* of text: 400 KB of values can be written that wastefully */ };

struct reader_options {
    enum transfer_format format;
    enum inflow_kind compression;
    /* CSV */
    uint8_t delimiter; /* 0: a comma */
    const struct leat_slice *headers; /* none: the first line has them */
    size_t header_count;
    const struct leat_attribute *attributes; /* of keys: the others are strings */
    size_t attribute_count;
};

enum reader_result {
    READER_ITEM,   /* an item, in its compact encoding; valid until the next call */
    READER_END,
    READER_WRONG,  /* something that is no item; the next one may be. fault says why */
    READER_BROKEN, /* the rest of the file cannot be read, or not as this format. fault says why; the end follows */
    READER_FAILED, /* the disk, or memory. fault says why */
};

struct reader;

/* Takes fd, also when it fails. What the options point to must outlive the reader. */
enum leat_code reader_new(int fd, const struct reader_options *options, struct reader **out, struct leat_fault *fault) LEAT_MUST_USE;
void reader_free(struct reader *reader);

/* Before the first reader_next: passes over what was read before, by reader_offset at that time. */
enum reader_result reader_skip(struct reader *reader, uint64_t offset, struct leat_fault *fault);
enum reader_result reader_next(struct reader *reader, struct leat_slice *item, struct leat_fault *fault);
uint64_t reader_offset(const struct reader *reader); /* bytes of text behind the newest item */

#endif
