#include "trigger/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/slice.h"
#include "item/value.h"

enum { TRANSACTION_WRITES_MAX = 100, ITEM_BYTES_MAX = 400 * 1024 };

#define MAPPINGS SLICE("leat:mappings")
#define CHECKPOINTS SLICE("leat:checkpoints")
#define UUID SLICE("UUID")
#define MAPPING SLICE("MappingUUID") /* UUID is a reserved word of key conditions */
#define SHARD SLICE("ShardId")

/* ------------------------------------------------------------------ lists */

void store_checkpoints_free(struct store_checkpoints *checkpoints) {
    free(checkpoints->all);
    *checkpoints = (struct store_checkpoints){0};
}

bool store_checkpoints_add(struct store_checkpoints *checkpoints, const struct store_checkpoint *checkpoint) {
    if (checkpoints->count == checkpoints->capacity) {
        size_t capacity = checkpoints->capacity == 0 ? 8 : 2 * checkpoints->capacity;
        struct store_checkpoint *all = reallocarray(checkpoints->all, capacity, sizeof *all);
        if (all == NULL) return false;
        checkpoints->all = all;
        checkpoints->capacity = capacity;
    }
    checkpoints->all[checkpoints->count++] = *checkpoint;
    return true;
}

/* ------------------------------------------------------------------ tables */

static enum leat_code table_ensure(struct leat *db, struct leat_slice name, bool sorted, struct leat_fault *fault) {
    struct leat_description description = {0};
    enum leat_code code = leat_table_describe(db, name, &description, fault);
    leat_description_free(&description);
    if (code != LEAT_RESOURCE_NOT_FOUND) return code;
    const struct leat_attribute attributes[] = {{sorted ? MAPPING : UUID, 'S'}, {SHARD, 'S'}};
    struct leat_table table = {
        .name = name,
        .attributes = attributes,
        .attribute_count = sorted ? 2 : 1,
        .partition_key = attributes[0].name,
        .billing = LEAT_PROVISIONED, /* one partition is enough */
        .read_units = 1,
        .write_units = 1,
    };
    if (sorted) table.sort_key = SHARD;
    code = leat_table_create(db, &table, &description, fault);
    leat_description_free(&description);
    return code;
}

enum leat_code store_open(struct leat *db, struct leat_fault *fault) {
    TRY(table_ensure(db, MAPPINGS, false, fault));
    return table_ensure(db, CHECKPOINTS, true, fault);
}

/* ------------------------------------------------------------------ mappings */

static enum leat_code hand_over(const struct leat_result *page, store_mapping_fn each, void *context,
                                struct leat_fault *fault) {
    for (size_t i = 0; i < page->count; i++) {
        struct mapping *mapping = mapping_from_item(page->items[i]);
        if (mapping == NULL) return fault_set(fault, LEAT_STORE_CORRUPT, "An item of leat:mappings cannot be read");
        TRY(each(context, mapping, fault));
    }
    return LEAT_OK;
}

enum leat_code store_mappings_read(struct leat *db, store_mapping_fn each, void *context, struct leat_fault *fault) {
    struct leat_result page = {0}, next = {0};
    struct leat_query scan = {.table = MAPPINGS};
    enum leat_code code;
    do {
        code = leat_query(db, &scan, &next, fault);
        leat_result_free(&page); /* the query's start was borrowed from it */
        page = next;
        next = (struct leat_result){0};
        if (code == LEAT_OK) code = hand_over(&page, each, context, fault);
        scan.start = page.last_key;
    } while (code == LEAT_OK && scan.start.data != NULL);
    leat_result_free(&page);
    return code;
}

static enum leat_code memory_unless(bool ok, struct leat_fault *fault) { return ok ? LEAT_OK : fault_memory(fault); }

enum leat_code store_mapping_write(struct leat *db, const struct mapping *mapping, struct leat_fault *fault) {
    struct buf item;
    buf_init(&item, ITEM_BYTES_MAX);
    mapping_to_item(mapping, &item);
    enum leat_code code = memory_unless(buf_ok(&item), fault);
    if (code == LEAT_OK) code = leat_put(db, "leat:mappings", buf_view(&item), fault);
    buf_fini(&item);
    return code;
}

static void put_key(struct buf *out, struct leat_slice name, struct leat_slice value) {
    item_put_name(out, name);
    item_put_string(out, value);
}

enum leat_code store_mapping_delete(struct leat *db, struct leat_slice uuid, struct leat_fault *fault) {
    struct buf key;
    buf_init(&key, ITEM_BYTES_MAX);
    put_key(&key, UUID, uuid);
    enum leat_code code = item_close(&key, 0);
    code = code == LEAT_OK ? leat_delete(db, "leat:mappings", buf_view(&key), fault) : fault_memory(fault);
    buf_fini(&key);
    return code;
}

/* ------------------------------------------------------------------ checkpoints */

static void checkpoint_to_item(struct leat_slice uuid, const struct store_checkpoint *checkpoint, struct buf *out) {
    size_t mark = out->size;
    put_key(out, MAPPING, uuid);
    put_key(out, SHARD, slice_text(checkpoint->shard));
    if (checkpoint->sequence[0] != 0) put_key(out, SLICE("SequenceNumber"), slice_text(checkpoint->sequence));
    item_put_name(out, SLICE("Finished"));
    item_put_bool(out, checkpoint->finished);
    item_put_name(out, SLICE("Delivered"));
    item_put_bool(out, checkpoint->delivered);
    if (item_close(out, mark) != LEAT_OK) out->failed = true;
}

static void read_text(struct leat_slice item, struct leat_slice name, char *out, size_t size) {
    struct item_value value;
    if (!item_find(item, name, &value) || value.type != ITEM_S || value.payload.size >= size) return;
    memcpy(out, value.payload.data, value.payload.size);
    out[value.payload.size] = 0;
}

static bool read_flag(struct leat_slice item, struct leat_slice name) {
    struct item_value value;
    if (!item_find(item, name, &value) || value.type != ITEM_BOOL) return false;
    return value.payload.size == 1 && value.payload.data[0] != 0;
}

static struct store_checkpoint checkpoint_from_item(struct leat_slice item) {
    struct store_checkpoint checkpoint = {0};
    read_text(item, SHARD, checkpoint.shard, sizeof checkpoint.shard);
    read_text(item, SLICE("SequenceNumber"), checkpoint.sequence, sizeof checkpoint.sequence);
    checkpoint.finished = read_flag(item, SLICE("Finished"));
    checkpoint.delivered = read_flag(item, SLICE("Delivered"));
    return checkpoint;
}

static enum leat_code add_page(const struct leat_result *page, struct store_checkpoints *out, struct leat_fault *fault) {
    for (size_t i = 0; i < page->count; i++) {
        struct store_checkpoint checkpoint = checkpoint_from_item(page->items[i]);
        if (!store_checkpoints_add(out, &checkpoint)) return fault_memory(fault);
    }
    return LEAT_OK;
}

enum leat_code store_checkpoints_read(struct leat *db, struct leat_slice uuid, struct store_checkpoints *out,
                                      struct leat_fault *fault) {
    struct leat_result page = {0}, next = {0};
    struct buf values;
    buf_init(&values, ITEM_BYTES_MAX);
    put_key(&values, SLICE(":uuid"), uuid);
    enum leat_code code = item_close(&values, 0) == LEAT_OK ? LEAT_OK : fault_memory(fault);
    struct leat_query query = {
        .table = CHECKPOINTS, .key_condition = SLICE("MappingUUID = :uuid"), .values = buf_view(&values)};
    while (code == LEAT_OK) {
        code = leat_query(db, &query, &next, fault);
        leat_result_free(&page);
        page = next;
        next = (struct leat_result){0};
        if (code == LEAT_OK) code = add_page(&page, out, fault);
        query.start = page.last_key;
        if (query.start.data == NULL) break;
    }
    leat_result_free(&page);
    buf_fini(&values);
    return code;
}

bool store_checkpoint_write(struct leat_slice uuid, const struct store_checkpoint *checkpoint, struct buf *item,
                            struct leat_write *out) {
    buf_clear(item);
    checkpoint_to_item(uuid, checkpoint, item);
    *out = (struct leat_write){.kind = LEAT_PUT, .table = CHECKPOINTS, .item = buf_view(item)};
    return buf_ok(item);
}

static void put_checkpoint_key(struct buf *out, struct leat_slice uuid, const char *shard) {
    size_t mark = out->size;
    put_key(out, MAPPING, uuid);
    put_key(out, SHARD, slice_text(shard));
    if (item_close(out, mark) != LEAT_OK) out->failed = true;
}

bool store_checkpoint_forget(struct leat_slice uuid, const char *shard, struct buf *key, struct leat_write *out) {
    buf_clear(key);
    put_checkpoint_key(key, uuid, shard);
    *out = (struct leat_write){.kind = LEAT_DELETE, .table = CHECKPOINTS, .key = buf_view(key)};
    return buf_ok(key);
}

/* Writes that go out together. What they point to lies one behind the other in `bytes`, which may move while it grows:
 * until the end a slice holds its place there instead of an address. */
struct group {
    struct leat_write writes[TRANSACTION_WRITES_MAX];
    size_t starts[TRANSACTION_WRITES_MAX + 1];
    size_t count;
    struct buf bytes;
};

static void group_init(struct group *group) {
    group->count = 0;
    group->starts[0] = 0;
    buf_init(&group->bytes, (size_t)TRANSACTION_WRITES_MAX * ITEM_BYTES_MAX);
}

/* What was appended to bytes since the last call is the item or key of another write. */
static void group_add(struct group *group, enum leat_write_kind kind, struct leat_slice table) {
    group->writes[group->count++] = (struct leat_write){.kind = kind, .table = table};
    group->starts[group->count] = group->bytes.size;
}

static enum leat_code group_commit(struct group *group, struct leat *db, struct leat_fault *fault) {
    struct leat_result result = {0};
    if (!buf_ok(&group->bytes)) return fault_memory(fault);
    for (size_t i = 0; i < group->count; i++) {
        struct leat_slice bytes = slice_of(group->bytes.data + group->starts[i], group->starts[i + 1] - group->starts[i]);
        if (group->writes[i].kind == LEAT_PUT) group->writes[i].item = bytes;
        else group->writes[i].key = bytes;
    }
    enum leat_code code =
        group->count == 0 ? LEAT_OK : leat_transact(db, group->writes, group->count, slice_of(NULL, 0), &result, fault);
    leat_result_free(&result);
    group->count = 0;
    buf_clear(&group->bytes);
    return code;
}

enum leat_code store_mapping_create(struct leat *db, const struct mapping *mapping,
                                    const struct store_checkpoints *checkpoints, struct leat_fault *fault) {
    struct group group;
    enum leat_code code = LEAT_OK;
    group_init(&group);
    for (size_t i = 0; i < checkpoints->count && code == LEAT_OK; i++) {
        checkpoint_to_item(mapping->settings.uuid, &checkpoints->all[i], &group.bytes);
        group_add(&group, LEAT_PUT, CHECKPOINTS);
        /* more than fit: the mapping comes with the last ones, so checkpoints without it are never read */
        if (group.count == TRANSACTION_WRITES_MAX) code = group_commit(&group, db, fault);
    }
    mapping_to_item(mapping, &group.bytes);
    group_add(&group, LEAT_PUT, MAPPINGS);
    if (code == LEAT_OK) code = group_commit(&group, db, fault);
    buf_fini(&group.bytes);
    return code;
}

static enum leat_code delete_all(struct leat *db, struct leat_slice uuid, const struct store_checkpoints *checkpoints,
                                 struct leat_fault *fault) {
    struct group group;
    enum leat_code code = LEAT_OK;
    group_init(&group);
    for (size_t i = 0; i < checkpoints->count && code == LEAT_OK; i++) {
        put_checkpoint_key(&group.bytes, uuid, checkpoints->all[i].shard);
        group_add(&group, LEAT_DELETE, CHECKPOINTS);
        if (group.count == TRANSACTION_WRITES_MAX) code = group_commit(&group, db, fault);
    }
    if (code == LEAT_OK) code = group_commit(&group, db, fault);
    buf_fini(&group.bytes);
    return code;
}

enum leat_code store_checkpoints_delete(struct leat *db, struct leat_slice uuid, struct leat_fault *fault) {
    struct store_checkpoints checkpoints = {0};
    enum leat_code code = store_checkpoints_read(db, uuid, &checkpoints, fault);
    if (code == LEAT_OK) code = delete_all(db, uuid, &checkpoints, fault);
    store_checkpoints_free(&checkpoints);
    return code;
}
