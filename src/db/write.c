#include "table/write.h"

#include "base/slice.h"
#include "db/db.h"
#include "db/wait.h"

LEAT_PUBLIC enum leat_code leat_write_start(struct leat *db, const struct leat_write *writes, size_t count, enum leat_mode mode,
                                            struct leat_slice token, leat_done_fn done, void *context,
                                            struct leat_fault *fault) {
    struct write_job *job;
    struct leat_fault own; /* what is answered is not the return value's */
    fault_clear(&own);
    enum leat_code code = write_prepare(db->engine, writes, count, mode, token, &job, &own);
    if (code != LEAT_OK && code != LEAT_TRANSACTION_CANCELED) {
        if (fault != NULL) fault_copy(fault, &own);
        return code;
    }
    job->done = done;
    job->context = context;
    if (code == LEAT_TRANSACTION_CANCELED) {
        write_job_answer(job);
        return LEAT_OK;
    }
    code = executor_submit(&db->engine->executor, &job->job, fault);
    if (code != LEAT_OK) write_job_free(job);
    return code;
}

static enum leat_code write_and_wait(struct leat *db, const struct leat_write *writes, size_t count, enum leat_mode mode,
                                     struct leat_slice token, struct leat_result *result, struct leat_fault *fault) {
    *result = (struct leat_result){.memory = NULL};
    struct db_waiting waiting = DB_WAITING(result, fault);
    TRY(leat_write_start(db, writes, count, mode, token, db_wake, &waiting, fault));
    return db_wait(&waiting);
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
