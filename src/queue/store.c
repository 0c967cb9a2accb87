#include "queue/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "item/member.h"

enum { KEY_BYTES_MAX = 512, DELIVERY_BYTES_MAX = 1024, QUEUE_BYTES_MAX = 390 * 1024, MESSAGE_BYTES_MAX = 400 * 1024, PARTS = 8 };

void store_name(const struct store_queue *queue, char out[STORE_NAME_SIZE]) {
    (void)snprintf(out, STORE_NAME_SIZE, "%s/%u", queue->id, (unsigned)queue->purges);
}

void store_id_text(const uint8_t id[INDEX_ID_SIZE], char out[RANDOM_UUID_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    char *at = out;
    for (unsigned i = 0; i < INDEX_ID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
        *at++ = digits[id[i] >> 4];
        *at++ = digits[id[i] & 15];
    }
    *at = 0;
}

void store_id_bytes(const char *text, uint8_t out[INDEX_ID_SIZE]) {
    size_t at = 0;
    for (; *text != 0 && at < (size_t)2 * INDEX_ID_SIZE; text++) {
        if (*text == '-') continue;
        uint8_t digit = (uint8_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
        out[at / 2] = (uint8_t)(at % 2 == 0 ? digit << 4 : out[at / 2] | digit);
        at++;
    }
}

/* ---- tables ---- */

static enum leat_code ensure(struct leat *db, const char *name, struct leat_slice partition, struct leat_slice sort,
                             struct leat_fault *fault) {
    struct leat_description description = {0};
    enum leat_code code = leat_table_describe(db, slice_text(name), &description, fault);
    leat_description_free(&description);
    if (code != LEAT_RESOURCE_NOT_FOUND) return code;
    const struct leat_attribute attributes[] = {{partition, 'S'}, {sort, 'N'}};
    struct leat_table table = {
        .name = slice_text(name),
        .attributes = attributes,
        .attribute_count = sort.data != NULL ? 2 : 1,
        .partition_key = partition,
        .sort_key = sort,
        .billing = LEAT_PAY_PER_REQUEST,
    };
    code = leat_table_create(db, &table, &description, fault);
    leat_description_free(&description);
    return code;
}

enum leat_code store_make_tables(struct leat *db, struct leat_fault *fault) {
    TRY(ensure(db, STORE_MESSAGES, SLICE("store"), SLICE("place"), fault));
    TRY(ensure(db, STORE_DELIVERIES, SLICE("store"), SLICE("place"), fault));
    return ensure(db, STORE_QUEUES, SLICE("name"), (struct leat_slice){NULL, 0}, fault);
}

/* ---- queues ---- */

void store_put_queue(struct batch *batch, struct leat_slice name, const struct store_queue *queue, const struct settings *settings) {
    struct buf item;
    batch_item(batch, &item, QUEUE_BYTES_MAX);
    item_put_member_text(&item, "name", name);
    item_put_member_text(&item, "id", slice_text(queue->id));
    item_put_member_int(&item, "purges", (int64_t)queue->purges);
    item_put_member_int(&item, "created", (int64_t)queue->created_ms);
    item_put_member_int(&item, "modified", (int64_t)queue->modified_ms);
    item_put_member_int(&item, "purged", (int64_t)queue->purged_ms);
    item_put_member_int(&item, "fifo", settings->fifo);
    settings_to_item(settings, &item);
    batch_add(batch, LEAT_PUT, STORE_QUEUES, &item);
}

void store_delete_queue(struct batch *batch, struct leat_slice name) {
    struct buf key;
    batch_item(batch, &key, KEY_BYTES_MAX);
    item_put_member_text(&key, "name", name);
    batch_add(batch, LEAT_DELETE, STORE_QUEUES, &key);
}

bool store_read_queue(struct leat_slice item, struct leat_slice *name, struct store_queue *queue) {
    struct leat_slice id = item_member_text(item, "id");
    *name = item_member_text(item, "name");
    if (id.size != sizeof queue->id - 1 || name->data == NULL || name->size > QUEUE_NAME_MAX) return false;
    memcpy(queue->id, id.data, id.size);
    queue->id[id.size] = 0;
    queue->purges = (uint64_t)item_member_int(item, "purges");
    queue->created_ms = (uint64_t)item_member_int(item, "created");
    queue->modified_ms = (uint64_t)item_member_int(item, "modified");
    queue->purged_ms = (uint64_t)item_member_int(item, "purged");
    return true;
}

enum leat_code store_find_queue(struct leat *db, struct leat_slice name, bool *found, bool *fifo, struct leat_fault *fault) {
    struct leat_result result = {0};
    struct buf key;
    buf_init(&key, KEY_BYTES_MAX);
    item_put_member_text(&key, "name", name);
    struct leat_get get = {.table = SLICE(STORE_QUEUES), .key = buf_view(&key)};
    enum leat_code code = buf_ok(&key) ? leat_get(db, &get, &result, fault) : fault_memory(fault);
    *found = code == LEAT_OK && result.count > 0;
    *fifo = *found && item_member_int(result.items[0], "fifo") != 0;
    leat_result_free(&result);
    buf_fini(&key);
    return code == LEAT_RESOURCE_NOT_FOUND ? LEAT_OK : code; /* no table: no queue was ever made */
}

/* ---- messages ---- */

static void put_key(struct buf *out, const char *store, uint64_t place) {
    item_put_member_int(out, "place", (int64_t)place);
    item_put_member_text(out, "store", slice_text(store));
}

bool store_content(struct buf *out, const struct queue_entry *entry, struct leat_slice source) {
    item_put_name(out, SLICE("attributes"));
    size_t all = item_begin(out, ITEM_M);
    for (size_t i = 0; i < entry->attribute_count; i++) {
        const struct queue_attribute *attribute = &entry->attributes[i];
        item_put_name(out, attribute->name);
        size_t one = item_begin(out, ITEM_M);
        item_put_member_text(out, "type", attribute->type);
        item_put_name(out, SLICE("value"));
        if (attribute->binary) item_put_binary(out, attribute->value);
        else item_put_string(out, attribute->value);
        if (item_end(out, one) != LEAT_OK) return false;
    }
    if (item_end(out, all) != LEAT_OK) return false;
    item_put_member_text(out, "body", entry->body);
    item_put_member_text(out, "source", source);
    item_put_member_text(out, "trace", entry->trace_header);
    return item_close(out, 0) == LEAT_OK;
}

/* Members in ascending order: then nothing is sorted. The first part has what the index wants to know. */
static void put_part(struct buf *item, const char *store, const struct index_message *message, struct leat_slice group,
                     struct leat_slice deduplication, unsigned part, unsigned parts) {
    if (part == 0) {
        item_put_member_text(item, "deduplication", deduplication);
        if (message->state == INDEX_DELAYED) item_put_member_int(item, "due", (int64_t)message->due_ms);
        if (message->received_before > 0) item_put_member_int(item, "first", (int64_t)message->first_received_ms);
        item_put_member_text(item, "group", group);
        item_put_name(item, SLICE("id"));
        item_put_binary(item, slice_of(message->id, sizeof message->id));
        item_put_member_int(item, "parts", parts);
    }
    item_put_member_int(item, "place", (int64_t)(message->sequence * PARTS + part));
    if (part == 0) {
        if (message->received_before > 0) item_put_member_int(item, "received", message->received_before);
        item_put_member_int(item, "sent", (int64_t)message->sent_ms);
    }
    item_put_member_text(item, "store", slice_text(store));
}

uint8_t store_put_message(struct batch *batch, const char *store, const struct index_message *message, struct leat_slice group,
                          struct leat_slice deduplication, struct leat_slice content) {
    unsigned parts = (unsigned)((content.size + STORE_PIECE_BYTES - 1) / STORE_PIECE_BYTES);
    if (parts > STORE_PARTS_MAX) return 0;
    for (unsigned part = 0; part < parts; part++) {
        size_t from = (size_t)part * STORE_PIECE_BYTES, size = content.size - from;
        if (size > STORE_PIECE_BYTES) size = STORE_PIECE_BYTES;
        struct buf item;
        batch_item(batch, &item, MESSAGE_BYTES_MAX);
        item_put_name(&item, SLICE("content"));
        item_put_binary(&item, slice_of(content.data + from, size));
        put_part(&item, store, message, group, deduplication, part, parts);
        batch_add(batch, LEAT_PUT, STORE_MESSAGES, &item);
    }
    return (uint8_t)parts;
}

void store_put_delivery(struct batch *batch, const char *store, const struct index_message *message) {
    struct buf item;
    batch_item(batch, &item, DELIVERY_BYTES_MAX);
    item_put_member_int(&item, "due", message->state == INDEX_IN_FLIGHT ? (int64_t)message->due_ms : 0);
    item_put_member_int(&item, "first", (int64_t)message->first_received_ms);
    item_put_member_int(&item, "last", (int64_t)message->received_ms);
    item_put_member_int(&item, "place", (int64_t)message->sequence);
    item_put_member_int(&item, "received", message->received);
    item_put_member_text(&item, "store", slice_text(store));
    batch_add(batch, LEAT_PUT, STORE_DELIVERIES, &item);
}

static void delete_key(struct batch *batch, const char *table, const char *store, uint64_t place) {
    struct buf key;
    batch_item(batch, &key, KEY_BYTES_MAX);
    put_key(&key, store, place);
    batch_add(batch, LEAT_DELETE, table, &key);
}

void store_put_stone(struct batch *batch, const char *store, const struct index_message *message, struct leat_slice group,
                     struct leat_slice deduplication) {
    struct buf item;
    batch_item(batch, &item, DELIVERY_BYTES_MAX);
    put_part(&item, store, message, group, deduplication, 0, 0);
    batch_add(batch, LEAT_PUT, STORE_MESSAGES, &item);
}

void store_delete_stone(struct batch *batch, const char *store, uint64_t number) {
    delete_key(batch, STORE_MESSAGES, store, number * PARTS);
}

void store_delete_message(struct batch *batch, const char *store, const struct index_message *message, bool stone) {
    for (unsigned part = stone; part < message->parts; part++) delete_key(batch, STORE_MESSAGES, store, message->sequence * PARTS + part);
    if (message->received > 0) delete_key(batch, STORE_DELIVERIES, store, message->sequence);
}

struct leat_slice store_key_of(struct leat_slice item, uint64_t *number, unsigned *part) {
    uint64_t place = (uint64_t)item_member_int(item, "place");
    *number = place / PARTS;
    *part = (unsigned)(place % PARTS);
    return item_member_text(item, "store");
}

void store_read_message(struct leat_slice item, struct index_message *out, struct leat_slice *group, struct leat_slice *deduplication) {
    struct leat_slice id = item_member_text(item, "id");
    unsigned part;
    *out = (struct index_message){.parts = (uint8_t)item_member_int(item, "parts")};
    (void)store_key_of(item, &out->sequence, &part);
    if (id.size == sizeof out->id) memcpy(out->id, id.data, id.size);
    out->sent_ms = (uint64_t)item_member_int(item, "sent");
    out->due_ms = (uint64_t)item_member_int(item, "due");
    out->received_before = (uint32_t)item_member_int(item, "received");
    out->first_received_ms = (uint64_t)item_member_int(item, "first");
    if (out->due_ms > 0) out->state = INDEX_DELAYED;
    *group = item_member_text(item, "group");
    *deduplication = item_member_text(item, "deduplication");
}

void store_read_delivery(struct leat_slice item, struct index_message *message) {
    message->received = (uint32_t)item_member_int(item, "received");
    message->first_received_ms = (uint64_t)item_member_int(item, "first");
    message->received_ms = (uint64_t)item_member_int(item, "last");
    message->due_ms = (uint64_t)item_member_int(item, "due");
}

/* ---- reading ---- */

static struct leat_slice build_key(struct arena *arena, const char *store, uint64_t place) {
    struct buf key;
    buf_init_in(&key, arena, KEY_BYTES_MAX);
    put_key(&key, store, place);
    if (item_close(&key, 0) != LEAT_OK) key.failed = true;
    return buf_keep(&key);
}

enum leat_code store_read_parts(struct leat *db, const char *store, const struct store_wanted *wanted, size_t count, struct arena *arena,
                                struct leat_result *result, struct leat_fault *fault) {
    struct leat_get *gets = ARENA_ARRAY(arena, struct leat_get, count * PARTS + 1);
    size_t total = 0;
    *result = (struct leat_result){0};
    if (gets == NULL) return fault_memory(fault);
    for (size_t i = 0; i < count; i++) {
        for (unsigned part = 0; part < wanted[i].parts; part++) {
            gets[total].table = SLICE(STORE_MESSAGES);
            gets[total].key = build_key(arena, store, wanted[i].number * PARTS + part);
            if (gets[total++].key.data == NULL) return fault_memory(fault);
        }
    }
    return leat_get_many(db, gets, total, LEAT_EACH, result, fault);
}

struct leat_slice store_join(const struct leat_slice *parts, unsigned count, struct arena *arena) {
    const struct leat_slice absent = {NULL, 0};
    size_t size = 0;
    for (unsigned i = 0; i < count; i++) {
        struct leat_slice piece = parts[i].data != NULL ? item_member_text(parts[i], "content") : absent;
        if (piece.data == NULL) return absent;
        if (count == 1) return piece;
        size += piece.size;
    }
    uint8_t *whole = arena_alloc(arena, size);
    if (whole == NULL) return absent;
    size = 0;
    for (unsigned i = 0; i < count; i++) {
        struct leat_slice piece = item_member_text(parts[i], "content");
        memcpy(whole + size, piece.data, piece.size);
        size += piece.size;
    }
    return slice_of(whole, size);
}

enum leat_code store_list_keys(struct leat *db, const char *table, const char *store, uint32_t limit, struct leat_result *result,
                               struct leat_fault *fault) {
    struct buf values, names;
    buf_init(&values, KEY_BYTES_MAX);
    buf_init(&names, KEY_BYTES_MAX);
    item_put_member_text(&values, ":s", slice_text(store));
    item_put_member_text(&names, "#p", SLICE("place"));
    item_put_member_text(&names, "#s", SLICE("store"));
    struct leat_query query = {
        .table = slice_text(table),
        .key_condition = SLICE("#s = :s"),
        .projection = SLICE("#s, #p"),
        .names = buf_view(&names),
        .values = buf_view(&values),
        .limit = limit,
    };
    *result = (struct leat_result){0};
    enum leat_code code = buf_ok(&values) && buf_ok(&names) ? leat_query(db, &query, result, fault) : fault_memory(fault);
    buf_fini(&values);
    buf_fini(&names);
    return code;
}
