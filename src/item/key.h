/* Order-preserving key encoding: comparing the encoded bytes compares the values, component by component.
 *
 *   component := type:1 body
 *   N body    := item_number_encode (self-delimiting)
 *   S, B body := bytes with each 0x00 written as 0x00 0xFF, ended by 0x00 0x01
 *
 * Types of one key attribute never mix, so the order between types does not matter. */
#ifndef ITEM_KEY_H
#define ITEM_KEY_H

#include "item/value.h"

/* Appends one component; value must be S, N or B. */
void item_key_append(struct buf *out, const struct item_value *value);

/* The bytes that every component beginning with the S or B `prefix` begins with (for begins_with): the component without its end. */
void item_key_append_prefix(struct buf *out, const struct item_value *prefix);

/* Where a partition key lies in the hash space. Stable for ever. */
uint16_t item_key_hash(const struct item_value *partition_key);

/* Turns `key` into the smallest key greater than everything that begins with it; false when there is none (all 0xFF). */
bool item_key_successor(struct buf *key);

#endif
