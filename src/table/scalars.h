/* Keys are scalars: nothing of them can be named by "." or "[]". */
#ifndef TABLE_SCALARS_H
#define TABLE_SCALARS_H

#include "expr/expr.h"
#include "table/catalogue.h"

/* A request's expressions; NULL: none. */
struct scalars { const struct expr_condition *condition; const struct expr_update *update; const struct expr_projection *projection; };

/* LEAT_VALIDATION "Key attributes must be scalars; ...", first for the table's keys, then for those of its indexes. */
enum leat_code scalars_check(const struct table *table, const struct scalars *used, struct leat_fault *fault) LEAT_MUST_USE;

#endif
