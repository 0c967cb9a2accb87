/* Key schemas: which attributes are the keys of a table or index, and the bytes under which items lie in the store.
 *
 *   item        := 0x01 hash:2 partition-key-component sort-key-component
 *   local index := 0x10+i hash:2 partition-key-component index-sort-component base-sort-component
 *   global idx  := 0x01 hash:2 index-partition-component index-sort-component base-partition-component base-sort-component
 *   expiry      := 0x02 seconds:8 item
 *   collection  := 0x03 hash:2 partition-key-component
 *   counters    := 0x00, of a local index 0x00 0x10+i
 *
 * A partition key component longer than SCHEMA_COMPONENT_MAX is replaced by 0xFE and its SHA-256: only equality and the
 * hash order matter for it, and engines have short keys. Sort key components keep their order and are never shortened.
 * hash is item_key_hash, big-endian, so a table's items lie in hash order. */
#ifndef TABLE_SCHEMA_H
#define TABLE_SCHEMA_H

#include "base/buf.h"
#include "base/fault.h"
#include "item/key.h"
#include "item/value.h"
#include "leat_types.h"

enum {
    SCHEMA_SPACE_COUNTERS = 0x00,
    SCHEMA_SPACE_ITEMS = 0x01,
    SCHEMA_SPACE_EXPIRY = 0x02, /* expiry.h */
    SCHEMA_SPACE_COLLECTIONS = 0x03, /* collections.h */
    SCHEMA_SPACE_LOCAL = 0x10,
    SCHEMA_LOCALS_MAX = 5, /* local indexes of a table */
    SCHEMA_COMPONENT_MAX = 160,
    SCHEMA_PARTITION_KEY_MAX = 2048,
    SCHEMA_SORT_KEY_MAX = 1024,
    SCHEMA_ITEM_MAX = 400 * 1024
};

struct schema {
    struct leat_slice partition, sort; /* attribute names; sort absent: there is none */
    enum item_type partition_type, sort_type;
};

/* The values of the keys in an item; type ITEM_ABSENT where the item has none. */
struct schema_key { struct item_value partition, sort; };
struct schema_key schema_key_of(const struct schema *schema, struct leat_slice item);

/* Checks an item to be put: LEAT_VALIDATION "... Missing the key pk in the item", type mismatch, empty, too long. */
enum leat_code schema_check_item(const struct schema *schema, struct leat_slice item, struct schema_key *out,
                                 struct leat_fault *fault) LEAT_MUST_USE;
/* Checks a Key: exactly the schema's attributes. "The provided key element does not match the schema". */
enum leat_code schema_check_key(const struct schema *schema, struct leat_slice key, struct schema_key *out,
                                struct leat_fault *fault) LEAT_MUST_USE;

/* Appends the key attributes as an item (names and values, in canonical order). */
void schema_put_key_item(const struct schema *schema, const struct schema_key *key, struct buf *out);

/* space, hash and partition key component; answers the hash, as the next one does */
uint16_t schema_put_partition(struct buf *out, uint8_t space, const struct item_value *partition);
/* the whole store key of a table's item */
uint16_t schema_put_item_key(struct buf *out, const struct schema_key *key);
/* a partition key as a component without hash: as it stands in the tail of a global index entry's key */
void schema_put_component(struct buf *out, const struct item_value *partition);

/* Which of `parts` partitions a hash belongs to: ranges of the hash space, in order. */
static inline uint16_t schema_part(uint16_t hash, uint16_t parts) { return (uint16_t)(((uint32_t)hash * parts) >> 16); }

#endif
