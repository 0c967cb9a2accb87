/* The manifests of an export, which come last: whoever finds the summary finds everything.
 * Source: DynamoDB Developer Guide, "DynamoDB table export output format". */
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/slice.h"
#include "transfer/export.h"
#include "transfer/outflow.h"

enum { MANIFEST_BYTES_MAX = 1 << 20 };

static void text_member(struct json_writer *json, const char *name, struct leat_slice text) {
    json_key(json, name);
    if (text.data != NULL) json_string(json, text);
    else json_null(json);
}

static void int_member(struct json_writer *json, const char *name, int64_t value) {
    json_key(json, name);
    json_int(json, value);
}

static void time_member(struct json_writer *json, const char *name, int64_t time_ms) {
    char iso[CLOCK_ISO_SIZE], text[CLOCK_ISO_SIZE + 1];
    clock_iso((uint64_t)time_ms, iso);
    (void)snprintf(text, sizeof text, "%sZ", iso);
    text_member(json, name, slice_text(text));
}

/* ---- the files manifest: a line a file ---- */

struct lines { struct export_run *run; struct outflow *outflow; struct buf text; };

static enum leat_code write_line(void *context, struct leat_slice item, bool *go_on, struct leat_fault *fault) {
    struct lines *lines = context;
    struct export_file file;
    struct json_writer json;
    (void)go_on;
    arena_reset(&lines->run->step);
    TRY(record_read(export_file_fields, item, &lines->run->step, &file, fault));
    buf_clear(&lines->text);
    json_writer_init(&json, &lines->text);
    json_object(&json);
    int_member(&json, "itemCount", file.item_count);
    text_member(&json, "md5Checksum", file.md5);
    text_member(&json, "etag", file.etag);
    text_member(&json, "dataFileS3Key", file.key);
    json_object_end(&json);
    buf_byte(&lines->text, '\n');
    if (!buf_ok(&lines->text)) return fault_memory(fault);
    return outflow_write(lines->outflow, buf_view(&lines->text), fault);
}

static enum leat_code put_checksum(struct export_run *run, const char *name, const struct outflow_sums *of) {
    struct outflow_sums sums;
    struct leat_slice key = export_key(&run->arena, &run->record, name);
    if (key.data == NULL) return fault_memory(&run->fault);
    return outflow_put(&run->bucket, key, slice_text(of->md5), &sums, &run->fault);
}

static enum leat_code write_files_manifest(struct export_run *run, struct leat_slice key) {
    struct lines lines = {.run = run};
    struct outflow_sums sums;
    const struct ledger_walk walk = {
        .table = LEDGER_EXPORTS, .kind = export_files_kind(&run->arena, run->record.id), .each = write_line, .context = &lines};
    if (walk.kind.data == NULL) return fault_memory(&run->fault);
    TRY(outflow_new(&run->bucket, key, false, &lines.outflow, &run->fault));
    buf_init(&lines.text, MANIFEST_BYTES_MAX);
    enum leat_code code = ledger_walk(run->service->db, &walk, &run->fault);
    if (code == LEAT_OK) code = outflow_commit(lines.outflow, &sums, &run->fault);
    buf_fini(&lines.text);
    outflow_free(lines.outflow);
    return code == LEAT_OK ? put_checksum(run, "manifest-files.md5", &sums) : code;
}

/* ---- the summary ---- */

static void summary_text(const struct transfer_export *record, struct leat_slice files_key, struct buf *out) {
    struct json_writer json;
    json_writer_init(&json, out);
    json_object(&json);
    text_member(&json, "version", record->incremental ? SLICE("2023-08-01") : SLICE("2020-06-30"));
    text_member(&json, "exportArn", record->arn);
    time_member(&json, "startTime", record->start_ms);
    time_member(&json, "endTime", record->end_ms);
    text_member(&json, "tableArn", record->table_arn);
    text_member(&json, "tableId", record->table_id);
    if (record->incremental) {
        time_member(&json, "exportFromTime", record->from_ms);
        time_member(&json, "exportToTime", record->to_ms);
    } else {
        time_member(&json, "exportTime", record->time_ms);
    }
    text_member(&json, "s3Bucket", record->bucket);
    text_member(&json, "s3Prefix", record->prefix);
    text_member(&json, "s3SseAlgorithm", record->sse_algorithm);
    text_member(&json, "s3SseKmsKeyId", record->sse_kms_key_id);
    text_member(&json, "manifestFilesS3Key", files_key);
    int_member(&json, "billedSizeBytes", record->billed_bytes);
    int_member(&json, "itemCount", record->item_count);
    text_member(&json, "outputFormat", record->format);
    if (record->incremental) text_member(&json, "outputView", record->view);
    text_member(&json, "exportType", record->incremental ? SLICE("INCREMENTAL_EXPORT") : SLICE("FULL_EXPORT"));
    json_object_end(&json);
}

static enum leat_code write_summary(struct export_run *run, struct leat_slice files_key) {
    struct leat_slice key = export_key(&run->arena, &run->record, "manifest-summary.json");
    struct outflow_sums sums;
    struct buf text;
    if (key.data == NULL) return fault_memory(&run->fault);
    buf_init(&text, MANIFEST_BYTES_MAX);
    summary_text(&run->record, files_key, &text);
    enum leat_code code = buf_ok(&text) ? outflow_put(&run->bucket, key, buf_view(&text), &sums, &run->fault) : fault_memory(&run->fault);
    buf_fini(&text);
    return code == LEAT_OK ? put_checksum(run, "manifest-summary.md5", &sums) : code;
}

enum leat_code export_write_manifests(struct export_run *run) {
    struct leat_slice files_key = export_key(&run->arena, &run->record, "manifest-files.json");
    if (files_key.data == NULL) return fault_memory(&run->fault);
    TRY(write_files_manifest(run, files_key));
    run->record.end_ms = (int64_t)service_now(run->service);
    return write_summary(run, files_key);
}
