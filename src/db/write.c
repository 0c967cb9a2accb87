#include "table/write.h"

#include "base/slice.h"
#include "db/db.h"

LEAT_PUBLIC enum leat_code leat_write_start(struct leat *db, const struct leat_write *writes, size_t count, enum leat_mode mode,
                                            struct leat_slice token, leat_done_fn done, void *context,
                                            struct leat_fault *fault) {
    struct write_job *job;
    TRY(write_prepare(db->engine, writes, count, mode, token, &job, fault));
    job->done = done;
    job->context = context;
    enum leat_code code = executor_submit(&db->engine->executor, &job->job, fault);
    if (code != LEAT_OK) write_job_free(job);
    return code;
}

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    bool done;
    enum leat_code code;
    struct leat_result *result;
    struct leat_fault *fault;
};

static void wake(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *fault) {
    struct waiting *waiting = context;
    pthread_mutex_lock(&waiting->lock);
    waiting->code = code;
    *waiting->result = *result;
    if (code != LEAT_OK && waiting->fault != NULL) *waiting->fault = *fault;
    waiting->done = true;
    pthread_cond_signal(&waiting->answered);
    pthread_mutex_unlock(&waiting->lock);
}

static enum leat_code write_and_wait(struct leat *db, const struct leat_write *writes, size_t count, enum leat_mode mode,
                                     struct leat_slice token, struct leat_result *result, struct leat_fault *fault) {
    *result = (struct leat_result){.memory = NULL};
    struct waiting waiting = {.lock = PTHREAD_MUTEX_INITIALIZER, .answered = PTHREAD_COND_INITIALIZER, .result = result,
                              .fault = fault};
    TRY(leat_write_start(db, writes, count, mode, token, wake, &waiting, fault));
    pthread_mutex_lock(&waiting.lock);
    while (!waiting.done) pthread_cond_wait(&waiting.answered, &waiting.lock);
    pthread_mutex_unlock(&waiting.lock);
    return waiting.code;
}

LEAT_PUBLIC enum leat_code leat_write(struct leat *db, const struct leat_write *write, struct leat_result *result,
                                      struct leat_fault *fault) {
    return write_and_wait(db, write, 1, LEAT_EACH, (struct leat_slice){NULL, 0}, result, fault);
}

LEAT_PUBLIC enum leat_code leat_transact(struct leat *db, const struct leat_write *writes, size_t count,
                                         struct leat_slice token, struct leat_result *result, struct leat_fault *fault) {
    return write_and_wait(db, writes, count, LEAT_ATOMIC, token, result, fault);
}

static enum leat_code write_plain(struct leat *db, const struct leat_write *write, struct leat_fault *fault) {
    struct leat_result result;
    enum leat_code code = leat_write(db, write, &result, fault);
    leat_result_free(&result);
    return code;
}

LEAT_PUBLIC enum leat_code leat_put(struct leat *db, const char *table, struct leat_slice item, struct leat_fault *fault) {
    return write_plain(db, &(struct leat_write){.kind = LEAT_PUT, .table = slice_text(table), .item = item}, fault);
}

LEAT_PUBLIC enum leat_code leat_delete(struct leat *db, const char *table, struct leat_slice key, struct leat_fault *fault) {
    return write_plain(db, &(struct leat_write){.kind = LEAT_DELETE, .table = slice_text(table), .key = key}, fault);
}
