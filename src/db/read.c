#include "table/read.h"

#include "db/db.h"

LEAT_PUBLIC enum leat_code leat_get(struct leat *db, const struct leat_get *get, struct leat_result *result,
                                    struct leat_fault *fault) {
    enum leat_code code = read_get_many(db->engine, get, 1, LEAT_EACH, result, fault);
    if (code == LEAT_OK && result->items[0].data == NULL) result->count = 0;
    return code;
}

LEAT_PUBLIC enum leat_code leat_get_many(struct leat *db, const struct leat_get *gets, size_t count,
                                         enum leat_mode mode, struct leat_result *result, struct leat_fault *fault) {
    return read_get_many(db->engine, gets, count, mode, result, fault);
}

LEAT_PUBLIC enum leat_code leat_query(struct leat *db, const struct leat_query *query, struct leat_result *result,
                                      struct leat_fault *fault) {
    return read_query(db->engine, query, result, fault);
}

LEAT_PUBLIC void leat_result_free(struct leat_result *result) {
    table_memory_free(result->memory);
    *result = (struct leat_result){.memory = NULL};
}
