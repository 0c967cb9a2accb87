/* Describing and listing exports and imports. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/slice.h"
#include "transfer/service.h"
#include "transfer/ledger.h"

/* ---- one ---- */

static enum leat_code get_one(struct transfer_service *service, const struct service_words *words, const char *table,
                              const struct record_field *fields, struct leat_slice arn, struct arena *arena, void *out,
                              struct leat_fault *fault) {
    struct leat_slice id;
    TRY(service_id_of(service, words, arn, &id, fault));
    enum leat_code code = ledger_get(service->db, table, slice_text(words->what), id, arena, fields, out, fault);
    if (code != LEAT_RESOURCE_NOT_FOUND) return code;
    return fault_set(fault, words->not_found, "%s not found: %s not found: %.*s", words->title, words->title, SLICE_FORMAT(arn));
}

static enum leat_code other_table(const struct service_words *words, struct leat_slice arn, struct leat_fault *fault) {
    return fault_set(fault, words->not_found, "%s not found: %s not found: %.*s", words->title, words->title, SLICE_FORMAT(arn));
}

enum leat_code transfer_export_get(struct transfer_service *service, struct leat_slice arn, struct arena *arena,
                                   struct transfer_export *out, struct leat_fault *fault) {
    TRY(get_one(service, &service_export_words, LEDGER_EXPORTS, ledger_export_fields, arn, arena, out, fault));
    return slice_equal(out->arn, arn) ? LEAT_OK : other_table(&service_export_words, arn, fault);
}

enum leat_code transfer_import_get(struct transfer_service *service, struct leat_slice arn, struct arena *arena,
                                   struct transfer_import *out, struct leat_fault *fault) {
    TRY(get_one(service, &service_import_words, LEDGER_IMPORTS, ledger_import_fields, arn, arena, out, fault));
    return slice_equal(out->arn, arn) ? LEAT_OK : other_table(&service_import_words, arn, fault);
}

/* ---- tokens of pages: kind and id, padded, in hexadecimal; AWS's have at least 112 digits in groups of 16 ---- */

enum { TOKEN_BYTES = 64 };

static void make_token(const struct service_words *words, struct leat_slice id, char out[TRANSFER_TOKEN_SIZE]) {
    char text[TOKEN_BYTES + 1] = {0};
    (void)snprintf(text, sizeof text, "%s/%.*s", words->what, SLICE_FORMAT(id));
    for (size_t i = 0; i < TOKEN_BYTES; i++) (void)snprintf(out + 2 * i, 3, "%02x", (unsigned char)text[i]);
}

static int digit_of(uint8_t byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static enum leat_code read_token(const struct service_words *words, struct leat_slice token, struct arena *arena, struct leat_slice *id,
                                 struct leat_fault *fault) {
    char text[TOKEN_BYTES + 1] = {0};
    bool good = token.size == (size_t)2 * TOKEN_BYTES;
    for (size_t i = 0; good && i < TOKEN_BYTES; i++) {
        int high = digit_of(token.data[2 * i]), low = digit_of(token.data[2 * i + 1]);
        good = high >= 0 && low >= 0;
        if (good) text[i] = (char)(high << 4 | low);
    }
    size_t size = strlen(words->what);
    if (!good || strncmp(text, words->what, size) != 0 || text[size] != '/')
        return fault_set(fault, LEAT_VALIDATION, "Invalid Request: Provided nextToken is invalid: %.*s", SLICE_FORMAT(token));
    *id = arena_copy(arena, slice_text(text + size + 1));
    return id->data != NULL ? LEAT_OK : fault_memory(fault);
}

/* ---- pages ---- */

struct listing {
    struct transfer_service *service;
    struct arena *arena;
    struct leat_slice table_arn, table_id; /* absent: any */
    size_t limit;
    struct transfer_page *page;
    struct leat_slice last;
    bool more;
};

static bool too_old(const struct listing *listing, int64_t end_ms) {
    return end_ms != 0 && service_now(listing->service) > (uint64_t)end_ms + SERVICE_KEPT_MS;
}

static bool wanted(const struct listing *listing, struct leat_slice table_arn, struct leat_slice table_id) {
    if (listing->table_arn.data != NULL && !slice_equal(listing->table_arn, table_arn)) return false;
    return listing->table_id.data == NULL || slice_equal(listing->table_id, table_id);
}

/* Is there room for one more? The first that finds none says that there are more. */
static bool room(struct listing *listing, bool *go_on) {
    listing->more = listing->page->count == listing->limit;
    *go_on = !listing->more;
    return !listing->more;
}

static enum leat_code add_export(void *context, struct leat_slice item, bool *go_on, struct leat_fault *fault) {
    struct listing *listing = context;
    struct transfer_export record;
    TRY(record_read(ledger_export_fields, item, listing->arena, &record, fault));
    if (too_old(listing, record.end_ms) || !wanted(listing, record.table_arn, record.table_id) || !room(listing, go_on)) return LEAT_OK;
    listing->page->exports[listing->page->count++] = record;
    listing->last = record.id;
    return LEAT_OK;
}

static enum leat_code add_import(void *context, struct leat_slice item, bool *go_on, struct leat_fault *fault) {
    struct listing *listing = context;
    struct transfer_import record;
    TRY(record_read(ledger_import_fields, item, listing->arena, &record, fault));
    if (too_old(listing, record.end_ms) || !wanted(listing, record.table_arn, record.table_id) || !room(listing, go_on)) return LEAT_OK;
    listing->page->imports[listing->page->count++] = record;
    listing->last = record.id;
    return LEAT_OK;
}

static enum leat_code list_some(struct listing *listing, const struct transfer_list_request *request, const struct service_words *words,
                                const char *table, ledger_each add, struct leat_fault *fault) {
    struct ledger_walk walk = {.table = table, .kind = slice_text(words->what), .backward = true, .each = add, .context = listing};
    listing->limit = request->limit != 0 && request->limit <= TRANSFER_PAGE_MAX ? request->limit : TRANSFER_PAGE_DEFAULT;
    if (request->next_token.data != NULL) TRY(read_token(words, request->next_token, listing->arena, &walk.after, fault));
    enum leat_code code = ledger_walk(listing->service->db, &walk, fault);
    if (code == LEAT_RESOURCE_NOT_FOUND) return LEAT_OK; /* the table is made with the first one */
    if (code == LEAT_OK && listing->more) make_token(words, listing->last, listing->page->next_token);
    return code;
}

enum leat_code transfer_export_list(struct transfer_service *service, const struct transfer_list_request *request, struct arena *arena,
                                    struct transfer_page *out, struct leat_fault *fault) {
    struct listing listing = {.service = service, .arena = arena, .table_arn = request->table_arn, .page = out};
    *out = (struct transfer_page){.exports = ARENA_ARRAY(arena, struct transfer_export, TRANSFER_PAGE_MAX)};
    if (out->exports == NULL) return fault_memory(fault);
    if (request->table_arn.data != NULL) {
        /* observed at AWS: those of the table that has this ARN now; not of one that had it before */
        struct leat_description table = {0};
        enum leat_code code = leat_table_describe(service->db, request->table_arn, &table, NULL);
        if (code == LEAT_OK) listing.table_id = arena_copy(arena, table.table.id);
        leat_description_free(&table);
        if (code != LEAT_OK) return LEAT_OK;
        if (listing.table_id.data == NULL) return fault_memory(fault);
    }
    return list_some(&listing, request, &service_export_words, LEDGER_EXPORTS, add_export, fault);
}

enum leat_code transfer_import_list(struct transfer_service *service, const struct transfer_list_request *request, struct arena *arena,
                                    struct transfer_page *out, struct leat_fault *fault) {
    struct listing listing = {.service = service, .arena = arena, .table_arn = request->table_arn, .page = out};
    *out = (struct transfer_page){.imports = ARENA_ARRAY(arena, struct transfer_import, TRANSFER_PAGE_MAX)};
    if (out->imports == NULL) return fault_memory(fault);
    return list_some(&listing, request, &service_import_words, LEDGER_IMPORTS, add_import, fault);
}
