/* PartiQL for DynamoDB: one statement's text becomes trees of the same kind as expressions have, with names and values bound.
 *
 * What was parsed lives in the arena and borrows the text and the parameters; it is immutable from then on. Faults are
 * LEAT_VALIDATION in AWS's words. Source: DynamoDB Developer Guide, "PartiQL - a SQL-compatible query language for DynamoDB". */
#ifndef EXPR_PARTIQL_H
#define EXPR_PARTIQL_H

#include "expr/tree.h"

enum {
    PARTIQL_LENGTH_MAX = 8192, /* bytes. DynamoDB API Reference, ExecuteStatement */
    PARTIQL_KEYS_MAX = 100     /* values of a partition key that one SELECT may look for */
};

enum partiql_kind {
    PARTIQL_SELECT,
    PARTIQL_INSERT,
    PARTIQL_UPDATE,
    PARTIQL_DELETE,
    PARTIQL_EXISTS /* EXISTS(SELECT ...): the condition check of a transaction */
};

struct partiql_column {
    struct expr_path path;
    struct leat_slice name; /* in the answer: the last name of the path with the indexes behind it */
};
struct partiql_order {
    struct leat_slice name;
    bool descending;
};

struct partiql_statement {
    enum partiql_kind kind;
    struct leat_slice table, index;       /* index absent: the table itself */
    const struct partiql_column *columns; /* SELECT; none: all attributes */
    size_t column_count;
    const struct expr_node *where;        /* NULL: there is none */
    const struct partiql_order *order;
    size_t order_count;
    struct leat_slice item;               /* INSERT */
    const struct expr_update *update;     /* UPDATE */
    bool returning;
    enum leat_return returns;
};

/* parameters: encoded values (item/value.h), one for every "?" in order. */
enum leat_code partiql_parse(struct arena *arena, struct leat_slice text, const struct leat_slice *parameters,
                             size_t parameter_count, struct partiql_statement *out, struct leat_fault *fault) LEAT_MUST_USE;

/* Appends the item that SELECT's columns make of `item`. */
enum leat_code partiql_project(const struct partiql_statement *statement, struct leat_slice item, struct buf *out,
                               struct leat_fault *fault) LEAT_MUST_USE;

/* ---- what a condition says about keys; `where` may be NULL ---- */

/* Does every item that meets the condition have this value there? The first such value. */
bool partiql_equal(const struct expr_node *where, struct leat_slice name, struct item_value *out);
/* Is the condition nothing but such equalities on these attributes (the second may be absent), one value each? */
bool partiql_only_equal(const struct expr_node *where, struct leat_slice first, struct leat_slice second);
/* What is left of the condition without those equalities (in the arena); NULL: nothing. false: no memory. */
bool partiql_rest(struct arena *arena, const struct expr_node *where, struct leat_slice first, struct leat_slice second,
                  const struct expr_node **out);
/* All values that the attribute may have where the condition holds, each once, up to PARTIQL_KEYS_MAX. 0: it may be anything. */
size_t partiql_values(const struct expr_node *where, struct leat_slice name, struct item_value out[PARTIQL_KEYS_MAX]);
/* A range that holds every value which the attribute may have; of the condition's comparisons the first one that is fit. */
void partiql_range(const struct expr_node *where, struct leat_slice name, struct expr_key_range *out);
/* Calls each(context, name) for every mention of a top-level attribute. */
void partiql_names(const struct expr_node *where, void (*each)(void *context, struct leat_slice name), void *context);

#endif
