#include "transfer/service.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/slice.h"
#include "transfer/bucket.h"
#include "transfer/ledger.h"

enum { FILE_BYTES_MAX_DEFAULT = 256 << 20 };

/* ---- work ---- */

static struct service_job *take(struct transfer_service *service) {
    service->idle++;
    while (service->first == NULL && !service->stopping) pthread_cond_wait(&service->wake, &service->lock);
    service->idle--;
    struct service_job *job = service->stopping ? NULL : service->first;
    if (job == NULL) return NULL;
    service->first = job->next;
    if (service->first == NULL) service->last = &service->first;
    return job;
}

static void *work(void *context) {
    struct transfer_service *service = context;
    pthread_mutex_lock(&service->lock);
    for (struct service_job *job; (job = take(service)) != NULL;) {
        pthread_mutex_unlock(&service->lock);
        job->run(service, slice_text(job->id));
        free(job);
        pthread_mutex_lock(&service->lock);
    }
    pthread_mutex_unlock(&service->lock);
    return NULL;
}

/* Under the lock. Without any worker the job would wait for ever; with one it waits its turn. */
static enum leat_code add_worker(struct transfer_service *service, struct leat_fault *fault) {
    if (service->idle > 0 || service->worker_count == SERVICE_WORKERS_MAX) return LEAT_OK;
    int error = pthread_create(&service->workers[service->worker_count], NULL, work, service);
    if (error == 0) service->worker_count++;
    return service->worker_count > 0 ? LEAT_OK : fault_errno(fault, error, "starting a thread");
}

enum leat_code service_enqueue(struct transfer_service *service, void (*run)(struct transfer_service *, struct leat_slice),
                               struct leat_slice id, struct leat_fault *fault) {
    struct service_job *job = calloc(1, sizeof *job);
    if (job == NULL) return fault_memory(fault);
    job->run = run;
    (void)snprintf(job->id, sizeof job->id, "%.*s", SLICE_FORMAT(id));
    pthread_mutex_lock(&service->lock);
    enum leat_code code = add_worker(service, fault);
    if (code == LEAT_OK) {
        *service->last = job;
        service->last = &job->next;
        pthread_cond_broadcast(&service->wake);
    }
    pthread_mutex_unlock(&service->lock);
    if (code != LEAT_OK) free(job);
    return code;
}

bool service_stopping(struct transfer_service *service) {
    pthread_mutex_lock(&service->lock);
    bool stopping = service->stopping;
    pthread_mutex_unlock(&service->lock);
    return stopping;
}

bool service_pause(struct transfer_service *service, unsigned milliseconds) {
    struct timespec until = clock_deadline(milliseconds);
    pthread_mutex_lock(&service->lock);
    while (!service->stopping && pthread_cond_timedwait(&service->wake, &service->lock, &until) == 0) {}
    bool stopping = service->stopping;
    pthread_mutex_unlock(&service->lock);
    return !stopping;
}

/* ---- names ---- */

uint64_t service_now(const struct transfer_service *service) { return leat_now_ms(service->db); }

void service_new_id(const struct transfer_service *service, char out[SERVICE_ID_SIZE]) {
    uint32_t number;
    random_bytes(&number, sizeof number);
    (void)snprintf(out, SERVICE_ID_SIZE, "%014llu-%08x", (unsigned long long)service_now(service), number);
}

static bool take_part(struct leat_slice *text, uint8_t end, struct leat_slice *part) {
    const uint8_t *at = text->size > 0 ? memchr(text->data, end, text->size) : NULL;
    if (at == NULL) return false;
    *part = slice_of(text->data, (size_t)(at - text->data));
    *text = slice_of(at + 1, text->size - part->size - 1);
    return true;
}

bool service_arn_parse(struct leat_slice arn, struct service_arn *out) {
    struct leat_slice service, rest = arn;
    *out = (struct service_arn){.id = {NULL, 0}};
    if (!slice_starts(rest, SLICE("arn:"))) return false;
    struct leat_slice word;
    if (!take_part(&rest, ':', &word) || !take_part(&rest, ':', &word) || !take_part(&rest, ':', &service)) return false;
    if (!slice_is(service, "dynamodb") || !take_part(&rest, ':', &out->region) || !take_part(&rest, ':', &out->account)) return false;
    if (!take_part(&rest, '/', &word) || !slice_is(word, "table")) return false;
    if (!take_part(&rest, '/', &out->table)) {
        out->table = rest;
        return rest.size > 0;
    }
    if (!take_part(&rest, '/', &out->what)) return false;
    out->id = rest;
    return rest.size > 0 && out->table.size > 0;
}

const struct service_words service_export_words = {"export", "Export", LEAT_EXPORT_NOT_FOUND, LEAT_EXPORT_CONFLICT};
const struct service_words service_import_words = {"import", "Import", LEAT_IMPORT_NOT_FOUND, LEAT_IMPORT_CONFLICT};

enum leat_code service_id_of(const struct transfer_service *service, const struct service_words *words, struct leat_slice arn,
                             struct leat_slice *id, struct leat_fault *fault) {
    struct service_arn parts;
    if (!service_arn_parse(arn, &parts) || !slice_is(parts.what, words->what))
        return fault_set(fault, LEAT_VALIDATION, "Invalid %s ARN", words->title);
    if (!slice_is(parts.account, service->account)) return fault_set(fault, LEAT_ACCESS_DENIED, "Access is denied");
    if (!slice_is(parts.region, service->region))
        return fault_set(fault, words->not_found, "%s not found: Invalid %s arn", words->title, words->what);
    *id = parts.id;
    return LEAT_OK;
}

void service_hash(const struct leat_slice *parts, size_t count, char out[SERVICE_HASH_SIZE]) {
    unsigned char digest[32] = {0};
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool fine = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; fine && i < count; i++) {
        uint64_t size = parts[i].data != NULL ? parts[i].size + 1 : 0; /* absent is not empty */
        fine = EVP_DigestUpdate(context, &size, sizeof size) == 1 && EVP_DigestUpdate(context, parts[i].data, parts[i].size) == 1;
    }
    if (fine) (void)EVP_DigestFinal_ex(context, digest, NULL);
    EVP_MD_CTX_free(context);
    for (size_t i = 0; i < sizeof digest; i++) (void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* ---- failures ---- */

enum leat_code service_internal(enum leat_code code) { return code == LEAT_OK || code == LEAT_CLOSED ? code : LEAT_INTERNAL; }

const char *service_failure_code(enum leat_code code) {
    switch (code) {
    case LEAT_RESOURCE_NOT_FOUND: return "S3NoSuchBucket";
    case LEAT_ACCESS_DENIED: return "S3AccessDenied";
    default: return leat_code_name(code);
    }
}

/* ---- life ---- */

static bool tables_exist(struct leat *db) {
    struct leat_description description = {0};
    enum leat_code code = leat_table_describe(db, SLICE(LEDGER_IMPORTS), &description, NULL); /* made after the other one */
    leat_description_free(&description);
    return code == LEAT_OK;
}

/* The tables are made with the first export or import: most databases never have one. */
static enum leat_code resume(struct transfer_service *service, struct leat_fault *fault) {
    if (!tables_exist(service->db)) return LEAT_OK;
    bucket_sweep(service->directory);
    TRY(export_resume(service, fault));
    return import_resume(service, fault);
}

enum leat_code transfer_service_new(const struct transfer_service_options *options, struct transfer_service **out,
                                    struct leat_fault *fault) {
    struct transfer_service *service = calloc(1, sizeof *service);
    if (service == NULL) return fault_memory(fault);
    service->db = options->db;
    service->file_bytes_max = options->file_bytes_max != 0 ? options->file_bytes_max : FILE_BYTES_MAX_DEFAULT;
    service->last = &service->first;
    (void)snprintf(service->directory, sizeof service->directory, "%s", options->directory);
    (void)snprintf(service->region, sizeof service->region, "%s", options->region);
    (void)snprintf(service->account, sizeof service->account, "%s", options->account);
    pthread_mutex_init(&service->control, NULL);
    pthread_mutex_init(&service->lock, NULL);
    clock_cond_init(&service->wake);
    enum leat_code code = resume(service, fault);
    if (code == LEAT_OK) *out = service;
    else transfer_service_free(service);
    return code;
}

void transfer_service_free(struct transfer_service *service) {
    if (service == NULL) return;
    pthread_mutex_lock(&service->lock);
    service->stopping = true;
    pthread_cond_broadcast(&service->wake);
    pthread_mutex_unlock(&service->lock);
    for (size_t i = 0; i < service->worker_count; i++) (void)pthread_join(service->workers[i], NULL);
    for (struct service_job *job = service->first, *next; job != NULL; job = next) {
        next = job->next;
        free(job);
    }
    pthread_mutex_destroy(&service->control);
    pthread_mutex_destroy(&service->lock);
    pthread_cond_destroy(&service->wake);
    free(service);
}
