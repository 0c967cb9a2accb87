/* Incremental exports: what has become of each item that was changed between two moments.
 *
 * The table's history is gone through once, and each key that it names is put into a table of keys: with the time of its last change, and
 * whether the first one found an item. That table is then what is exported, key by key: the images are those of the copies as of the two
 * moments. An item that was made and deleted between them has left nothing, and is not in the output.
 * Source: DynamoDB Developer Guide, "Incremental export output". */
#include <string.h>

#include "base/slice.h"
#include "item/member.h"
#include "transfer/export.h"

enum { WRITES_MAX = 99 /* of a transaction's hundred, which also says how far it is */, BYTES_MAX = 4 << 20 };

/* ---- collecting ---- */

/* Keys that go out together, each once. Everything that the writes point to is in the run's step arena, or the page's. */
struct batch {
    struct export_run *run;
    struct leat_write writes[WRITES_MAX + 1];
    size_t count;
};

#define UPDATE SLICE("SET #w = :w, #e = if_not_exists(#e, :e)")

static enum leat_code make_names(struct arena *arena, struct leat_slice *out) {
    struct buf item;
    buf_init_in(&item, arena, BYTES_MAX);
    item_put_member_text(&item, "#w", SLICE(EXPORT_WRITTEN));
    item_put_member_text(&item, "#e", SLICE(EXPORT_EXISTED));
    if (item_close(&item, 0) != LEAT_OK || !buf_ok(&item)) return LEAT_NO_MEMORY;
    *out = buf_keep(&item);
    return LEAT_OK;
}

static enum leat_code make_values(struct arena *arena, const struct leat_record *record, struct leat_slice *out) {
    struct buf item;
    buf_init_in(&item, arena, BYTES_MAX);
    item_put_member_int(&item, ":w", (int64_t)record->created_ms);
    item_put_member_int(&item, ":e", record->old_image.data != NULL);
    if (item_close(&item, 0) != LEAT_OK || !buf_ok(&item)) return LEAT_NO_MEMORY;
    *out = buf_keep(&item);
    return LEAT_OK;
}

/* With `done` the record that says how far it is; in one commit. */
static enum leat_code flush(struct batch *batch, const struct transfer_export *done) {
    struct export_run *run = batch->run;
    struct leat_result result = {0};
    struct buf item;
    enum leat_code code = LEAT_OK;
    buf_init(&item, BYTES_MAX);
    if (done != NULL) {
        code = record_write(ledger_export_fields, done, &item, &run->fault);
        batch->writes[batch->count++] =
            (struct leat_write){.kind = LEAT_PUT, .table = SLICE(LEDGER_EXPORTS), .item = buf_view(&item)};
    }
    if (code == LEAT_OK && batch->count > 0)
        code = leat_transact(run->service->db, batch->writes, batch->count, slice_of(NULL, 0), &result, &run->fault);
    leat_result_free(&result);
    buf_fini(&item);
    batch->count = 0;
    return service_internal(code);
}

static bool has_key(const struct batch *batch, struct leat_slice keys) {
    for (size_t i = 0; i < batch->count; i++)
        if (slice_equal(batch->writes[i].key, keys)) return true;
    return false;
}

static enum leat_code add(struct batch *batch, const struct leat_record *record, struct leat_slice table, struct leat_slice names) {
    struct leat_write write = {
        .kind = LEAT_UPDATE, .table = table, .key = record->keys, .update = UPDATE, .names = names, .generated = true};
    if (batch->count == WRITES_MAX || has_key(batch, record->keys)) TRY(flush(batch, NULL));
    if (make_values(&batch->run->step, record, &write.values) != LEAT_OK) return fault_memory(&batch->run->fault);
    batch->writes[batch->count++] = write;
    return LEAT_OK;
}

/* A page of the history. What was written of it before a crash is written again: the first change of a key still comes first. */
static enum leat_code take_page(struct export_run *run, const struct leat_result *page, const struct transfer_export *done) {
    struct batch batch = {.run = run};
    struct leat_slice names;
    char table[EXPORT_TABLE_SIZE];
    arena_reset(&run->step);
    export_table_name(run->record.id, EXPORT_KEYS, table);
    if (make_names(&run->step, &names) != LEAT_OK) return fault_memory(&run->fault);
    for (size_t i = 0; i < page->record_count; i++) TRY(add(&batch, &page->records[i], slice_text(table), names));
    return flush(&batch, done);
}

enum leat_code export_collect(struct export_run *run) {
    struct leat_history_read read = {
        .table = run->record.table,
        .from_ms = export_moment(&run->record, EXPORT_FROM),
        .to_ms = export_moment(&run->record, EXPORT_TO),
        .part = (uint32_t)run->record.part,
        .after = (uint64_t)run->record.after,
    };
    while (!read.end) {
        struct leat_result page = {0};
        if (service_stopping(run->service)) return LEAT_CLOSED;
        enum leat_code code = service_internal(leat_history_read(run->service->db, &read, &page, &run->fault));
        struct transfer_export next = run->record;
        next.part = read.part;
        next.after = (int64_t)read.after;
        if (read.end) next.phase = EXPORT_WRITING;
        if (code == LEAT_OK) code = take_page(run, &page, &next);
        leat_result_free(&page);
        if (code != LEAT_OK) return code;
        run->record = next;
    }
    return LEAT_OK;
}

/* ---- writing ---- */

static enum leat_code copy_member(struct leat_slice item, struct leat_slice name, struct buf *out) {
    struct item_value value;
    if (name.data == NULL || !item_find(item, name, &value)) return LEAT_OK;
    item_put_name(out, name);
    item_put_value(out, &value);
    return LEAT_OK;
}

static enum leat_code keys_of(struct export_run *run, struct leat_slice item, struct buf *out) {
    buf_init(out, BYTES_MAX);
    TRY(copy_member(item, run->record.partition_key, out));
    TRY(copy_member(item, run->record.sort_key, out));
    return item_close(out, 0) == LEAT_OK && buf_ok(out) ? LEAT_OK : fault_memory(&run->fault);
}

static enum leat_code image(struct export_run *run, enum export_table which, struct leat_slice keys, struct leat_result *out) {
    char table[EXPORT_TABLE_SIZE];
    export_table_name(run->record.id, which, table);
    const struct leat_get get = {.table = slice_text(table), .key = keys, .consistent = true};
    return service_internal(leat_get(run->service->db, &get, out, &run->fault));
}

static struct leat_slice only(const struct leat_result *result) {
    return result->count > 0 ? result->items[0] : (struct leat_slice){NULL, 0};
}

enum leat_code export_write_change(struct export_run *run, struct leat_slice item, struct buf *out, bool *written) {
    struct leat_result old_image = {0}, new_image = {0};
    struct buf keys;
    enum leat_code code = keys_of(run, item, &keys);
    if (code == LEAT_OK) code = image(run, EXPORT_TO, buf_view(&keys), &new_image);
    if (code == LEAT_OK && export_has_table(&run->record, EXPORT_FROM)) code = image(run, EXPORT_FROM, buf_view(&keys), &old_image);
    const struct transfer_change change = {
        .written_us = (uint64_t)item_member_int(item, EXPORT_WRITTEN) * 1000,
        .keys = buf_view(&keys),
        .old_image = only(&old_image),
        .new_image = only(&new_image),
    };
    *written = code == LEAT_OK && (change.new_image.data != NULL || item_member_int(item, EXPORT_EXISTED) != 0);
    if (*written) transfer_write_change(run->format, &change, out);
    leat_result_free(&old_image);
    leat_result_free(&new_image);
    buf_fini(&keys);
    return code;
}
