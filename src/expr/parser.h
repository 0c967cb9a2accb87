/* What the four grammars share: tokens, paths, operands, and the faults with AWS's words.
 *
 *   path     := name ("." name | "[" number "]")*          name := identifier | #alias
 *   operand  := "(" operand ")" | :value | path | function
 *   function := identifier "(" operand ("," operand)* ")"
 *
 * The parser stands on `token`. Rules return what they parsed, or NULL/false after a failure, which is in `code` and the
 * fault; nothing may be parsed after that. White space separates tokens and means nothing else. */
#ifndef EXPR_PARSER_H
#define EXPR_PARSER_H

#include "base/slice.h"
#include "expr/tree.h"

enum {
    EXPR_STEPS_MAX = ITEM_DEPTH_MAX, /* elements of a document path */
    EXPR_PARENTHESES_MAX = 310,      /* nesting. More than operators may be: deeper ones must be redundant */
    EXPR_IN_MAX = 100                /* operands of IN. DynamoDB Developer Guide, "Expression parameters" */
};

enum expr_token_kind {
    EXPR_TOKEN_END,
    EXPR_TOKEN_IDENTIFIER,
    EXPR_TOKEN_ALIAS,     /* #n */
    EXPR_TOKEN_PARAMETER, /* :v */
    EXPR_TOKEN_NUMBER,    /* digits */
    EXPR_TOKEN_SYMBOL     /* punctuation; also every character that has no meaning */
};

struct expr_token {
    enum expr_token_kind kind;
    struct leat_slice text; /* END: empty, at the end of the expression */
};

/* The first token at or after `at`, which lies in `text`. */
struct expr_token expr_lex(struct leat_slice text, const uint8_t *at);

struct expr_parser {
    struct expr_environment *environment;
    enum expr_kind kind;
    struct leat_slice text;
    struct expr_token previous, token; /* previous.text is absent before the second token */
    unsigned operators, parentheses;   /* so far; open now */
    struct leat_fault *fault;
    enum leat_code code;
};

/* Checks length and emptiness and moves to the first token. */
bool expr_parser_init(struct expr_parser *parser, struct expr_environment *environment, enum expr_kind kind,
                      struct leat_slice text, struct leat_fault *fault);

/* Always false: "Invalid <kind>Expression: " and these words. */
bool expr_fail(struct expr_parser *parser, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool expr_fail_syntax(struct expr_parser *parser); /* at the present token */
bool expr_fail_memory(struct expr_parser *parser);

void expr_advance(struct expr_parser *parser);
bool expr_at(const struct expr_parser *parser, const char *symbol);
bool expr_at_keyword(const struct expr_parser *parser, const char *word); /* any case; word in capitals */
bool expr_take(struct expr_parser *parser, const char *symbol);           /* moves on when it is there */
bool expr_take_keyword(struct expr_parser *parser, const char *word);
bool expr_expect(struct expr_parser *parser, const char *symbol);         /* fails when it is not */

struct expr_node *expr_node_new(struct expr_parser *parser, enum expr_node_kind kind);
void expr_node_append(struct expr_node *node, struct expr_node *operand);
bool expr_count_operator(struct expr_parser *parser);

/* "(" is behind us: runs the rule and takes the ")". */
struct expr_node *expr_parenthesis(struct expr_parser *parser, struct expr_node *(*rule)(struct expr_parser *parser));

bool expr_parse_path(struct expr_parser *parser, struct expr_path *out);
struct expr_node *expr_parse_operand(struct expr_parser *parser);
struct expr_node *expr_parse_value(struct expr_parser *parser); /* :v only */

/* ---- checks after parsing; false: failed ---- */

/* Functions: is every name known and allowed in this kind of expression? condition: where the node stands a condition is meant. */
bool expr_check_functions(struct expr_parser *parser, struct expr_node *node, bool condition);
bool expr_check_reserved(struct expr_parser *parser, const struct expr_node *node);
bool expr_check_reserved_path(struct expr_parser *parser, const struct expr_path *path);

/* Binding: aliases become names, parameters values. */
bool expr_bind_path(struct expr_parser *parser, struct expr_path *path);
bool expr_bind_value(struct expr_parser *parser, struct expr_node *node);

bool expr_fail_operand_count(struct expr_parser *parser, const struct expr_node *function);
bool expr_fail_operand_type(struct expr_parser *parser, const char *name, const char *type);
bool expr_fail_path_wanted(struct expr_parser *parser, const struct expr_node *function);

/* Merges paths[i] (with leaves[i]) into branches; AWS's words when two overlap or conflict. */
bool expr_branches_build(struct expr_parser *parser, const struct expr_path **paths, const void **leaves, size_t count,
                         struct expr_branch **out);

/* The whole of a condition's text; also for key conditions. */
const struct expr_node *expr_condition_tree(struct expr_parser *parser);

/* The checks alone, for trees that another grammar has made; the update's branches are built. */
bool expr_condition_check(struct expr_parser *parser, struct expr_node *root);
bool expr_update_check(struct expr_parser *parser, struct expr_update *update);

/* ---- environment.c ---- */
bool expr_environment_name(struct expr_environment *environment, struct leat_slice alias, struct leat_slice *out);
bool expr_environment_value(struct expr_environment *environment, struct leat_slice parameter, struct item_value *out);

const char *expr_kind_name(enum expr_kind kind); /* "ConditionExpression" ... */

#endif
