/* An import under way: the objects in the order of their keys, item by item. What has been read and what has been written of it is saved
 * together about once a second; after a crash it goes on from there, and what is written once more is the same. */
#include "transfer/import.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/slice.h"

enum { POLL_MS = 100 };

/* ---- saving ---- */

static enum leat_code save(struct import_run *run) {
    const struct ledger_record record = {ledger_import_fields, &run->record};
    run->saved_ms = service_now(run->service);
    return service_internal(ledger_put(run->service->db, LEDGER_IMPORTS, &record, 1, &run->fault));
}

/* Everything read so far is written, or refused; then the place and the counts go together. */
static enum leat_code checkpoint(struct import_run *run) {
    TRY(service_internal(loader_drain(run->loader, &run->fault)));
    TRY(import_log_sync(run));
    run->record.imported_items += (int64_t)(loader_written(run->loader) - run->written_before);
    run->written_before = loader_written(run->loader);
    return save(run);
}

static void refused(void *context, uint64_t number, const char *words) { import_refuse(context, number, words); }

/* ---- one object ---- */

/* Moves the figures to where the reader stands. */
static void advance(struct import_run *run, const struct reader *reader) {
    int64_t offset = (int64_t)reader_offset(reader);
    if (offset <= run->record.offset) return;
    run->record.processed_bytes += offset - run->record.offset;
    run->record.offset = offset;
}

static enum leat_code take_item(struct import_run *run, struct reader *reader, enum reader_result result, struct leat_slice item) {
    uint64_t index = (uint64_t)run->record.index;
    if (result == READER_FAILED) return LEAT_IO;
    run->record.processed_items++;
    run->record.index++;
    if (result == READER_ITEM) TRY(service_internal(loader_put(run->loader, item, index, &run->fault)));
    else import_refuse(run, index, run->fault.message);
    advance(run, reader);
    return LEAT_OK;
}

static enum leat_code read_items(struct import_run *run, struct reader *reader) {
    for (;;) {
        struct leat_slice item;
        enum reader_result result = reader_next(reader, &item, &run->fault);
        if (result == READER_END) break;
        TRY(take_item(run, reader, result, item));
        if (service_now(run->service) < run->saved_ms + SERVICE_SAVE_EVERY_MS) continue;
        TRY(checkpoint(run));
        if (service_stopping(run->service)) return LEAT_CLOSED;
    }
    advance(run, reader);
    return LEAT_OK;
}

/* The object has changed, or gone, since it was listed or since it was begun: one error, as at AWS. */
static enum leat_code refuse_object(struct import_run *run) {
    run->record.processed_items++;
    import_refuse(run, (uint64_t)run->record.index, run->fault.message);
    return LEAT_OK;
}

static enum leat_code read_object(struct import_run *run) {
    struct reader *reader = NULL;
    int fd;
    enum leat_code code = bucket_get(&run->bucket, run->record.object, &fd, &run->fault);
    if (code == LEAT_RESOURCE_NOT_FOUND) return refuse_object(run);
    TRY(code);
    TRY(reader_new(fd, &run->options, &reader, &run->fault));
    enum reader_result result = run->record.offset > 0 ? reader_skip(reader, (uint64_t)run->record.offset, &run->fault) : READER_ITEM;
    if (result == READER_ITEM) code = read_items(run, reader);
    else if (result == READER_FAILED) code = LEAT_IO;
    else if (result == READER_BROKEN) code = refuse_object(run);
    reader_free(reader);
    return code;
}

/* ---- all objects ---- */

static enum leat_code begin_object(struct import_run *run, struct leat_slice key) {
    run->record.object = key;
    run->record.offset = run->record.index = 0;
    return LEAT_OK;
}

static enum leat_code read_objects(struct import_run *run) {
    struct bucket_list list;
    TRY(bucket_list(&run->bucket, run->record.key_prefix, &run->arena, &list, &run->fault));
    for (size_t i = 0; i < list.count; i++) {
        struct leat_slice key = list.objects[i].key, reached = run->record.object;
        int order = reached.data == NULL ? 1 : slice_compare(key, reached);
        if (order < 0) continue; /* read before the restart */
        if (order > 0) TRY(begin_object(run, key));
        TRY(read_object(run));
        if (service_stopping(run->service)) return checkpoint(run) == LEAT_OK ? LEAT_CLOSED : LEAT_CLOSED;
    }
    return LEAT_OK;
}

/* ---- preparing ---- */

static enum leat_code prepare_options(struct import_run *run) {
    const struct transfer_import *record = &run->record;
    struct reader_options *options = &run->options;
    options->format = transfer_format_of(record->format);
    if (slice_is(record->compression, "GZIP")) options->compression = INFLOW_GZIP;
    if (slice_is(record->compression, "ZSTD")) options->compression = INFLOW_ZSTD;
    if (record->delimiter.size > 0) options->delimiter = record->delimiter.data[0];
    options->attributes = run->table.table.attributes;
    options->attribute_count = run->table.table.attribute_count;
    if (record->headers.data == NULL) return LEAT_OK;
    size_t count = 1, at = 0;
    for (size_t i = 0; i < record->headers.size; i++) count += record->headers.data[i] == '\n';
    struct leat_slice *names = ARENA_ARRAY(&run->arena, struct leat_slice, count);
    if (names == NULL) return fault_memory(&run->fault);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *begin = record->headers.data + at, *end = memchr(begin, '\n', record->headers.size - at);
        names[i] = slice_of(begin, end != NULL ? (size_t)(end - begin) : record->headers.size - at);
        at += names[i].size + 1;
    }
    options->headers = names;
    options->header_count = count;
    return LEAT_OK;
}

static enum leat_code open_bucket(struct import_run *run) {
    if (!slice_is(run->record.bucket_owner, run->service->account))
        return fault_set(&run->fault, LEAT_ACCESS_DENIED, "Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied)");
    return bucket_open(run->service->directory, run->record.bucket, &run->bucket, &run->fault);
}

static enum leat_code load(struct import_run *run) {
    struct transfer_service *service = run->service;
    TRY(service_internal(leat_table_describe(service->db, run->record.table, &run->table, &run->fault)));
    TRY(prepare_options(run));
    TRY(service_internal(loader_new(service->db, run->record.table, refused, run, &run->loader, &run->fault)));
    import_log_open(run);
    run->saved_ms = service_now(service);
    TRY(read_objects(run));
    return checkpoint(run);
}

/* ---- the end ---- */

static enum leat_code open_table(struct import_run *run) {
    const struct leat_table_change change = {.name = run->record.table, .change_loading = true};
    struct leat_description description = {0};
    enum leat_code code = leat_table_update(run->service->db, &change, &description, &run->fault);
    for (bool open = false; code == LEAT_OK && !open;) { /* something else may hold it still */
        leat_description_free(&description);
        code = leat_table_describe(run->service->db, run->record.table, &description, &run->fault);
        open = code == LEAT_OK && description.table.status != LEAT_CREATING;
        if (code == LEAT_OK && !open && !service_pause(run->service, POLL_MS)) code = LEAT_CLOSED;
    }
    leat_description_free(&description);
    return code == LEAT_RESOURCE_NOT_FOUND ? LEAT_OK : service_internal(code);
}

static enum leat_code drop_table(struct import_run *run) {
    enum leat_code code;
    while ((code = import_drop_table(run->service, &run->record, &run->fault)) == LEAT_RESOURCE_IN_USE)
        if (!service_pause(run->service, POLL_MS)) return LEAT_CLOSED;
    return service_internal(code);
}

static void settle(struct import_run *run, enum leat_code code) {
    struct transfer_import *record = &run->record;
    if (code != LEAT_OK) {
        record->failure_code = slice_text(service_failure_code(code));
        record->failure_message = arena_copy(&run->arena, slice_text(run->fault.message));
    } else if (record->error_count > 0) {
        record->failure_code = SLICE("ItemValidationError");
        record->failure_message = SLICE("Some of the items failed validation checks and were not imported. Please check CloudWatch "
                                        "error logs for more details.");
    }
    record->phase = IMPORT_ENDING;
}

/* The table is opened before the import says that it has ended; when no data could be read there is no table in the end. */
static enum leat_code end(struct import_run *run) {
    TRY(save(run));
    bool failed = run->record.failure_code.data != NULL;
    TRY(failed && run->record.processed_items == 0 ? drop_table(run) : open_table(run));
    run->record.status = failed ? SLICE("FAILED") : SLICE("COMPLETED");
    run->record.end_ms = (int64_t)service_now(run->service);
    run->record.phase = IMPORT_DONE;
    return save(run);
}

/* Nobody was told of it: it was killed while it was being started. */
static enum leat_code undo(struct import_run *run) {
    TRY(drop_table(run));
    return ledger_delete(run->service->db, LEDGER_IMPORTS, run->record.kind, run->record.id, &run->fault);
}

static enum leat_code work(struct import_run *run, struct leat_slice id) {
    TRY(ledger_get(run->service->db, LEDGER_IMPORTS, SLICE("import"), id, &run->arena, ledger_import_fields, &run->record, &run->fault));
    if (run->record.phase == IMPORT_NEW) return undo(run);
    if (run->record.phase == IMPORT_LOADING) {
        enum leat_code code = open_bucket(run);
        if (code == LEAT_OK) code = load(run);
        if (code == LEAT_CLOSED) return code;
        settle(run, code);
    }
    return end(run);
}

void import_run(struct transfer_service *service, struct leat_slice id) {
    struct import_run run = {.service = service, .bucket = {.fd = -1}, .log = -1};
    arena_init(&run.arena, SERVICE_ARENA_MAX);
    enum leat_code code = work(&run, id);
    if (code != LEAT_OK && code != LEAT_CLOSED)
        log_error("import %.*s: %s; it goes on after the next start", SLICE_FORMAT(id), run.fault.message);
    loader_free(run.loader);
    leat_description_free(&run.table);
    import_log_close(&run);
    bucket_close(&run.bucket);
    arena_fini(&run.arena);
}

/* ---- after a start ---- */

struct resuming { struct transfer_service *service; struct arena arena; };

static enum leat_code resume_one(void *context, struct leat_slice item, bool *go_on, struct leat_fault *fault) {
    struct resuming *resuming = context;
    struct transfer_service *service = resuming->service;
    struct transfer_import record;
    (void)go_on;
    arena_reset(&resuming->arena);
    TRY(record_read(ledger_import_fields, item, &resuming->arena, &record, fault));
    if (record.phase != IMPORT_DONE) return service_enqueue(service, import_run, record.id, fault);
    if (service_now(service) <= (uint64_t)record.end_ms + SERVICE_KEPT_MS) return LEAT_OK;
    TRY(ledger_delete(service->db, LEDGER_IMPORTS, SLICE("token"), record.client_token, fault));
    return ledger_delete(service->db, LEDGER_IMPORTS, record.kind, record.id, fault);
}

enum leat_code import_resume(struct transfer_service *service, struct leat_fault *fault) {
    struct resuming resuming = {.service = service};
    const struct ledger_walk walk = {.table = LEDGER_IMPORTS, .kind = SLICE("import"), .each = resume_one, .context = &resuming};
    arena_init(&resuming.arena, SERVICE_ARENA_MAX);
    enum leat_code code = ledger_walk(service->db, &walk, fault);
    arena_fini(&resuming.arena);
    return code;
}
