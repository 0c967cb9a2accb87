/* What lies in the files of exports and imports: items as lines of text.
 * Source: DynamoDB Developer Guide, "DynamoDB table export output format" and "Amazon S3 import formats for DynamoDB". */
#ifndef TRANSFER_FORMAT_H
#define TRANSFER_FORMAT_H

#include "base/buf.h"
#include "base/fault.h"

enum transfer_format { TRANSFER_DYNAMODB_JSON = 1, TRANSFER_ION, TRANSFER_CSV };

const char *transfer_format_name(enum transfer_format format);      /* "DYNAMODB_JSON" */
enum transfer_format transfer_format_of(struct leat_slice name);    /* 0: unknown */
const char *transfer_format_extension(enum transfer_format format); /* "json" */

/* Appends a line with an item: {"Item":{...}}, or $ion_1_0 {Item:{...}}. Not CSV. */
void transfer_write_item(enum transfer_format format, struct leat_slice item, struct buf *out);

/* What has become of an item between two moments. */
struct transfer_change {
    uint64_t written_us;                    /* the last write, microseconds since 1970 */
    struct leat_slice keys;
    struct leat_slice old_image, new_image; /* absent: it was not there; or it is not wanted */
};
void transfer_write_change(enum transfer_format format, const struct transfer_change *change, struct buf *out);

#endif
