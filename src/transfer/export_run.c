/* An export under way: wait for the copy, write files, write manifests, clean up. Each step is durable before the next. */
#include "transfer/export.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/slice.h"
#include "transfer/outflow.h"

enum { COPY_POLL_MS_MIN = 5, COPY_POLL_MS_MAX = 500 };

void export_table_name(struct leat_slice id, enum export_table table, char out[EXPORT_TABLE_SIZE]) {
    static const char *const names[] = {[EXPORT_TO] = "to", [EXPORT_FROM] = "from", [EXPORT_KEYS] = "keys"};
    (void)snprintf(out, EXPORT_TABLE_SIZE, "leat:export/%.*s/%s", SLICE_FORMAT(id), names[table]);
}

bool export_has_table(const struct transfer_export *record, enum export_table table) {
    if (table == EXPORT_FROM) return slice_is(record->view, "NEW_AND_OLD_IMAGES");
    return table == EXPORT_TO || record->incremental;
}

uint64_t export_moment(const struct transfer_export *record, enum export_table table) {
    if (table == EXPORT_FROM) return (uint64_t)record->from_ms - 1;
    return record->incremental ? (uint64_t)record->to_ms - 1 : (uint64_t)record->time_ms;
}

struct leat_slice export_key(struct arena *arena, const struct transfer_export *export, const char *name) {
    struct leat_slice prefix = export->prefix;
    const char *slash = prefix.size > 0 && prefix.data[prefix.size - 1] != '/' ? "/" : "";
    return arena_print(arena, "%.*s%sAWSDynamoDB/%.*s/%s", SLICE_FORMAT(prefix), slash, SLICE_FORMAT(export->id), name);
}

enum leat_code export_save(struct export_run *run) {
    const struct ledger_record record = {ledger_export_fields, &run->record};
    run->saved_ms = service_now(run->service);
    return service_internal(ledger_put(run->service->db, LEDGER_EXPORTS, &record, 1, &run->fault));
}

/* ---- steps ---- */

static enum leat_code describe_copy(struct export_run *run, enum export_table table, struct leat_description *out) {
    char name[EXPORT_TABLE_SIZE];
    export_table_name(run->record.id, table, name);
    return service_internal(leat_table_describe(run->service->db, slice_text(name), out, &run->fault));
}

static enum leat_code wait_for_copy(struct export_run *run, enum export_table table) {
    for (unsigned pause_ms = COPY_POLL_MS_MIN;; pause_ms = pause_ms < COPY_POLL_MS_MAX ? 2 * pause_ms : COPY_POLL_MS_MAX) {
        struct leat_description copy = {0};
        enum leat_code code = describe_copy(run, table, &copy);
        bool ready = code == LEAT_OK && copy.table.status == LEAT_ACTIVE;
        if (ready && table == EXPORT_TO) {
            run->record.billed_bytes = (int64_t)copy.table.size_bytes;
            run->record.item_total = (int64_t)copy.table.item_count;
        }
        leat_description_free(&copy);
        if (code != LEAT_OK) return code;
        if (ready) return LEAT_OK;
        if (!service_pause(run->service, pause_ms)) return LEAT_CLOSED;
    }
}

static enum leat_code open_bucket(struct export_run *run) {
    struct transfer_export *record = &run->record;
    struct outflow_sums sums;
    if (record->bucket_owner.data != NULL && !slice_is(record->bucket_owner, run->service->account))
        return fault_set(&run->fault, LEAT_ACCESS_DENIED, "Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied)");
    TRY(bucket_open(run->service->directory, record->bucket, &run->bucket, &run->fault));
    struct leat_slice key = export_key(&run->arena, record, "_started");
    return key.data != NULL ? outflow_put(&run->bucket, key, SLICE(""), &sums, &run->fault) : fault_memory(&run->fault);
}

static enum leat_code steps(struct export_run *run) {
    TRY(open_bucket(run));
    if (run->record.phase == EXPORT_COPYING) {
        for (enum export_table table = EXPORT_TO; table < EXPORT_KEYS; table++)
            if (export_has_table(&run->record, table)) TRY(wait_for_copy(run, table));
        run->record.phase = run->record.incremental ? EXPORT_COLLECTING : EXPORT_WRITING;
        TRY(export_save(run));
    }
    if (run->record.phase == EXPORT_COLLECTING) TRY(export_collect(run));
    TRY(export_write_files(run));
    return export_write_manifests(run);
}

/* ---- the end ---- */

static enum leat_code forget_file(void *context, struct leat_slice item, bool *go_on, struct leat_fault *fault) {
    struct export_run *run = context;
    struct export_file file;
    (void)go_on;
    arena_reset(&run->step);
    TRY(record_read(export_file_fields, item, &run->step, &file, fault));
    return ledger_delete(run->service->db, LEDGER_EXPORTS, file.kind, file.id, fault);
}

static enum leat_code delete_table(struct export_run *run, enum export_table table) {
    char name[EXPORT_TABLE_SIZE];
    struct leat_description description = {0};
    export_table_name(run->record.id, table, name);
    enum leat_code code = leat_table_delete(run->service->db, slice_text(name), &description, &run->fault);
    leat_description_free(&description);
    return code == LEAT_RESOURCE_NOT_FOUND ? LEAT_OK : code;
}

/* While a copy is being made it cannot be deleted. */
static enum leat_code drop_tables(struct export_run *run) {
    for (enum export_table table = EXPORT_TO; table < EXPORT_TABLES; table++) {
        enum leat_code code;
        while ((code = delete_table(run, table)) == LEAT_RESOURCE_IN_USE)
            if (!service_pause(run->service, COPY_POLL_MS_MAX)) return LEAT_CLOSED;
        TRY(service_internal(code));
    }
    return LEAT_OK;
}

static enum leat_code clean(struct export_run *run) {
    const struct ledger_walk walk = {
        .table = LEDGER_EXPORTS, .kind = export_files_kind(&run->arena, run->record.id), .each = forget_file, .context = run};
    if (walk.kind.data == NULL) return fault_memory(&run->fault);
    TRY(drop_tables(run));
    TRY(service_internal(ledger_walk(run->service->db, &walk, &run->fault)));
    run->record.phase = EXPORT_DONE;
    return export_save(run);
}

/* Nobody was told of it: it was killed while it was being started. */
static enum leat_code undo(struct export_run *run) {
    TRY(drop_tables(run));
    return ledger_delete(run->service->db, LEDGER_EXPORTS, run->record.kind, run->record.id, &run->fault);
}

static enum leat_code settle(struct export_run *run, enum leat_code code) {
    struct transfer_export *record = &run->record;
    if (code == LEAT_OK) {
        record->status = SLICE("COMPLETED");
        record->manifest = export_key(&run->arena, record, "manifest-summary.json");
    } else {
        record->status = SLICE("FAILED");
        record->failure_code = slice_text(service_failure_code(code));
        record->failure_message = arena_copy(&run->arena, slice_text(run->fault.message));
        record->item_count = record->billed_bytes = 0;
        record->end_ms = (int64_t)service_now(run->service);
    }
    record->place = (struct leat_slice){NULL, 0};
    record->phase = EXPORT_CLEANING;
    return export_save(run);
}

static enum leat_code work(struct export_run *run, struct leat_slice id) {
    TRY(ledger_get(run->service->db, LEDGER_EXPORTS, SLICE("export"), id, &run->arena, ledger_export_fields, &run->record, &run->fault));
    run->format = transfer_format_of(run->record.format);
    if (run->record.phase == EXPORT_NEW) return undo(run);
    if (run->record.phase < EXPORT_CLEANING) {
        enum leat_code code = steps(run);
        if (code == LEAT_CLOSED) return code;
        TRY(settle(run, code));
    }
    return clean(run);
}

void export_run(struct transfer_service *service, struct leat_slice id) {
    struct export_run run = {.service = service, .bucket = {.fd = -1}};
    arena_init(&run.arena, SERVICE_ARENA_MAX);
    arena_init(&run.step, SERVICE_ARENA_MAX);
    enum leat_code code = work(&run, id);
    if (code != LEAT_OK && code != LEAT_CLOSED)
        log_error("export %.*s: %s; it goes on after the next start", SLICE_FORMAT(id), run.fault.message);
    bucket_close(&run.bucket);
    arena_fini(&run.step);
    arena_fini(&run.arena);
}

/* ---- after a start ---- */

struct resuming { struct transfer_service *service; struct arena arena; };

/* Too old: with its client token, should there be one. */
static enum leat_code forget(struct transfer_service *service, const struct transfer_export *record, struct leat_fault *fault) {
    TRY(ledger_delete(service->db, LEDGER_EXPORTS, SLICE("token"), record->client_token, fault));
    return ledger_delete(service->db, LEDGER_EXPORTS, record->kind, record->id, fault);
}

static enum leat_code resume_one(void *context, struct leat_slice item, bool *go_on, struct leat_fault *fault) {
    struct resuming *resuming = context;
    struct transfer_service *service = resuming->service;
    struct transfer_export record;
    (void)go_on;
    arena_reset(&resuming->arena);
    TRY(record_read(ledger_export_fields, item, &resuming->arena, &record, fault));
    bool old = record.phase == EXPORT_DONE && service_now(service) > (uint64_t)record.end_ms + SERVICE_KEPT_MS;
    if (old) return forget(service, &record, fault);
    return record.phase == EXPORT_DONE ? LEAT_OK : service_enqueue(service, export_run, record.id, fault);
}

enum leat_code export_resume(struct transfer_service *service, struct leat_fault *fault) {
    struct resuming resuming = {.service = service};
    const struct ledger_walk walk = {.table = LEDGER_EXPORTS, .kind = SLICE("export"), .each = resume_one, .context = &resuming};
    arena_init(&resuming.arena, SERVICE_ARENA_MAX);
    enum leat_code code = ledger_walk(service->db, &walk, fault);
    arena_fini(&resuming.arena);
    return code;
}
