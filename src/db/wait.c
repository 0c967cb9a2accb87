#include "db/wait.h"

void db_wake(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *fault) {
    struct db_waiting *waiting = context;
    pthread_mutex_lock(&waiting->lock);
    waiting->code = code;
    *waiting->result = *result;
    if (code != LEAT_OK && waiting->fault != NULL) *waiting->fault = *fault;
    waiting->done = true;
    pthread_cond_signal(&waiting->answered);
    pthread_mutex_unlock(&waiting->lock);
}

enum leat_code db_wait(struct db_waiting *waiting) {
    pthread_mutex_lock(&waiting->lock);
    while (!waiting->done) pthread_cond_wait(&waiting->answered, &waiting->lock);
    pthread_mutex_unlock(&waiting->lock);
    return waiting->code;
}
