/* A line of CSV (RFC 4180, other delimiters allowed) and what it says as an item. One thread. */
#ifndef TRANSFER_CSV_H
#define TRANSFER_CSV_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"

enum { CSV_COLUMNS_MAX = 2000 };

struct csv_row {
    struct leat_slice *fields; /* in the arena; borrowed from the line, or the arena's when they were quoted */
    size_t count;
};

/* LEAT_VALIDATION: quotes that do not match, too many columns. The line's end is not part of it. */
enum leat_code csv_parse(struct leat_slice line, uint8_t delimiter, struct arena *arena, struct csv_row *out,
                         struct leat_fault *fault) LEAT_MUST_USE;

/* "All columns other than the keys of your base table and secondary indexes are imported as DynamoDB strings." */
enum leat_code csv_item(const struct csv_row *header, const struct csv_row *row, const struct leat_attribute *attributes,
                        size_t attribute_count, struct arena *arena, struct buf *out, struct leat_fault *fault) LEAT_MUST_USE;

#endif
