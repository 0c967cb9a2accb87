/* A table's catalogue entry as an item, and the things that follow from it. Members that a newer leat adds are ignored by
 * an older one and default when missing, so the entry grows without a new format number. */
#include <stdlib.h>

#include "base/slice.h"
#include "item/member.h"
#include "table/catalogue.h"

enum { RECORD_MAX = 4 * 1024 * 1024, TABLE_ARENA_MAX = 16 * 1024 * 1024 };

/* ---- writing ---- */

/* Only while it is not LEAT_ACTIVE, which is what entries without it mean. */
static void put_state(struct buf *out, enum leat_status status) {
    if (status != LEAT_ACTIVE) item_put_member_int(out, "state", (int64_t)status + 1);
}

static enum leat_status get_state(struct leat_slice map) {
    int64_t state = item_member_int(map, "state");
    return state == 0 ? LEAT_ACTIVE : (enum leat_status)(state - 1);
}

static enum leat_code put_index(struct buf *out, const struct table_index *index) {
    const struct leat_index *spec = index->spec;
    size_t mark = item_begin(out, ITEM_M);
    item_put_member_int(out, "id", (int64_t)index->id);
    item_put_name(out, SLICE("include"));
    size_t list = item_begin(out, ITEM_L);
    for (size_t i = 0; i < spec->include_count; i++) item_put_string(out, spec->include[i]);
    TRY(item_end(out, list));
    item_put_member_int(out, "local", (int64_t)spec->local);
    item_put_member_text(out, "name", spec->name);
    item_put_member_text(out, "partition_key", spec->partition_key);
    item_put_member_int(out, "projection", (int64_t)spec->projection);
    item_put_member_int(out, "read_units", spec->read_units);
    item_put_member_text(out, "sort_key", spec->sort_key);
    item_put_member_int(out, "space", (int64_t)index->space);
    put_state(out, spec->status);
    item_put_member_int(out, "write_units", spec->write_units);
    return item_end(out, mark);
}

static enum leat_code put_lists(struct buf *out, const struct table *table) {
    item_put_name(out, SLICE("attributes"));
    size_t list = item_begin(out, ITEM_L);
    for (size_t i = 0; i < table->spec.attribute_count; i++) {
        size_t mark = item_begin(out, ITEM_M);
        item_put_member_text(out, "name", table->spec.attributes[i].name);
        item_put_member_text(out, "type", slice_of(&table->spec.attributes[i].type, 1));
        TRY(item_end(out, mark));
    }
    TRY(item_end(out, list));
    item_put_name(out, SLICE("indexes"));
    list = item_begin(out, ITEM_L);
    for (size_t i = 0; i < table->index_count; i++) TRY(put_index(out, &table->indexes[i]));
    TRY(item_end(out, list));
    item_put_name(out, SLICE("streams"));
    return stream_set_encode(&table->streams, out);
}

enum leat_code table_to_record(const struct table *table, struct buf *out, struct leat_fault *fault) {
    const struct leat_table *spec = &table->spec;
    size_t mark = out->size;
    item_put_member_text(out, "name", spec->name);
    item_put_member_int(out, "number", (int64_t)table->id);
    item_put_member_int(out, "parts", (int64_t)table->part_count);
    item_put_member_int(out, "shards", (int64_t)table->shard_count);
    item_put_member_text(out, "partition_key", spec->partition_key);
    item_put_member_text(out, "sort_key", spec->sort_key);
    item_put_member_int(out, "billing", (int64_t)spec->billing);
    item_put_member_int(out, "read_units", spec->read_units);
    item_put_member_int(out, "write_units", spec->write_units);
    item_put_member_int(out, "protection", (int64_t)spec->deletion_protection);
    item_put_member_int(out, "collections", (int64_t)table->collections);
    item_put_member_int(out, "created", (int64_t)spec->created_ms);
    item_put_member_int(out, "decreases", (int64_t)spec->throughput_decreases_today);
    item_put_member_int(out, "increased", (int64_t)spec->throughput_increased_ms);
    item_put_member_int(out, "decreased", (int64_t)spec->throughput_decreased_ms);
    item_put_member_int(out, "billing_changed", (int64_t)spec->billing_changed_ms);
    item_put_member_text(out, "uuid", spec->id);
    item_put_member_text(out, "ttl", spec->ttl_attribute);
    put_state(out, spec->status);
    item_put_member_int(out, "loading", (int64_t)spec->loading);
    if (spec->expires_ms != 0) item_put_member_int(out, "expires", (int64_t)spec->expires_ms);
    item_put_member_int(out, "history", (int64_t)table->history_id);
    item_put_member_int(out, "recovery_days", (int64_t)spec->recovery_days);
    item_put_member_int(out, "recovery_since", (int64_t)table->recovery_since_ms);
    if (spec->settings.data != NULL) {
        item_put_name(out, SLICE("settings"));
        item_put_binary(out, spec->settings);
    }
    enum leat_code code = put_lists(out, table);
    if (code == LEAT_OK) code = item_close(out, mark);
    if (code == LEAT_OK && !buf_ok(out)) code = LEAT_NO_MEMORY;
    return code == LEAT_OK ? code : fault_set(fault, code, "the table's catalogue entry cannot be written");
}

/* ---- reading ---- */

static struct leat_slice get_text(struct leat_slice map, const char *name, struct arena *arena) {
    return arena_copy(arena, item_member_text(map, name));
}

static struct leat_slice get_list(struct leat_slice map, const char *name, size_t *count) {
    struct item_value value;
    *count = 0;
    if (!item_find(map, slice_text(name), &value) || value.type != ITEM_L) return (struct leat_slice){NULL, 0};
    *count = item_count(&value);
    return value.payload;
}

static bool get_index(struct leat_slice map, struct arena *arena, struct leat_index *spec, struct table_index *index) {
    struct item_value entry;
    size_t count;
    struct leat_slice list = get_list(map, "include", &count);
    struct leat_slice *include = ARENA_ARRAY(arena, struct leat_slice, count);
    if (include == NULL) return false;
    *spec = (struct leat_index){.name = get_text(map, "name", arena),
                                .local = item_member_int(map, "local") != 0,
                                .partition_key = get_text(map, "partition_key", arena),
                                .sort_key = get_text(map, "sort_key", arena),
                                .projection = (enum leat_project)item_member_int(map, "projection"),
                                .include = include,
                                .read_units = item_member_int(map, "read_units"),
                                .write_units = item_member_int(map, "write_units"),
                                .status = get_state(map)};
    struct item_iterator at = item_iterate(list);
    while (item_list_next(&at, &entry)) include[spec->include_count++] = arena_copy(arena, entry.payload);
    *index = (struct table_index){
        .spec = spec, .id = (uint32_t)item_member_int(map, "id"), .space = (uint8_t)item_member_int(map, "space")};
    return spec->name.data != NULL && spec->partition_key.data != NULL;
}

static bool get_lists(struct leat_slice record, struct table *table) {
    struct arena *arena = &table->arena;
    struct item_value entry;
    struct leat_slice list = get_list(record, "attributes", &table->spec.attribute_count);
    struct leat_attribute *attributes = ARENA_ARRAY(arena, struct leat_attribute, table->spec.attribute_count);
    if (attributes == NULL) return false;
    struct item_iterator at = item_iterate(list);
    for (size_t i = 0; item_list_next(&at, &entry); i++) {
        struct leat_slice type = get_text(entry.payload, "type", arena);
        attributes[i].name = get_text(entry.payload, "name", arena);
        attributes[i].type = type.size == 1 ? (char)type.data[0] : 'S';
    }
    table->spec.attributes = attributes;

    list = get_list(record, "indexes", &table->index_count);
    struct leat_index *specs = ARENA_ARRAY(arena, struct leat_index, table->index_count);
    table->indexes = ARENA_ARRAY(arena, struct table_index, table->index_count);
    if (specs == NULL || table->indexes == NULL) return false;
    at = item_iterate(list);
    for (size_t i = 0; item_list_next(&at, &entry); i++)
        if (!get_index(entry.payload, arena, &specs[i], &table->indexes[i])) return false;
    table->spec.indexes = specs;
    table->spec.index_count = table->index_count;

    struct item_value streams;
    return item_find(record, SLICE("streams"), &streams) && stream_set_decode(&streams, arena, &table->streams);
}

static enum leat_code table_fill(struct table *table, struct leat_slice record, const struct catalogue *catalogue,
                                 struct leat_fault *fault) {
    struct arena *arena = &table->arena;
    table->id = (uint32_t)item_member_int(record, "number");
    table->part_count = (uint16_t)item_member_int(record, "parts");
    table->shard_count = (uint16_t)item_member_int(record, "shards");
    if (table->shard_count < table->part_count) table->shard_count = table->part_count;
    table->history_id = (uint32_t)item_member_int(record, "history");
    table->recovery_since_ms = (uint64_t)item_member_int(record, "recovery_since");
    table->collections = item_member_int(record, "collections") != 0;
    table->spec = (struct leat_table){.name = get_text(record, "name", arena),
                                      .partition_key = get_text(record, "partition_key", arena),
                                      .sort_key = get_text(record, "sort_key", arena),
                                      .billing = (enum leat_billing)item_member_int(record, "billing"),
                                      .read_units = item_member_int(record, "read_units"),
                                      .write_units = item_member_int(record, "write_units"),
                                      .deletion_protection = item_member_int(record, "protection") != 0,
                                      .ttl_attribute = get_text(record, "ttl", arena),
                                      .settings = get_text(record, "settings", arena),
                                      .recovery_days = (uint32_t)item_member_int(record, "recovery_days"),
                                      .loading = item_member_int(record, "loading") != 0,
                                      .expires_ms = (uint64_t)item_member_int(record, "expires"),
                                      .status = get_state(record),
                                      .id = get_text(record, "uuid", arena),
                                      .created_ms = (uint64_t)item_member_int(record, "created"),
                                      .throughput_decreases_today = (uint64_t)item_member_int(record, "decreases"),
                                      .throughput_increased_ms = (uint64_t)item_member_int(record, "increased"),
                                      .throughput_decreased_ms = (uint64_t)item_member_int(record, "decreased"),
                                      .billing_changed_ms = (uint64_t)item_member_int(record, "billing_changed")};
    if (table->spec.name.data == NULL || table->spec.partition_key.data == NULL || !get_lists(record, table))
        return fault_set(fault, LEAT_STORE_CORRUPT, "a table's catalogue entry is damaged");
    return table_derive(table, catalogue, fault);
}

enum leat_code table_from_record(struct leat_slice record, const struct catalogue *catalogue, struct table **out,
                                 struct leat_fault *fault) {
    struct table *table = calloc(1, sizeof *table);
    if (table == NULL) return fault_memory(fault);
    atomic_init(&table->references, 1);
    arena_init(&table->arena, TABLE_ARENA_MAX);
    enum leat_code code = table_fill(table, record, catalogue, fault);
    if (code == LEAT_OK) *out = table;
    else table_release(table);
    return code;
}

enum leat_code table_copy(const struct table *table, const struct catalogue *catalogue, struct table **out,
                          struct leat_fault *fault) {
    struct buf record;
    buf_init(&record, RECORD_MAX);
    enum leat_code code = table_to_record(table, &record, fault);
    if (code == LEAT_OK) code = table_from_record(buf_view(&record), catalogue, out, fault);
    buf_fini(&record);
    return code;
}

/* ---- what follows from the rest ---- */

static enum item_type attribute_type(const struct table *table, struct leat_slice name) {
    for (size_t i = 0; i < table->spec.attribute_count; i++)
        if (slice_equal(table->spec.attributes[i].name, name))
            return item_type_of(slice_of(&table->spec.attributes[i].type, 1));
    return ITEM_ABSENT;
}

static struct schema schema_named(const struct table *table, struct leat_slice partition, struct leat_slice sort) {
    return (struct schema){.partition = partition,
                           .sort = sort,
                           .partition_type = attribute_type(table, partition),
                           .sort_type = sort.data == NULL ? ITEM_ABSENT : attribute_type(table, sort)};
}

enum leat_code table_derive(struct table *table, const struct catalogue *catalogue, struct leat_fault *fault) {
    struct leat_table *spec = &table->spec;
    table->keys = schema_named(table, spec->partition_key, spec->sort_key);
    table->local_count = 0;
    for (size_t i = 0; i < table->index_count; i++) {
        const struct leat_index *index = table->indexes[i].spec;
        table->indexes[i].keys = schema_named(table, index->partition_key, index->sort_key);
        table->local_count += index->local;
    }
    spec->arn = arena_print(&table->arena, "arn:aws:dynamodb:%s:%s:table/%.*s", catalogue->region, catalogue->account,
                            SLICE_FORMAT(spec->name));
    if (spec->arn.data == NULL) return fault_memory(fault);
    const struct stream *current = stream_set_current(&table->streams);
    spec->stream = current == NULL ? LEAT_VIEW_NONE : current->view;
    spec->stream_label = spec->stream_arn = (struct leat_slice){NULL, 0};
    if (table->streams.count == 0) return LEAT_OK;
    const char *label = table->streams.streams[table->streams.count - 1].label;
    spec->stream_label = arena_copy(&table->arena, slice_text(label));
    spec->stream_arn = arena_print(&table->arena, "%.*s/stream/%s", SLICE_FORMAT(spec->arn), label);
    return spec->stream_arn.data == NULL ? fault_memory(fault) : LEAT_OK;
}

struct table_index *table_find_index(const struct table *table, struct leat_slice name) {
    for (size_t i = 0; i < table->index_count; i++)
        if (slice_equal(table->indexes[i].spec->name, name)) return &table->indexes[i];
    return NULL;
}
