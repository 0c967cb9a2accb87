/* What the tests of expr share: JSON in single quotes to items and back, and one environment per row. */
#ifndef TESTS_EXPR_RIG_H
#define TESTS_EXPR_RIG_H

#include <criterion/criterion.h>

#include "base/slice.h"
#include "expr/expr.h"
#include "item/item_json.h"

struct rig {
    struct arena arena;
    struct expr_environment environment;
    struct leat_fault fault;
    struct buf out;
};

/* names: "{'#a':'x'}"; values: DynamoDB JSON; NULL: not given. environment is initialised; its code comes back. */
enum leat_code rig_init(struct rig *rig, const char *names, const char *values);
void rig_fini(struct rig *rig);

struct leat_slice rig_item(struct rig *rig, const char *json); /* NULL: absent */
const char *rig_json(struct rig *rig, struct leat_slice item); /* in single quotes again */

#endif
