/* Structs of slices and integers as items, by a table of their members. Plain functions, any thread. */
#ifndef TRANSFER_RECORD_H
#define TRANSFER_RECORD_H

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"

enum record_kind {
    RECORD_TEXT,  /* struct leat_slice; absent: no member */
    RECORD_BYTES, /* the same, as a B */
    RECORD_INT    /* int64_t; 0: no member */
};

struct record_field {
    const char *name; /* NULL ends a table */
    enum record_kind kind;
    size_t offset;
};
#define RECORD_FIELD(structure, member, name, kind) {name, kind, offsetof(structure, member)}
#define RECORD_END {NULL, RECORD_INT, 0}

/* Appends the record as a whole item. */
enum leat_code record_write(const struct record_field *fields, const void *record, struct buf *out, struct leat_fault *fault) LEAT_MUST_USE;
/* Fills the members; texts are copied into the arena. */
enum leat_code record_read(const struct record_field *fields, struct leat_slice item, struct arena *arena, void *record,
                           struct leat_fault *fault) LEAT_MUST_USE;

#endif
