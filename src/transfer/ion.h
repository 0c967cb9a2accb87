/* Amazon Ion text, as far as items need it. Source: Ion 1.0 specification, "Text encoding"; DynamoDB Developer Guide, "DynamoDB to Ion
 * datatype conversion": string S, bool BOOL, decimal N, blob B, list L, struct M, null NULL; sets are lists with an annotation. */
#ifndef TRANSFER_ION_H
#define TRANSFER_ION_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"

void ion_write_name(struct buf *out, struct leat_slice name); /* a field's name and the colon */
void ion_write_item(struct buf *out, struct leat_slice item); /* a struct */
void ion_write_decimal(struct buf *out, uint64_t value);

/* Reads {Item:{...}}, perhaps behind version markers, and appends the item's bytes to out. LEAT_SERIALIZATION: not Ion text.
 * LEAT_VALIDATION: Ion, but not an item. After a fault out is as it was. */
enum leat_code ion_read_item(struct leat_slice text, struct arena *arena, struct buf *out, struct leat_fault *fault) LEAT_MUST_USE;

#endif
