#include "table/schema.h"

#include <openssl/evp.h>

#include "base/slice.h"

enum { COMPONENT_DIGEST = 0xFE };

struct schema_key schema_key_of(const struct schema *schema, struct leat_slice item) {
    struct schema_key key = {{0}, {0}};
    (void)item_find(item, schema->partition, &key.partition);
    if (schema->sort.data != NULL) (void)item_find(item, schema->sort, &key.sort);
    return key;
}

static enum leat_code check_size(const struct item_value *value, bool partition, struct leat_fault *fault) {
    size_t max = partition ? SCHEMA_PARTITION_KEY_MAX : SCHEMA_SORT_KEY_MAX;
    if (value->type == ITEM_N || value->payload.size <= max) return LEAT_OK;
    if (partition)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of"
                         "2048 bytes");
    return fault_set(fault, LEAT_VALIDATION,
                     "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size "
                     "limit of 1024 bytes");
}

static enum leat_code check_filled(const struct item_value *value, struct leat_slice name, struct leat_fault *fault) {
    if (value->payload.size > 0 || value->type == ITEM_N) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION,
                     "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                     "empty %s value. Key: %.*s", value->type == ITEM_S ? "string" : "binary", SLICE_FORMAT(name));
}

static enum leat_code check_present(const struct item_value *value, struct leat_slice name, enum item_type type,
                                    struct leat_fault *fault) {
    if (value->type == ITEM_ABSENT)
        return fault_set(fault, LEAT_VALIDATION, "One or more parameter values were invalid: Missing the key %.*s in the item",
                         SLICE_FORMAT(name));
    if (value->type != type)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Type mismatch for key %.*s expected: %s actual: %s",
                         SLICE_FORMAT(name), item_type_name(type), item_type_name(value->type));
    return LEAT_OK;
}

enum leat_code schema_check_item(const struct schema *schema, struct leat_slice item, struct schema_key *out,
                                 struct leat_fault *fault) {
    *out = schema_key_of(schema, item);
    bool sorted = schema->sort.data != NULL;
    TRY(check_present(&out->partition, schema->partition, schema->partition_type, fault));
    if (sorted) TRY(check_present(&out->sort, schema->sort, schema->sort_type, fault));
    TRY(check_filled(&out->partition, schema->partition, fault));
    if (sorted) TRY(check_filled(&out->sort, schema->sort, fault));
    TRY(check_size(&out->partition, true, fault));
    return sorted ? check_size(&out->sort, false, fault) : LEAT_OK;
}

enum leat_code schema_check_key(const struct schema *schema, struct leat_slice key, struct schema_key *out,
                                struct leat_fault *fault) {
    *out = schema_key_of(schema, key);
    bool sorted = schema->sort.data != NULL;
    struct item_value whole = {.type = ITEM_M, .payload = key};
    if (item_count(&whole) != (sorted ? 2u : 1u) || out->partition.type != schema->partition_type ||
        (sorted && out->sort.type != schema->sort_type))
        return fault_set(fault, LEAT_VALIDATION, "The provided key element does not match the schema");
    TRY(check_filled(&out->partition, schema->partition, fault));
    if (sorted) TRY(check_filled(&out->sort, schema->sort, fault));
    TRY(check_size(&out->partition, true, fault));
    return sorted ? check_size(&out->sort, false, fault) : LEAT_OK;
}

void schema_put_key_item(const struct schema *schema, const struct schema_key *key, struct buf *out) {
    bool sorted = schema->sort.data != NULL && key->sort.type != ITEM_ABSENT;
    bool sort_first = sorted && slice_compare(schema->sort, schema->partition) < 0;
    if (sort_first) {
        item_put_name(out, schema->sort);
        item_put_value(out, &key->sort);
    }
    item_put_name(out, schema->partition);
    item_put_value(out, &key->partition);
    if (sorted && !sort_first) {
        item_put_name(out, schema->sort);
        item_put_value(out, &key->sort);
    }
}

void schema_put_component(struct buf *out, const struct item_value *partition) {
    size_t mark = out->size;
    item_key_append(out, partition);
    if (!buf_ok(out) || out->size - mark <= SCHEMA_COMPONENT_MAX) return;
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(out->data + mark, out->size - mark, digest, &size, EVP_sha256(), NULL) != 1) {
        out->failed = true;
        return;
    }
    out->size = mark;
    buf_byte(out, COMPONENT_DIGEST);
    buf_append(out, digest, size);
}

uint16_t schema_put_partition(struct buf *out, uint8_t space, const struct item_value *partition) {
    uint16_t hash = item_key_hash(partition);
    buf_byte(out, space);
    buf_byte(out, (uint8_t)(hash >> 8));
    buf_byte(out, (uint8_t)hash);
    schema_put_component(out, partition);
    return hash;
}

uint16_t schema_put_item_key(struct buf *out, const struct schema_key *key) {
    uint16_t hash = schema_put_partition(out, SCHEMA_SPACE_ITEMS, &key->partition);
    if (key->sort.type != ITEM_ABSENT) item_key_append(out, &key->sort);
    return hash;
}
