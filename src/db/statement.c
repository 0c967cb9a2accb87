#include "table/statement.h"

#include "db/db.h"
#include "db/wait.h"

LEAT_PUBLIC enum leat_code leat_statement_start(struct leat *db, const struct leat_statement *statements, size_t count,
                                                enum leat_mode mode, struct leat_slice token, leat_done_fn done, void *context,
                                                struct leat_fault *fault) {
    return statement_start(db->engine, statements, count, mode, token, done, context, fault);
}

static enum leat_code run_and_wait(struct leat *db, const struct leat_statement *statements, size_t count, enum leat_mode mode,
                                   struct leat_slice token, struct leat_result *result, struct leat_fault *fault) {
    *result = (struct leat_result){.memory = NULL};
    struct db_waiting waiting = DB_WAITING(result, fault);
    TRY(statement_start(db->engine, statements, count, mode, token, db_wake, &waiting, fault));
    return db_wait(&waiting);
}

LEAT_PUBLIC enum leat_code leat_statement(struct leat *db, const struct leat_statement *statement, struct leat_result *result,
                                          struct leat_fault *fault) {
    return run_and_wait(db, statement, 1, LEAT_EACH, (struct leat_slice){NULL, 0}, result, fault);
}

LEAT_PUBLIC enum leat_code leat_statements(struct leat *db, const struct leat_statement *statements, size_t count,
                                           struct leat_slice token, struct leat_result *result, struct leat_fault *fault) {
    return run_and_wait(db, statements, count, LEAT_ATOMIC, token, result, fault);
}
