/* Statements. Keywords in any case; the grammar:
 *
 *   statement := (select | insert | update | from | delete | exists) [";"]
 *   select    := "SELECT" ("*" | path ("," path)*) "FROM" name ["." name] ["WHERE" condition]
 *                ["ORDER" "BY" name ["ASC" | "DESC"] ("," name ["ASC" | "DESC"])*]
 *   insert    := "INSERT" "INTO" name "VALUE" map
 *   update    := "UPDATE" name clauses ["WHERE" condition] [returning]
 *   from      := "FROM" name ["WHERE" condition] clauses [returning]
 *   delete    := "DELETE" "FROM" name ["WHERE" condition] [returning]
 *   exists    := "EXISTS" "(" select ")"
 *   returning := "RETURNING" ("ALL" | "MODIFIED") ("OLD" | "NEW") "*"
 *
 * Source: DynamoDB Developer Guide, "PartiQL statements for DynamoDB"; messages as AWS answers them. */
#include "expr/partiql.h"

#include "base/encode.h"
#include "expr/partiql_parser.h"

/* ---- what several statements have ---- */

static bool fail_alias(struct partiql_parser *parser) { return expr_fail(&parser->base, "Aliasing is not supported"); }

static bool source_name(struct partiql_parser *parser, struct leat_slice *out) {
    if (!partiql_name(parser, out)) return false;
    return out->size > 0 || expr_fail(&parser->base, "Path component cannot be an empty string");
}

/* source := name ["." name] */
static bool source(struct partiql_parser *parser, struct partiql_statement *out) {
    if (!partiql_at_name(parser)) return partiql_fail_term(parser);
    if (!source_name(parser, &out->table)) return false;
    if (partiql_take(parser, ".")) {
        if (!partiql_at_name(parser)) return partiql_fail_term(parser);
        if (!source_name(parser, &out->index)) return false;
        if (partiql_at(parser, "."))
            return expr_fail(&parser->base, "A path may contain at most 2 components in the FROM clause");
    }
    return (partiql_at_name(parser) || partiql_at_keyword(parser, "AS")) ? fail_alias(parser) : true;
}

/* The one table of a statement that writes. */
static bool target(struct partiql_parser *parser, struct partiql_statement *out) {
    if (!partiql_at_name(parser)) return partiql_fail(parser, "Expected identifier for simple path");
    return source_name(parser, &out->table);
}

static bool where(struct partiql_parser *parser, struct partiql_statement *out) {
    if (!partiql_take_keyword(parser, "WHERE")) return true;
    struct expr_node *root = partiql_condition(parser);
    if (root == NULL) return false;
    if (root->kind == EXPR_NODE_PATH || root->kind == EXPR_NODE_VALUE) return partiql_fail(parser, "Unexpected term");
    out->where = root;
    return expr_condition_check(&parser->base, root);
}

static bool returning(struct partiql_parser *parser, struct partiql_statement *out) {
    static const enum leat_return kinds[2][2] = {{LEAT_RETURN_ALL_OLD, LEAT_RETURN_ALL_NEW},
                                                 {LEAT_RETURN_UPDATED_OLD, LEAT_RETURN_UPDATED_NEW}};
    if (!partiql_take_keyword(parser, "RETURNING")) return true;
    bool modified = partiql_at_keyword(parser, "MODIFIED"), all = partiql_at_keyword(parser, "ALL");
    if (!modified && !all) return partiql_fail_term(parser);
    partiql_advance(parser);
    bool new = partiql_at_keyword(parser, "NEW"), old = partiql_at_keyword(parser, "OLD");
    if (!new && !old) return partiql_fail_term(parser);
    partiql_advance(parser);
    out->returning = true;
    out->returns = kinds[modified][new];
    return partiql_expect(parser, "*");
}

/* ---- SELECT ---- */

struct listed {
    struct partiql_column column;
    struct listed *next;
};

/* AWS answers a path from its last name on: a.b[0] as "b[0]". */
static bool name_column(struct partiql_parser *parser, struct partiql_column *column) {
    const struct expr_path *path = &column->path;
    size_t last = path->count - 1;
    while (path->steps[last].name.data == NULL) last--;
    column->name = path->steps[last].name;
    for (size_t i = last + 1; i < path->count; i++) {
        column->name =
            arena_print(parser->environment.arena, "%.*s[%u]", SLICE_FORMAT(column->name), (unsigned)path->steps[i].index);
        if (column->name.data == NULL) return expr_fail_memory(&parser->base);
    }
    return true;
}

static bool column(struct partiql_parser *parser, struct partiql_column *out) {
    if (parser->token.kind == PARTIQL_NAME && partiql_next_is(parser, "("))
        return partiql_fail_at(parser, parser->token.text, "Unexpected path component");
    return partiql_path(parser, &out->path) && name_column(parser, out);
}

static bool columns(struct partiql_parser *parser, struct partiql_statement *out) {
    struct listed *first = NULL, **end = &first;
    if (partiql_take(parser, "*")) return true;
    do {
        struct listed *listed = ARENA_NEW(parser->environment.arena, struct listed);
        if (listed == NULL) return expr_fail_memory(&parser->base);
        if (!column(parser, &listed->column)) return false;
        *end = listed;
        end = &listed->next;
        out->column_count++;
    } while (partiql_take(parser, ","));
    struct partiql_column *all = ARENA_ARRAY(parser->environment.arena, struct partiql_column, out->column_count);
    if (all == NULL) return expr_fail_memory(&parser->base);
    for (size_t i = 0; i < out->column_count; i++, first = first->next) all[i] = first->column;
    out->columns = all;
    return true;
}

enum { ORDER_MAX = 8 }; /* an index has no more keys */

static bool order(struct partiql_parser *parser, struct partiql_statement *out) {
    if (!partiql_take_keyword(parser, "ORDER")) return true;
    if (!partiql_take_keyword(parser, "BY")) return partiql_fail_term(parser);
    struct partiql_order *terms = ARENA_ARRAY(parser->environment.arena, struct partiql_order, ORDER_MAX);
    if (terms == NULL) return expr_fail_memory(&parser->base);
    out->order = terms;
    do {
        if (out->order_count == ORDER_MAX) return partiql_fail(parser, "Unexpected term");
        if (!partiql_at_name(parser)) return partiql_fail_term(parser);
        struct partiql_order *term = &terms[out->order_count++];
        if (!partiql_name(parser, &term->name)) return false;
        term->descending = partiql_take_keyword(parser, "DESC");
        if (!term->descending) (void)partiql_take_keyword(parser, "ASC");
    } while (partiql_take(parser, ","));
    return true;
}

static bool select_rule(struct partiql_parser *parser, struct partiql_statement *out) {
    out->kind = PARTIQL_SELECT;
    partiql_advance(parser);
    if (!columns(parser, out)) return false;
    if (!partiql_take_keyword(parser, "FROM")) return partiql_fail_term(parser);
    return source(parser, out) && where(parser, out) && order(parser, out);
}

static bool exists(struct partiql_parser *parser, struct partiql_statement *out) {
    partiql_advance(parser);
    if (!partiql_expect(parser, "(")) return false;
    if (!partiql_at_keyword(parser, "SELECT")) return partiql_fail_term(parser);
    if (!select_rule(parser, out) || !partiql_expect(parser, ")")) return false;
    out->kind = PARTIQL_EXISTS;
    return true;
}

/* ---- INSERT, UPDATE, DELETE ---- */

static bool insert(struct partiql_parser *parser, struct partiql_statement *out) {
    out->kind = PARTIQL_INSERT;
    partiql_advance(parser);
    if (!partiql_take_keyword(parser, "INTO")) return partiql_fail_term(parser);
    if (!target(parser, out)) return false;
    if (!partiql_take_keyword(parser, "VALUE")) {
        return partiql_fail(parser, partiql_at(parser, "(") ? "Unexpected keyword" : "Unexpected token after expression");
    }
    return partiql_item(parser, &out->item);
}

static bool at_clause(const struct partiql_parser *parser) {
    return partiql_at_keyword(parser, "SET") || partiql_at_keyword(parser, "REMOVE");
}

static bool update(struct partiql_parser *parser, struct partiql_statement *out) {
    out->kind = PARTIQL_UPDATE;
    partiql_advance(parser);
    if (!target(parser, out)) return false;
    if (partiql_at_name(parser) || partiql_at_keyword(parser, "AS")) return fail_alias(parser);
    if (!at_clause(parser)) return partiql_fail(parser, "Expected data manipulation");
    return partiql_update_clauses(parser, &out->update) && where(parser, out) && returning(parser, out);
}

static bool from(struct partiql_parser *parser, struct partiql_statement *out) {
    out->kind = PARTIQL_UPDATE;
    partiql_advance(parser);
    if (!target(parser, out)) return false;
    if (partiql_at_name(parser) || partiql_at_keyword(parser, "AS")) return fail_alias(parser);
    if (!where(parser, out)) return false;
    if (!at_clause(parser)) return partiql_fail(parser, "Expected data manipulation");
    return partiql_update_clauses(parser, &out->update) && returning(parser, out);
}

static bool delete(struct partiql_parser *parser, struct partiql_statement *out) {
    static const char *const words[] = {[LEAT_RETURN_ALL_NEW] = "ALL NEW", [LEAT_RETURN_UPDATED_OLD] = "MODIFIED OLD",
                                        [LEAT_RETURN_UPDATED_NEW] = "MODIFIED NEW"};
    out->kind = PARTIQL_DELETE;
    partiql_advance(parser);
    if (!partiql_take_keyword(parser, "FROM")) return partiql_fail_term(parser);
    if (!target(parser, out)) return false;
    if (partiql_at_name(parser) || partiql_at_keyword(parser, "AS")) return fail_alias(parser);
    if (!where(parser, out) || !returning(parser, out)) return false;
    if (!out->returning || out->returns == LEAT_RETURN_ALL_OLD) return true;
    return expr_fail(&parser->base, "Invalid returning clause: RETURNING %s *. Only RETURNING ALL OLD * is allowed in DELETE statements.",
                     words[out->returns]);
}

static bool statement(struct partiql_parser *parser, struct partiql_statement *out) {
    static const struct { const char *word; bool (*rule)(struct partiql_parser *parser, struct partiql_statement *out); } rules[] = {
        {"SELECT", select_rule}, {"INSERT", insert}, {"UPDATE", update}, {"DELETE", delete}, {"FROM", from}, {"EXISTS", exists},
    };
    size_t i = 0;
    while (i < sizeof rules / sizeof *rules && !partiql_at_keyword(parser, rules[i].word)) i++;
    if (i == sizeof rules / sizeof *rules) return partiql_fail(parser, "Expected data manipulation");
    if (!rules[i].rule(parser, out)) return false;
    (void)partiql_take(parser, ";");
    return parser->token.kind == PARTIQL_END || partiql_fail(parser, "Unexpected token after expression");
}

enum leat_code partiql_parse(struct arena *arena, struct leat_slice text, const struct leat_slice *parameters,
                             size_t parameter_count, struct partiql_statement *out, struct leat_fault *fault) {
    struct leat_fault unwanted; /* the grammar's failures always have a place for their words */
    struct partiql_parser parser = {.environment = {.arena = arena}, .text = text, .parameters = parameters,
                                    .parameter_count = parameter_count};
    parser.base = (struct expr_parser){.environment = &parser.environment, .kind = EXPR_STATEMENT,
                                       .fault = fault != NULL ? fault : &unwanted};
    *out = (struct partiql_statement){.kind = PARTIQL_SELECT};
    if (text.data == NULL) parser.text = SLICE("");
    if (text.size > PARTIQL_LENGTH_MAX)
        return fault_set(fault, LEAT_VALIDATION, "A statement has at most %d bytes, not %zu", PARTIQL_LENGTH_MAX, text.size);
    if (!utf8_valid(parser.text)) return fault_set(fault, LEAT_VALIDATION, "Statement wasn't well formed, can't be processed: ");
    parser.token = partiql_lex(parser.text, parser.text.data);
    if (!statement(&parser, out)) return parser.base.code;
    if (parser.parameters_used == parameter_count) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION, "Number of parameters in request and statement don't match.");
}

enum leat_code partiql_project(const struct partiql_statement *self, struct leat_slice item, struct buf *out,
                               struct leat_fault *fault) {
    size_t mark = out->size;
    struct item_value value;
    for (size_t i = 0; i < self->column_count; i++) {
        if (!expr_path_find(&self->columns[i].path, item, &value)) continue;
        item_put_name(out, self->columns[i].name);
        item_put_value(out, &value);
    }
    return item_close_last_wins(out, mark) == LEAT_OK ? LEAT_OK : fault_memory(fault);
}
