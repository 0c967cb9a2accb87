/* Starting an import: the table is made, not yet open. What is wrong with the bucket or with items comes out later, as at AWS.
 * Source: DynamoDB API Reference, ImportTable; the words are those that AWS answers. */
#include <stdio.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/random.h"
#include "base/slice.h"
#include "transfer/import.h"

enum { HEADERS_BYTES_MAX = 300 * 1024 };

/* ---- the table ---- */

enum leat_code import_drop_table(struct transfer_service *service, const struct transfer_import *record, struct leat_fault *fault) {
    struct leat_description description = {0};
    struct leat_slice name = record->table;
    enum leat_code code = leat_table_describe(service->db, name, &description, fault);
    bool ours = record->table_id.data != NULL ? slice_equal(record->table_id, description.table.id) : description.table.loading;
    leat_description_free(&description);
    if (code == LEAT_RESOURCE_NOT_FOUND || (code == LEAT_OK && !ours)) return LEAT_OK;
    TRY(code);
    const struct leat_table_change open = {.name = name, .change_loading = true};
    code = leat_table_update(service->db, &open, &description, fault);
    leat_description_free(&description);
    TRY(code);
    code = leat_table_delete(service->db, name, &description, fault);
    leat_description_free(&description);
    return code == LEAT_RESOURCE_NOT_FOUND ? LEAT_OK : code;
}

static bool table_exists(struct transfer_service *service, struct leat_slice name) {
    struct leat_description description = {0};
    enum leat_code code = leat_table_describe(service->db, name, &description, NULL);
    leat_description_free(&description);
    return code == LEAT_OK;
}

/* ---- the record ---- */

static struct leat_slice text_or(struct leat_slice text, const char *otherwise) {
    return text.data != NULL ? text : slice_text(otherwise);
}

/* One a line: AWS's pattern for them has no line ends in it. */
static enum leat_code join_headers(const struct transfer_import_request *request, struct arena *arena, struct leat_slice *out,
                                   struct leat_fault *fault) {
    struct buf text;
    *out = (struct leat_slice){NULL, 0};
    if (request->header_count == 0) return LEAT_OK;
    buf_init_in(&text, arena, HEADERS_BYTES_MAX);
    for (size_t i = 0; i < request->header_count; i++) {
        if (i > 0) buf_byte(&text, '\n');
        buf_slice(&text, request->headers[i]);
    }
    if (!buf_ok(&text)) return fault_set(fault, LEAT_VALIDATION, "One or more parameter values were invalid: HeaderList is too long");
    *out = buf_keep(&text);
    return LEAT_OK;
}

static enum leat_code make_record(struct transfer_service *service, const struct transfer_import_request *request, struct arena *arena,
                                  struct transfer_import *out, struct leat_fault *fault) {
    char id[SERVICE_ID_SIZE], uuid[RANDOM_UUID_SIZE];
    struct leat_slice table = request->table->name;
    service_new_id(service, id);
    random_uuid(uuid);
    *out = (struct transfer_import){
        .kind = SLICE("import"),
        .id = arena_copy(arena, slice_text(id)),
        .arn = arena_print(arena, "arn:aws:dynamodb:%s:%s:table/%.*s/import/%s", service->region, service->account, SLICE_FORMAT(table),
                           id),
        .status = SLICE("IN_PROGRESS"),
        .table_arn = arena_print(arena, "arn:aws:dynamodb:%s:%s:table/%.*s", service->region, service->account, SLICE_FORMAT(table)),
        .table = table,
        .client_token = request->client_token.data != NULL ? request->client_token : arena_copy(arena, slice_text(uuid)),
        .bucket = request->bucket,
        .bucket_owner = text_or(request->bucket_owner, service->account),
        .key_prefix = request->key_prefix,
        .format = request->format,
        .compression = text_or(request->compression, "NONE"),
        .delimiter = request->delimiter,
        .parameters_json = request->parameters_json,
        .options_json = request->options_json,
        .log_group_arn = arena_print(arena, "arn:aws:logs:%s:%s:log-group:/aws-dynamodb/imports:*", service->region, service->account),
        .start_ms = (int64_t)service_now(service),
        .phase = IMPORT_NEW,
    };
    TRY(join_headers(request, arena, &out->headers, fault));
    bool whole = out->id.data != NULL && out->arn.data != NULL && out->table_arn.data != NULL && out->log_group_arn.data != NULL;
    return whole ? LEAT_OK : fault_memory(fault);
}

/* ---- the token ---- */

/* What an earlier request with this token has started. LEAT_RESOURCE_NOT_FOUND: none that still counts. */
static enum leat_code find_earlier(struct transfer_service *service, struct leat_slice token, struct arena *arena,
                                   struct transfer_import *out, struct leat_fault *fault) {
    struct ledger_token known;
    if (token.data == NULL) return LEAT_RESOURCE_NOT_FOUND;
    TRY(ledger_get(service->db, LEDGER_IMPORTS, SLICE("token"), token, arena, ledger_token_fields, &known, fault));
    TRY(ledger_get(service->db, LEDGER_IMPORTS, SLICE("import"), known.job, arena, ledger_import_fields, out, fault));
    bool old = out->end_ms != 0 && service_now(service) > (uint64_t)out->end_ms + SERVICE_TOKEN_MS;
    return old || out->phase == IMPORT_NEW ? LEAT_RESOURCE_NOT_FOUND : LEAT_OK;
}

/* Observed at AWS: only another table's name is a conflict; the other parameters of a repeated request are not looked at. While the
 * import goes on its token counts before the table's name; afterwards the name is looked at first. */
static enum leat_code replay(struct transfer_service *service, const struct transfer_import_request *request, struct arena *arena,
                             struct transfer_import *out, struct leat_fault *fault) {
    struct leat_slice name = request->table->name;
    enum leat_code code = find_earlier(service, request->client_token, arena, out, fault);
    bool going_on = code == LEAT_OK && out->end_ms == 0;
    if (code != LEAT_OK && code != LEAT_RESOURCE_NOT_FOUND) return code;
    if (!going_on && table_exists(service, name))
        return fault_set(fault, LEAT_RESOURCE_IN_USE, "Table already exists: %.*s", SLICE_FORMAT(name));
    if (code == LEAT_OK && !slice_equal(out->table, name))
        return fault_set(fault, LEAT_IMPORT_CONFLICT, "Import conflict: Duplicate request detected with conflicting parameters");
    return code;
}

/* ---- begin ---- */

static enum leat_code make_table(struct transfer_service *service, const struct leat_table *asked, struct arena *arena,
                                 struct transfer_import *record, struct leat_fault *fault) {
    struct leat_description description = {0};
    struct leat_table table = *asked;
    table.loading = true;
    enum leat_code code = leat_table_create(service->db, &table, &description, fault);
    if (code == LEAT_OK) {
        record->table_id = arena_copy(arena, description.table.id);
        if (record->table_id.data == NULL) code = fault_memory(fault);
    }
    leat_description_free(&description);
    return code;
}

/* Record first, table then: what is left over after a crash between the two is found by the record. */
static enum leat_code begin(struct transfer_service *service, const struct transfer_import_request *request, struct arena *arena,
                            struct transfer_import *record, struct leat_fault *fault) {
    const struct ledger_token token = {SLICE("token"), request->client_token, record->id, {NULL, 0}};
    const struct ledger_record records[] = {{ledger_import_fields, record}, {ledger_token_fields, &token}};
    TRY(ledger_put(service->db, LEDGER_IMPORTS, records, request->client_token.data != NULL ? 2 : 1, fault));
    enum leat_code code = make_table(service, request->table, arena, record, fault);
    if (code == LEAT_OK) {
        record->phase = IMPORT_LOADING;
        code = ledger_put(service->db, LEDGER_IMPORTS, records, 1, fault);
    } else if (ledger_delete(service->db, LEDGER_IMPORTS, record->kind, record->id, NULL) != LEAT_OK) {
        log_warning("import %.*s was not started, but its record stays until the next start", SLICE_FORMAT(record->id));
    }
    return code == LEAT_OK ? service_enqueue(service, import_run, record->id, fault) : code;
}

static enum leat_code start(struct transfer_service *service, const struct transfer_import_request *request, struct arena *arena,
                            struct transfer_import *out, struct leat_fault *fault) {
    TRY(ledger_open(service->db, fault));
    enum leat_code code = replay(service, request, arena, out, fault);
    if (code != LEAT_RESOURCE_NOT_FOUND) return code;
    TRY(make_record(service, request, arena, out, fault));
    return begin(service, request, arena, out, fault);
}

enum leat_code transfer_import_start(struct transfer_service *service, const struct transfer_import_request *request, struct arena *arena,
                                     struct transfer_import *out, struct leat_fault *fault) {
    pthread_mutex_lock(&service->control);
    enum leat_code code = start(service, request, arena, out, fault);
    pthread_mutex_unlock(&service->control);
    return code;
}
