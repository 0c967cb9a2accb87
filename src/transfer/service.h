/* What the files of this room share: the service, its work and its names. */
#ifndef TRANSFER_SERVICE_H
#define TRANSFER_SERVICE_H

#include <limits.h>
#include <pthread.h>

#include "transfer/transfer.h"

enum {
    SERVICE_WORKERS_MAX = 4,  /* exports and imports under way at once; the others wait */
    SERVICE_ID_SIZE = 32,     /* "01658528578619-c4d4e311" */
    SERVICE_ARENA_MAX = 64 << 20,
    SERVICE_SAVE_EVERY_MS = 1000, /* how old the figures may be that descriptions show */
};
#define SERVICE_KEPT_MS (90 * 24 * 3600 * 1000ull) /* API Reference, ListExports: "within the past 90 days" */
#define SERVICE_TOKEN_MS (8 * 3600 * 1000ull)      /* ... ExportTableToPointInTime, ClientToken: 8 hours */

struct service_job {
    struct service_job *next;
    void (*run)(struct transfer_service *service, struct leat_slice id);
    char id[SERVICE_ID_SIZE];
};

struct transfer_service {
    struct leat *db;
    char directory[PATH_MAX], region[64], account[16];
    uint64_t file_bytes_max;
    pthread_mutex_t control; /* starting something: names and tokens are looked at and taken as one */
    pthread_mutex_t lock;    /* of what follows */
    pthread_cond_t wake;
    struct service_job *first, **last; /* waiting for a worker */
    pthread_t workers[SERVICE_WORKERS_MAX];
    size_t worker_count, idle;
    bool stopping;
};

uint64_t service_now(const struct transfer_service *service);
bool service_stopping(struct transfer_service *service);
bool service_pause(struct transfer_service *service, unsigned milliseconds); /* false: it is stopping */
enum leat_code service_enqueue(struct transfer_service *service, void (*run)(struct transfer_service *, struct leat_slice),
                               struct leat_slice id, struct leat_fault *fault) LEAT_MUST_USE;

/* ---- names ---- */

void service_new_id(const struct transfer_service *service, char out[SERVICE_ID_SIZE]);

/* arn:aws:dynamodb:<region>:<account>:table/<table>/<what>/<id>; what and id absent in a table's own. false: not that. */
struct service_arn { struct leat_slice region, account, table, what, id; };
bool service_arn_parse(struct leat_slice arn, struct service_arn *out);

/* The id in the ARN of an export or import. Faults as AWS words them; not_found: LEAT_EXPORT_NOT_FOUND or LEAT_IMPORT_NOT_FOUND. */
struct service_words {
    const char *what;  /* "export" */
    const char *title; /* "Export" */
    enum leat_code not_found, conflict;
};
extern const struct service_words service_export_words, service_import_words;
enum leat_code service_id_of(const struct transfer_service *service, const struct service_words *words, struct leat_slice arn,
                             struct leat_slice *id, struct leat_fault *fault) LEAT_MUST_USE;

/* ---- client tokens ---- */

enum { SERVICE_HASH_SIZE = 65 };
void service_hash(const struct leat_slice *parts, size_t count, char out[SERVICE_HASH_SIZE]);

/* ---- failures under way ---- */

/* What a job's own database calls answer is no fault of S3's: LEAT_OK and LEAT_CLOSED stay, the others become LEAT_INTERNAL. */
enum leat_code service_internal(enum leat_code code);
const char *service_failure_code(enum leat_code code); /* FailureCode of a bucket's fault */

/* ---- the two kinds of work ---- */

void export_run(struct transfer_service *service, struct leat_slice id);
void import_run(struct transfer_service *service, struct leat_slice id);
/* At the start: goes on with what was under way, forgets what is too old. */
enum leat_code export_resume(struct transfer_service *service, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code import_resume(struct transfer_service *service, struct leat_fault *fault) LEAT_MUST_USE;

#endif
