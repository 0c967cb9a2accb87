#include "table/scalars.h"

#include "base/slice.h"

static enum leat_code check_keys(const struct schema *keys, const struct scalars *used, const char *what, struct leat_fault *fault) {
    const struct leat_slice names[2] = {keys->partition, keys->sort};
    for (int i = 0; i < 2; i++) {
        if (names[i].data == NULL) continue;
        bool inside = (used->condition != NULL && expr_condition_uses_inside(used->condition, names[i])) ||
                      (used->update != NULL && expr_update_uses_inside(used->update, names[i])) ||
                      (used->projection != NULL && expr_projection_uses_inside(used->projection, names[i]));
        if (inside)
            return fault_set(fault, LEAT_VALIDATION,
                             "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: %s: %.*s", what,
                             SLICE_FORMAT(names[i]));
    }
    return LEAT_OK;
}

enum leat_code scalars_check(const struct table *table, const struct scalars *used, struct leat_fault *fault) {
    if (used->condition == NULL && used->update == NULL && used->projection == NULL) return LEAT_OK;
    TRY(check_keys(&table->keys, used, "Key", fault));
    for (size_t i = 0; i < table->index_count; i++) TRY(check_keys(&table->indexes[i].keys, used, "IndexKey", fault));
    return LEAT_OK;
}
