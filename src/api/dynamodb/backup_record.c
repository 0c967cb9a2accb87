/* A backup in the settings of its table: what leat_table_describe said of the source, as an item. */
#include "api/dynamodb/backup.h"
#include "base/slice.h"
#include "item/member.h"

/* ---- writing ---- */

static enum leat_code put_index(struct buf *out, const struct leat_index *index) {
    size_t mark = item_begin(out, ITEM_M);
    item_put_member_text(out, "name", index->name);
    item_put_member_int(out, "local", index->local);
    item_put_member_text(out, "partition_key", index->partition_key);
    item_put_member_text(out, "sort_key", index->sort_key);
    item_put_member_int(out, "projection", (int64_t)index->projection);
    item_put_member_int(out, "read_units", index->read_units);
    item_put_member_int(out, "write_units", index->write_units);
    item_put_name(out, SLICE("include"));
    size_t list = item_begin(out, ITEM_L);
    for (size_t i = 0; i < index->include_count; i++) item_put_string(out, index->include[i]);
    TRY(item_end(out, list));
    return item_end(out, mark);
}

static enum leat_code put_lists(struct buf *out, const struct leat_table *table) {
    item_put_name(out, SLICE("attributes"));
    size_t list = item_begin(out, ITEM_L);
    for (size_t i = 0; i < table->attribute_count; i++) {
        size_t mark = item_begin(out, ITEM_M);
        item_put_member_text(out, "name", table->attributes[i].name);
        item_put_member_text(out, "type", slice_of(&table->attributes[i].type, 1));
        TRY(item_end(out, mark));
    }
    TRY(item_end(out, list));
    item_put_name(out, SLICE("indexes"));
    list = item_begin(out, ITEM_L);
    for (size_t i = 0; i < table->index_count; i++) TRY(put_index(out, &table->indexes[i]));
    return item_end(out, list);
}

static enum leat_code put_source(struct buf *out, const struct leat_table *table) {
    item_put_name(out, SLICE("source"));
    size_t mark = item_begin(out, ITEM_M);
    item_put_member_text(out, "name", table->name);
    item_put_member_text(out, "arn", table->arn);
    item_put_member_text(out, "uuid", table->id);
    item_put_member_int(out, "created", (int64_t)table->created_ms);
    item_put_member_text(out, "partition_key", table->partition_key);
    item_put_member_text(out, "sort_key", table->sort_key);
    item_put_member_int(out, "billing", (int64_t)table->billing);
    item_put_member_int(out, "read_units", table->read_units);
    item_put_member_int(out, "write_units", table->write_units);
    item_put_member_int(out, "stream", (int64_t)table->stream);
    item_put_member_text(out, "ttl", table->ttl_attribute);
    item_put_member_int(out, "items", (int64_t)table->item_count);
    item_put_member_int(out, "bytes", (int64_t)table->size_bytes);
    if (table->settings.data != NULL) {
        item_put_name(out, SLICE("settings"));
        item_put_binary(out, table->settings);
    }
    TRY(put_lists(out, table));
    return item_end(out, mark);
}

enum leat_code backup_encode(const struct backup *backup, struct buf *out, struct leat_fault *fault) {
    item_put_name(out, BACKUP_SETTING);
    size_t mark = item_begin(out, ITEM_M);
    item_put_member_text(out, "id", backup->id);
    item_put_member_text(out, "name", backup->name);
    item_put_member_int(out, "system", backup->system);
    item_put_member_int(out, "created", (int64_t)backup->created_ms);
    item_put_member_int(out, "expires", (int64_t)backup->expires_ms);
    enum leat_code code = put_source(out, &backup->source);
    if (code == LEAT_OK) code = item_end(out, mark);
    if (code == LEAT_OK) code = item_close(out, 0);
    if (code == LEAT_OK && !buf_ok(out)) code = LEAT_NO_MEMORY;
    return code == LEAT_OK ? code : fault_set(fault, code, "the description of the backup cannot be written");
}

/* ---- reading ---- */

static struct leat_slice get_list(struct leat_slice map, const char *name, size_t *count) {
    struct item_value value;
    *count = 0;
    if (!item_find(map, slice_text(name), &value) || value.type != ITEM_L) return (struct leat_slice){NULL, 0};
    *count = item_count(&value);
    return value.payload;
}

static bool get_index(struct leat_slice map, struct arena *arena, struct leat_index *out) {
    struct item_value entry;
    size_t count;
    struct leat_slice list = get_list(map, "include", &count);
    struct leat_slice *include = ARENA_ARRAY(arena, struct leat_slice, count);
    if (include == NULL) return false;
    *out = (struct leat_index){.name = item_member_text(map, "name"),
                               .local = item_member_int(map, "local") != 0,
                               .partition_key = item_member_text(map, "partition_key"),
                               .sort_key = item_member_text(map, "sort_key"),
                               .projection = (enum leat_project)item_member_int(map, "projection"),
                               .include = include,
                               .read_units = item_member_int(map, "read_units"),
                               .write_units = item_member_int(map, "write_units")};
    struct item_iterator at = item_iterate(list);
    while (out->include_count < count && item_list_next(&at, &entry)) include[out->include_count++] = entry.payload;
    return true;
}

static bool get_lists(struct leat_slice map, struct arena *arena, struct leat_table *out) {
    struct item_value entry;
    struct leat_slice list = get_list(map, "attributes", &out->attribute_count);
    struct leat_attribute *attributes = ARENA_ARRAY(arena, struct leat_attribute, out->attribute_count);
    if (attributes == NULL) return false;
    struct item_iterator at = item_iterate(list);
    for (size_t i = 0; i < out->attribute_count && item_list_next(&at, &entry); i++) {
        struct leat_slice type = item_member_text(entry.payload, "type");
        attributes[i] = (struct leat_attribute){item_member_text(entry.payload, "name"), type.size == 1 ? (char)type.data[0] : 'S'};
    }
    out->attributes = attributes;
    list = get_list(map, "indexes", &out->index_count);
    struct leat_index *indexes = ARENA_ARRAY(arena, struct leat_index, out->index_count);
    if (indexes == NULL) return false;
    at = item_iterate(list);
    for (size_t i = 0; i < out->index_count && item_list_next(&at, &entry); i++)
        if (!get_index(entry.payload, arena, &indexes[i])) return false;
    out->indexes = indexes;
    return true;
}

static bool get_source(struct leat_slice map, struct arena *arena, struct leat_table *out) {
    *out = (struct leat_table){.name = item_member_text(map, "name"),
                               .arn = item_member_text(map, "arn"),
                               .id = item_member_text(map, "uuid"),
                               .created_ms = (uint64_t)item_member_int(map, "created"),
                               .partition_key = item_member_text(map, "partition_key"),
                               .sort_key = item_member_text(map, "sort_key"),
                               .billing = (enum leat_billing)item_member_int(map, "billing"),
                               .read_units = item_member_int(map, "read_units"),
                               .write_units = item_member_int(map, "write_units"),
                               .stream = (enum leat_view)item_member_int(map, "stream"),
                               .ttl_attribute = item_member_text(map, "ttl"),
                               .item_count = (uint64_t)item_member_int(map, "items"),
                               .size_bytes = (uint64_t)item_member_int(map, "bytes"),
                               .settings = item_member_text(map, "settings"),
                               .status = LEAT_ACTIVE};
    return get_lists(map, arena, out);
}

enum leat_code backup_decode(const struct leat_table *table, struct arena *arena, struct backup *out, struct leat_fault *fault) {
    struct item_value setting = {0}, source = {0};
    if (table->settings.data == NULL || !item_find(table->settings, BACKUP_SETTING, &setting) ||
        !item_find(setting.payload, SLICE("source"), &source))
        return fault_set(fault, LEAT_STORE_CORRUPT, "%.*s is not a backup", SLICE_FORMAT(table->name));
    *out = (struct backup){.id = item_member_text(setting.payload, "id"),
                           .name = item_member_text(setting.payload, "name"),
                           .system = item_member_int(setting.payload, "system") != 0,
                           .created_ms = (uint64_t)item_member_int(setting.payload, "created"),
                           .expires_ms = (uint64_t)item_member_int(setting.payload, "expires"),
                           .creating = table->status == LEAT_CREATING,
                           .copied = table->copied,
                           .progress_done = table->progress_done,
                           .progress_total = table->progress_total};
    return get_source(source.payload, arena, &out->source) ? LEAT_OK : fault_memory(fault);
}
