#include "table/copy.h"
#include "table/history.h"
#include "table/tables.h"

#include "db/db.h"

LEAT_PUBLIC enum leat_code leat_table_create(struct leat *db, const struct leat_table *table, struct leat_description *out,
                                             struct leat_fault *fault) {
    return tables_create(db->engine, table, out, fault);
}

LEAT_PUBLIC enum leat_code leat_table_describe(struct leat *db, struct leat_slice name, struct leat_description *out,
                                               struct leat_fault *fault) {
    return tables_describe(db->engine, name, out, fault);
}

LEAT_PUBLIC enum leat_code leat_table_delete(struct leat *db, struct leat_slice name, struct leat_description *out,
                                             struct leat_fault *fault) {
    return tables_delete(db->engine, name, out, fault);
}

LEAT_PUBLIC enum leat_code leat_table_update(struct leat *db, const struct leat_table_change *change,
                                             struct leat_description *out, struct leat_fault *fault) {
    return tables_update(db->engine, change, out, fault);
}

LEAT_PUBLIC enum leat_code leat_table_copy(struct leat *db, const struct leat_copy *copy, struct leat_description *out,
                                           struct leat_fault *fault) {
    return copy_table(db->engine, copy, out, fault);
}

LEAT_PUBLIC enum leat_code leat_history_read(struct leat *db, struct leat_history_read *read, struct leat_result *result,
                                             struct leat_fault *fault) {
    return history_read(db->engine, read, result, fault);
}

LEAT_PUBLIC enum leat_code leat_table_list(struct leat *db, struct leat_slice prefix, struct leat_slice start, size_t limit,
                                           struct leat_result *result, struct leat_fault *fault) {
    return tables_list(db->engine, prefix, start, limit, result, fault);
}

LEAT_PUBLIC void leat_description_free(struct leat_description *description) {
    table_memory_free(description->memory);
    *description = (struct leat_description){.memory = NULL};
}
