/* The data files of an export. A file is whole (in the bucket, durably) before the record says so, and its name follows from the export and
 * its number alone: what was killed between the two is written again, with the same content, in the same place. */
#include <openssl/evp.h>
#include <stdio.h>

#include "base/slice.h"
#include "transfer/export.h"
#include "transfer/outflow.h"

enum {
    LINE_BYTES_MAX = 64 << 20, /* a page of a scan as text */
    FLUSH_BYTES = 256 * 1024,
    NAME_LETTERS = 26
};

#define FIELD(member, name, kind) RECORD_FIELD(struct export_file, member, name, kind)
const struct record_field export_file_fields[] = {
    FIELD(kind, "RecordKind", RECORD_TEXT), FIELD(id, "RecordId", RECORD_TEXT), FIELD(key, "Key", RECORD_TEXT),
    FIELD(md5, "Md5", RECORD_TEXT), FIELD(etag, "Etag", RECORD_TEXT), FIELD(item_count, "ItemCount", RECORD_INT), RECORD_END,
};

struct leat_slice export_files_kind(struct arena *arena, struct leat_slice id) {
    return arena_print(arena, "files/%.*s", SLICE_FORMAT(id));
}

/* 26 letters and digits that look like nothing, as AWS's. */
static void file_letters(const struct transfer_export *record, char out[NAME_LETTERS + 1]) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char digest[32] = {0};
    char seed[SERVICE_ID_SIZE + EXPORT_FILE_ID_SIZE];
    int size = snprintf(seed, sizeof seed, "%.*s/%lld", SLICE_FORMAT(record->id), (long long)record->file);
    (void)EVP_Digest(seed, (size_t)size, digest, NULL, EVP_sha256(), NULL);
    for (size_t i = 0; i < NAME_LETTERS; i++) out[i] = letters[digest[i] & 31];
    out[NAME_LETTERS] = 0;
}

static struct leat_slice file_key(struct export_run *run) {
    const struct transfer_export *record = &run->record;
    const char *extension = transfer_format_extension(run->format);
    char letters[NAME_LETTERS + 1], name[NAME_LETTERS + 32];
    file_letters(record, letters);
    (void)snprintf(name, sizeof name, "data/%s.%s.gz", letters, extension);
    if (!record->incremental) return export_key(&run->step, record, name);
    /* "All data files of incremental exports are in a common data folder" */
    const char *slash = record->prefix.size > 0 && record->prefix.data[record->prefix.size - 1] != '/' ? "/" : "";
    return arena_print(&run->step, "%.*s%sAWSDynamoDB/%s", SLICE_FORMAT(record->prefix), slash, name);
}

/* ---- one file ---- */

struct file {
    struct export_run *run;
    struct outflow *outflow;
    struct buf text;
    uint64_t bytes; /* of text written */
    int64_t items;
    struct leat_result page;
    bool segment_ends;
};

static enum leat_code flush(struct file *file) {
    if (!buf_ok(&file->text)) return fault_memory(&file->run->fault);
    file->bytes += file->text.size;
    TRY(outflow_write(file->outflow, buf_view(&file->text), &file->run->fault));
    buf_clear(&file->text);
    return LEAT_OK;
}

static enum leat_code write_page(struct file *file) {
    for (size_t i = 0; i < file->page.count; i++) {
        bool written = true;
        if (file->run->record.incremental) TRY(export_write_change(file->run, file->page.items[i], &file->text, &written));
        else transfer_write_item(file->run->format, file->page.items[i], &file->text);
        file->items += written;
        if (file->text.size >= FLUSH_BYTES) TRY(flush(file));
    }
    return flush(file);
}

/* Descriptions show the items of the file being written too; they do not count when it is begun again. */
static enum leat_code show(struct file *file) {
    struct export_run *run = file->run;
    run->record.item_count = run->record.items_done + file->items;
    if (service_now(run->service) < run->saved_ms + SERVICE_SAVE_EVERY_MS) return LEAT_OK;
    return export_save(run);
}

static enum leat_code fill(struct file *file) {
    struct export_run *run = file->run;
    char table[EXPORT_TABLE_SIZE];
    export_table_name(run->record.id, run->record.incremental ? EXPORT_KEYS : EXPORT_TO, table);
    struct leat_query query = {
        .table = slice_text(table),
        .segment = (uint32_t)run->record.segment,
        .segments = (uint32_t)run->record.segments,
        .start = run->record.place,
        .consistent = true,
    };
    while (file->bytes < run->service->file_bytes_max) {
        struct leat_result next = {0};
        if (service_stopping(run->service)) return LEAT_CLOSED;
        enum leat_code code = service_internal(leat_query(run->service->db, &query, &next, &run->fault));
        leat_result_free(&file->page); /* the query's start was borrowed from it */
        file->page = next;
        if (code != LEAT_OK) return code;
        TRY(write_page(file));
        TRY(show(file));
        query.start = file->page.last_key;
        file->segment_ends = query.start.data == NULL;
        if (file->segment_ends) return LEAT_OK;
    }
    return LEAT_OK;
}

/* The file is whole: that, and where the next one begins, in one commit. */
static enum leat_code note(struct file *file, struct leat_slice key, const struct outflow_sums *sums) {
    struct export_run *run = file->run;
    struct transfer_export next = run->record;
    char id[EXPORT_FILE_ID_SIZE];
    (void)snprintf(id, sizeof id, "%010lld", (long long)next.file);
    const struct export_file whole = {export_files_kind(&run->step, next.id), slice_text(id), key, slice_text(sums->md5),
                                      slice_text(sums->etag), file->items};
    next.file++;
    next.items_done += file->items;
    next.item_count = next.items_done;
    next.segment += file->segment_ends;
    next.place = file->segment_ends ? (struct leat_slice){NULL, 0} : arena_copy(&run->arena, file->page.last_key);
    if (whole.kind.data == NULL || (!file->segment_ends && next.place.data == NULL)) return fault_memory(&run->fault);
    const struct ledger_record records[] = {{ledger_export_fields, &next}, {export_file_fields, &whole}};
    TRY(service_internal(ledger_put(run->service->db, LEDGER_EXPORTS, records, 2, &run->fault)));
    run->record = next;
    run->saved_ms = service_now(run->service);
    return LEAT_OK;
}

static enum leat_code write_file(struct export_run *run) {
    struct file file = {.run = run};
    struct outflow_sums sums;
    arena_reset(&run->step);
    struct leat_slice key = file_key(run);
    if (key.data == NULL) return fault_memory(&run->fault);
    TRY(outflow_new(&run->bucket, key, true, &file.outflow, &run->fault));
    buf_init(&file.text, LINE_BYTES_MAX);
    enum leat_code code = fill(&file);
    if (code == LEAT_OK) code = outflow_commit(file.outflow, &sums, &run->fault);
    if (code == LEAT_OK) code = note(&file, key, &sums);
    outflow_free(file.outflow);
    buf_fini(&file.text);
    leat_result_free(&file.page);
    return code;
}

enum leat_code export_write_files(struct export_run *run) {
    while (run->record.segment < run->record.segments) TRY(write_file(run));
    return LEAT_OK;
}
