/* What the files of the PartiQL grammar share. The parser stands on `token`; rules answer false (or NULL) after a failure, which
 * is in base.code and the fault. The checks of conditions and updates are those of expressions and work on `base`. */
#ifndef EXPR_PARTIQL_PARSER_H
#define EXPR_PARTIQL_PARSER_H

#include "base/slice.h"
#include "expr/parser.h"
#include "expr/partiql.h"

enum partiql_token_kind {
    PARTIQL_END,
    PARTIQL_NAME,      /* identifier or keyword */
    PARTIQL_QUOTED,    /* "name" */
    PARTIQL_STRING,    /* 'text' */
    PARTIQL_NUMBER,    /* without sign */
    PARTIQL_PARAMETER, /* ? */
    PARTIQL_SYMBOL,
    PARTIQL_BAD        /* what is no token at all: a quote or comment without end ... */
};

struct partiql_token {
    enum partiql_token_kind kind;
    struct leat_slice text; /* as written, with quotes */
};

struct partiql_token partiql_lex(struct leat_slice text, const uint8_t *at);

struct partiql_parser {
    struct expr_parser base;
    struct expr_environment environment;
    struct leat_slice text;
    struct partiql_token token;
    const struct leat_slice *parameters;
    size_t parameter_count, parameters_used;
};

/* Always false: "Statement wasn't well formed, can't be processed: " and the detail. */
bool partiql_fail(struct partiql_parser *parser, const char *detail);
/* Always false: the words, and where in the statement the token stands: " at line:column:length". */
bool partiql_fail_at(struct partiql_parser *parser, struct leat_slice token, const char *words);
/* Always false: at a token that cannot begin a term. */
bool partiql_fail_term(struct partiql_parser *parser);

void partiql_advance(struct partiql_parser *parser);
bool partiql_at(const struct partiql_parser *parser, const char *symbol);
bool partiql_at_keyword(const struct partiql_parser *parser, const char *word); /* any case; word in capitals */
bool partiql_take(struct partiql_parser *parser, const char *symbol);
bool partiql_take_keyword(struct partiql_parser *parser, const char *word);
bool partiql_expect(struct partiql_parser *parser, const char *symbol);
bool partiql_next_is(const struct partiql_parser *parser, const char *symbol); /* behind the present token */
bool partiql_reserved(struct leat_slice word);
bool partiql_at_name(const struct partiql_parser *parser); /* a name that is no keyword, quoted or not */

/* name := identifier | "quoted"      the parser must stand on one of them (or on a 'string') */
bool partiql_name(struct partiql_parser *parser, struct leat_slice *out);
bool partiql_path(struct partiql_parser *parser, struct expr_path *out);

struct expr_node *partiql_condition(struct partiql_parser *parser);
struct expr_node *partiql_value_node(struct partiql_parser *parser);
bool partiql_at_value(const struct partiql_parser *parser);
bool partiql_item(struct partiql_parser *parser, struct leat_slice *out);
bool partiql_update_clauses(struct partiql_parser *parser, const struct expr_update **out);

#endif
