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

void store_window_clear(struct store_window *window) {
    free((void *)(uintptr_t)window->state.data);
    *window = (struct store_window){.open = false};
}

bool store_window_keep(struct store_window *window, struct leat_slice state) {
    uint8_t *copy = malloc(state.size + 1);
    if (copy == NULL) return false;
    memcpy(copy, state.data, state.size);
    free((void *)(uintptr_t)window->state.data);
    window->state = slice_of(copy, state.size);
    return true;
}

void store_checkpoints_free(struct store_checkpoints *checkpoints) {
    for (size_t i = 0; i < checkpoints->count; i++) store_window_clear(&checkpoints->all[i].window);
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

static void put_int(struct buf *out, struct leat_slice name, uint64_t value) {
    item_put_name(out, name);
    item_put_int(out, (int64_t)value);
}

static struct leat_slice state_part(struct leat_slice state, size_t part) {
    size_t from = part * STORE_STATE_PART_BYTES;
    size_t size = state.size - from < STORE_STATE_PART_BYTES ? state.size - from : STORE_STATE_PART_BYTES;
    return slice_of(state.data + from, size);
}

static unsigned state_parts(struct leat_slice state) {
    return state.data == NULL ? 0 : 1 + (unsigned)((state.size > 0 ? state.size - 1 : 0) / STORE_STATE_PART_BYTES);
}

static void put_window(struct buf *out, const struct store_window *window) {
    if (!window->open) return;
    put_int(out, SLICE("WindowStart"), window->start_ms);
    put_int(out, SLICE("WindowLength"), window->length_ms);
    if (window->state.data == NULL) return;
    put_int(out, SLICE("StateParts"), state_parts(window->state));
    put_key(out, SLICE("State"), state_part(window->state, 0));
}

static void checkpoint_to_item(struct leat_slice uuid, const struct store_checkpoint *checkpoint, struct buf *out) {
    size_t mark = out->size;
    put_key(out, MAPPING, uuid);
    put_key(out, SHARD, slice_text(checkpoint->shard));
    if (checkpoint->sequence[0] != 0) put_key(out, SLICE("SequenceNumber"), slice_text(checkpoint->sequence));
    item_put_name(out, SLICE("Finished"));
    item_put_bool(out, checkpoint->finished);
    item_put_name(out, SLICE("Delivered"));
    item_put_bool(out, checkpoint->delivered);
    put_window(out, &checkpoint->window);
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

static uint64_t read_int(struct leat_slice item, struct leat_slice name) {
    struct item_value value;
    struct item_number number;
    int64_t integer;
    if (!item_find(item, name, &value) || value.type != ITEM_N || !item_number_decode(value.payload, &number)) return 0;
    return item_number_int64(&number, &integer) && integer > 0 ? (uint64_t)integer : 0;
}

/* Appends what the item has of the state. */
static bool read_state(struct leat_slice item, struct store_window *window) {
    struct item_value value;
    if (!item_find(item, SLICE("State"), &value) || value.type != ITEM_S) return true;
    uint8_t *all = realloc((void *)(uintptr_t)window->state.data, window->state.size + value.payload.size + 1);
    if (all == NULL) return false;
    memcpy(all + window->state.size, value.payload.data, value.payload.size);
    window->state = slice_of(all, window->state.size + value.payload.size);
    return true;
}

/* The items of a state's further parts come right behind their checkpoint's, in order. */
static bool is_part(struct leat_slice item, const struct store_checkpoints *before) {
    struct item_value shard;
    if (before->count == 0 || !item_find(item, SHARD, &shard) || shard.type != ITEM_S) return false;
    size_t size = strlen(before->all[before->count - 1].shard);
    return shard.payload.size > size && shard.payload.data[size] == '#' &&
           memcmp(shard.payload.data, before->all[before->count - 1].shard, size) == 0;
}

static struct store_checkpoint checkpoint_from_item(struct leat_slice item) {
    struct store_checkpoint checkpoint = {.parts = (unsigned)read_int(item, SLICE("StateParts"))};
    read_text(item, SHARD, checkpoint.shard, sizeof checkpoint.shard);
    read_text(item, SLICE("SequenceNumber"), checkpoint.sequence, sizeof checkpoint.sequence);
    checkpoint.finished = read_flag(item, SLICE("Finished"));
    checkpoint.delivered = read_flag(item, SLICE("Delivered"));
    checkpoint.window.start_ms = read_int(item, SLICE("WindowStart"));
    checkpoint.window.length_ms = read_int(item, SLICE("WindowLength"));
    checkpoint.window.open = checkpoint.window.length_ms > 0;
    return checkpoint;
}

static enum leat_code add_page(const struct leat_result *page, struct store_checkpoints *out, struct leat_fault *fault) {
    for (size_t i = 0; i < page->count; i++) {
        struct store_checkpoint checkpoint = checkpoint_from_item(page->items[i]);
        bool part = is_part(page->items[i], out);
        if (!part && !store_checkpoints_add(out, &checkpoint)) return fault_memory(fault);
        if (!read_state(page->items[i], &out->all[out->count - 1].window)) return fault_memory(fault);
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

static void put_checkpoint_key(struct buf *out, struct leat_slice uuid, const char *shard) {
    size_t mark = out->size;
    put_key(out, MAPPING, uuid);
    put_key(out, SHARD, slice_text(shard));
    if (item_close(out, mark) != LEAT_OK) out->failed = true;
}

enum { PART_NAME_SIZE = LEAT_SHARD_ID_SIZE + 12 };
static const char *part_name(const char *shard, unsigned part, char out[PART_NAME_SIZE]) {
    (void)snprintf(out, PART_NAME_SIZE, "%s#%u", shard, part);
    return out;
}

static void put_part(struct buf *out, struct leat_slice uuid, const char *name, struct leat_slice state) {
    size_t mark = out->size;
    put_key(out, MAPPING, uuid);
    put_key(out, SHARD, slice_text(name));
    put_key(out, SLICE("State"), state);
    if (item_close(out, mark) != LEAT_OK) out->failed = true;
}

/* What a write points to lies in `items`, which moves while it grows: the addresses come at the end. */
bool store_checkpoint_write(struct leat_slice uuid, const struct store_checkpoint *checkpoint, struct buf *items,
                            struct store_writes *out) {
    size_t starts[STORE_STATE_PARTS_MAX + 1] = {0};
    unsigned parts = checkpoint->window.open ? state_parts(checkpoint->window.state) : 0;
    unsigned all = parts > checkpoint->parts ? parts : checkpoint->parts;
    buf_clear(items);
    checkpoint_to_item(uuid, checkpoint, items);
    out->writes[0] = (struct leat_write){.kind = LEAT_PUT, .table = CHECKPOINTS};
    out->count = 1;
    for (unsigned part = 1; part < all && part < STORE_STATE_PARTS_MAX; part++) {
        char name[PART_NAME_SIZE];
        (void)part_name(checkpoint->shard, part, name);
        starts[out->count] = items->size;
        if (part < parts) put_part(items, uuid, name, state_part(checkpoint->window.state, part));
        else put_checkpoint_key(items, uuid, name);
        out->writes[out->count++] = (struct leat_write){.kind = part < parts ? LEAT_PUT : LEAT_DELETE, .table = CHECKPOINTS};
    }
    starts[out->count] = items->size;
    out->parts = parts;
    if (!buf_ok(items)) return false;
    for (size_t i = 0; i < out->count; i++) {
        struct leat_slice bytes = slice_of(items->data + starts[i], starts[i + 1] - starts[i]);
        if (out->writes[i].kind == LEAT_PUT) out->writes[i].item = bytes;
        else out->writes[i].key = bytes;
    }
    return true;
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
        const struct store_checkpoint *checkpoint = &checkpoints->all[i];
        put_checkpoint_key(&group.bytes, uuid, checkpoint->shard);
        group_add(&group, LEAT_DELETE, CHECKPOINTS);
        for (unsigned part = 1; part < checkpoint->parts; part++) {
            char name[PART_NAME_SIZE];
            put_checkpoint_key(&group.bytes, uuid, part_name(checkpoint->shard, part, name));
            group_add(&group, LEAT_DELETE, CHECKPOINTS);
        }
        if (group.count + STORE_STATE_PARTS_MAX > TRANSACTION_WRITES_MAX) code = group_commit(&group, db, fault);
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
