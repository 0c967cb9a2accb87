/* DynamoDB expressions: condition, filter, update, projection and key condition.
 *
 * Parsing binds names (#n) and values (:v) from an environment and gives a tree that lives in the environment's arena and is
 * immutable from then on: it may be handed to another thread and used any number of times. The tree borrows the expression's text
 * and the bytes of names and values: they live as long as the arena. Evaluation works on encoded items.
 * All faults are LEAT_VALIDATION with AWS's words ("Invalid ConditionExpression: Syntax error; token: \"=\", near: \"a = =\"",
 * "... An expression attribute name used in the document path is not defined; attribute name: #a", ...).
 * Source: DynamoDB Developer Guide, "Using expressions"; messages as AWS answers them. */
#ifndef EXPR_EXPR_H
#define EXPR_EXPR_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "item/value.h"

/* Developer Guide, "Expression parameters": of one text; of one "#n" or ":v"; of all names and values, keys included. */
enum { EXPR_LENGTH_MAX = 4096, EXPR_OPERATORS_MAX = 300, EXPR_KEY_MAX = 255, EXPR_VARIABLES_BYTES_MAX = 2 * 1024 * 1024 };

/* Which expression a text is; decides the first words of its messages. */
enum expr_kind {
    EXPR_CONDITION, EXPR_FILTER, EXPR_UPDATE, EXPR_PROJECTION, EXPR_KEY_CONDITION,
    EXPR_STATEMENT /* a tree of a PartiQL statement: its names and values are bound from the start, its messages stand alone */
};

struct expr_environment {
    struct arena *arena;
    struct leat_slice names;  /* item: "#n" -> S; absent: no ExpressionAttributeNames in the request */
    struct leat_slice values; /* item: ":v" -> any; absent likewise */
    bool generated;           /* set after init: nothing is held to the limits above. The parser descends
                                 once per parenthesis, tests once per operator in a row: whoever generates nests evenly */
    const struct expr_binding *name_bindings, *value_bindings; /* from here on expr's own: the same, by position */
    bool *names_used, *values_used;
    size_t names_count, values_count;
};

/* Checks names and values by themselves (keys begin with # and :, not empty; "ExpressionAttributeNames must not be empty" ...). */
enum leat_code expr_environment_init(struct expr_environment *environment, struct arena *arena, struct leat_slice names,
                                     struct leat_slice values, struct leat_fault *fault) LEAT_MUST_USE;
/* Instead of init when the request has no expression at all: AWS then refuses names and values, even empty ones, before it looks
 * at them. `without` says which expressions are missing, as in AWS's message for values ("ConditionExpression is null"). */
enum leat_code expr_environment_unneeded(struct leat_slice names, struct leat_slice values, const char *without,
                                         struct leat_fault *fault) LEAT_MUST_USE;
/* After all expressions of a request: faults when a name or value was given and not used. `any` says whether the request had
 * an expression at all (AWS: "ExpressionAttributeNames can only be specified when using expressions"). */
enum leat_code expr_environment_finish(struct expr_environment *environment, bool any, struct leat_fault *fault) LEAT_MUST_USE;

/* ---- conditions and filters ---- */

struct expr_condition;
enum leat_code expr_condition_parse(struct expr_environment *environment, enum expr_kind kind, struct leat_slice text,
                                    const struct expr_condition **out, struct leat_fault *fault) LEAT_MUST_USE;
/* item absent: an item that does not exist (no attributes). */
bool expr_condition_test(const struct expr_condition *condition, struct leat_slice item);
/* Is a top-level attribute of that name anywhere in it? ..._inside: with something of it named by "." or "[]"? */
bool expr_condition_uses(const struct expr_condition *condition, struct leat_slice name);
bool expr_condition_uses_inside(const struct expr_condition *condition, struct leat_slice name);

/* ---- updates ---- */

struct expr_update;
enum leat_code expr_update_parse(struct expr_environment *environment, struct leat_slice text,
                                 const struct expr_update **out, struct leat_fault *fault) LEAT_MUST_USE;
/* Appends the new item to out. `old` is the item as it is (for a new item: just its key attributes). All operands are read from
 * `old`. Faults: "The provided expression refers to an attribute that does not exist in the item", "An operand in the update
 * expression has an incorrect data type", "The document path provided in the update expression is invalid for update", numbers. */
enum leat_code expr_update_apply(const struct expr_update *update, struct leat_slice old, struct buf *out,
                                 struct leat_fault *fault) LEAT_MUST_USE;
bool expr_update_changes(const struct expr_update *update, struct leat_slice name); /* a top-level attribute */
bool expr_update_only_removes(const struct expr_update *update); /* nothing of what it does can make something new */
/* The constant to which it sets the attribute; false: none, or something else. */
bool expr_update_sets(const struct expr_update *update, struct leat_slice name, struct item_value *out);
bool expr_update_uses_inside(const struct expr_update *update, struct leat_slice name); /* changed or read, as for conditions */
/* For UPDATED_OLD and UPDATED_NEW: appends to out that part of `item` that the update's paths name. */
enum leat_code expr_update_part(const struct expr_update *update, struct leat_slice item, struct buf *out,
                                struct leat_fault *fault) LEAT_MUST_USE;

/* ---- projections ---- */

struct expr_projection;
enum leat_code expr_projection_parse(struct expr_environment *environment, struct leat_slice text,
                                     const struct expr_projection **out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code expr_projection_apply(const struct expr_projection *projection, struct leat_slice item, struct buf *out,
                                     struct leat_fault *fault) LEAT_MUST_USE;
bool expr_projection_uses_inside(const struct expr_projection *projection, struct leat_slice name); /* as for conditions */
/* Calls each(context, name) for every top-level attribute named. */
void expr_projection_names(const struct expr_projection *projection, void (*each)(void *context, struct leat_slice name),
                           void *context);

/* ---- key conditions ---- */

struct expr_key_condition; /* as parsed: which attributes are compared with what; not yet held against a key schema */
enum leat_code expr_key_condition_parse(struct expr_environment *environment, struct leat_slice text,
                                        const struct expr_key_condition **out, struct leat_fault *fault) LEAT_MUST_USE;

/* What can be said without the schema ("Invalid operator used in KeyConditionExpression: OR", ...). AWS says it after the request's
 * other expressions have been parsed and before it looks for the table. bind includes it. */
enum leat_code expr_key_condition_check(const struct expr_key_condition *condition, struct leat_fault *fault) LEAT_MUST_USE;

enum expr_key_operator { EXPR_KEY_ALL, EXPR_KEY_EQUAL, EXPR_KEY_LESS, EXPR_KEY_LESS_EQUAL, EXPR_KEY_GREATER,
                         EXPR_KEY_GREATER_EQUAL, EXPR_KEY_BETWEEN, EXPR_KEY_BEGINS_WITH };
struct expr_key_range {
    struct item_value partition;   /* equal to this */
    enum expr_key_operator range;  /* EXPR_KEY_ALL: no condition on the sort key */
    struct item_value low, high;   /* operand(s); high for BETWEEN only */
};
struct expr_key_attribute { struct leat_slice name; enum item_type type; }; /* name absent: the table has no sort key */

/* Holds it against a key schema. AWS's words: "Query condition missed key schema element: pk", "Query key condition not supported",
 * "One or more parameter values were invalid: Condition parameter type does not match schema type", ... */
enum leat_code expr_key_condition_bind(const struct expr_key_condition *condition, struct expr_key_attribute partition,
                                       struct expr_key_attribute sort, struct expr_key_range *out,
                                       struct leat_fault *fault) LEAT_MUST_USE;

bool expr_reserved_word(struct leat_slice word); /* any case. DynamoDB Developer Guide, "Reserved words" */

#endif
