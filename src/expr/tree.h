/* The tree that parsing makes, shared by the files of this folder. It lives in the environment's arena and borrows names,
 * values and text; immutable once parsing has ended. */
#ifndef EXPR_TREE_H
#define EXPR_TREE_H

#include "expr/expr.h"

/* One element of a document path: a name, or a list index when name is absent. While parsing, name is as written (#n or a). */
struct expr_step {
    struct leat_slice name;
    uint32_t index;
};

struct expr_path {
    struct expr_step *steps;
    size_t count; /* at least 1; the first is a name */
};

enum expr_node_kind {
    EXPR_NODE_PATH, EXPR_NODE_VALUE, EXPR_NODE_FUNCTION,                           /* operands */
    EXPR_NODE_PLUS, EXPR_NODE_MINUS,                                               /* operands of SET */
    EXPR_NODE_EQUAL, EXPR_NODE_NOT_EQUAL, EXPR_NODE_LESS, EXPR_NODE_LESS_EQUAL,
    EXPR_NODE_GREATER, EXPR_NODE_GREATER_EQUAL, EXPR_NODE_BETWEEN, EXPR_NODE_IN,   /* conditions ... */
    EXPR_NODE_AND, EXPR_NODE_OR, EXPR_NODE_NOT
};

enum expr_function {
    EXPR_FUNCTION_NONE,
    EXPR_ATTRIBUTE_EXISTS, EXPR_ATTRIBUTE_NOT_EXISTS, EXPR_ATTRIBUTE_TYPE, EXPR_BEGINS_WITH, EXPR_CONTAINS, EXPR_SIZE,
    EXPR_IF_NOT_EXISTS, EXPR_LIST_APPEND
};

struct expr_node {
    enum expr_node_kind kind;
    enum expr_function function;   /* of FUNCTION */
    bool parenthesized;            /* stood in parentheses of its own */
    struct leat_slice text;        /* VALUE: ":v"; FUNCTION: its name as written */
    struct expr_path path;         /* of PATH */
    struct item_value value;       /* of VALUE */
    enum item_type type_wanted;    /* of attribute_type: what its second operand names */
    struct expr_node *first;       /* operands in order, */
    struct expr_node *next;        /* linked by this */
    size_t count;                  /* number of operands */
};

/* Document paths that do not overlap, merged into a tree; siblings are all names in byte order or all indexes in order. */
struct expr_branch {
    struct expr_step step;
    struct expr_branch *first, *next;
    const void *leaf; /* where a path ends: what its owner attached; such a branch has no children */
};

struct expr_condition { const struct expr_node *root; };

enum expr_clause { EXPR_SET, EXPR_REMOVE, EXPR_ADD, EXPR_DELETE };

struct expr_action {
    enum expr_clause clause;
    struct expr_path path;
    struct expr_node *value; /* SET: operand; ADD, DELETE: VALUE; REMOVE: none */
    struct expr_action *next;
};

struct expr_update {
    struct expr_action *actions; /* as written */
    size_t count;
    struct expr_branch *branches;
};

struct expr_projection { struct expr_branch *branches; };

struct expr_key_condition { const struct expr_node *root; };

/* ---- paths.c ---- */

bool expr_path_find(const struct expr_path *path, struct leat_slice item, struct item_value *out);
bool expr_path_equal(const struct expr_path *a, const struct expr_path *b);

enum { EXPR_PATH_TEXT_MAX = 400 };
/* "[a, [1], b]", as AWS's messages show paths; cut to fit. */
const char *expr_path_print(const struct expr_path *path, char out[EXPR_PATH_TEXT_MAX]);

int expr_step_compare(const struct expr_step *a, const struct expr_step *b); /* indexes come before names */

/* Walks over a map's or list's entries in the order of branches, so that one pass meets both. */
struct expr_cursor {
    struct item_iterator iterator;
    bool list;
    struct expr_step step; /* of the newest entry */
    uint32_t count;
};
/* false: the container is not what the branches beneath it take it for */
bool expr_cursor_init(struct expr_cursor *cursor, const struct expr_branch *branch, const struct item_value *container);
bool expr_cursor_next(struct expr_cursor *cursor, struct item_value *value);

/* Appends those parts of a map's payload that the branches name. */
enum leat_code expr_branches_copy(const struct expr_branch *branches, struct leat_slice item, struct buf *out) LEAT_MUST_USE;

#endif
