/* What UPDATE changes:
 *
 *   clauses := clause clause*
 *   clause  := "SET" path "=" change ("," path "=" change)* | "REMOVE" path ("," path)*
 *   change  := term [("+" | "-") term]
 *   term    := value | path | "list_append" "(" term "," term ")" | "set_add" "(" path "," value ")"
 *            | "set_delete" "(" path "," value ")"
 *
 * set_add and set_delete are ADD and DELETE of update expressions and must change the path they read. Source: DynamoDB Developer Guide,
 * "PartiQL update statements for DynamoDB". */
#include <strings.h>

#include "expr/partiql_parser.h"

static bool at_function(const struct partiql_parser *parser, const char *name) {
    struct leat_slice text = parser->token.text;
    return parser->token.kind == PARTIQL_NAME && text.size == strlen(name) &&
           strncasecmp((const char *)text.data, name, text.size) == 0 && partiql_next_is(parser, "(");
}

static bool fail_function(struct partiql_parser *parser, struct leat_slice at, const char *words, const char *name) {
    struct leat_slice text = arena_print(parser->environment.arena, words, name);
    return text.data != NULL ? partiql_fail_at(parser, at, (const char *)text.data) : expr_fail_memory(&parser->base);
}

static struct expr_node *term(struct partiql_parser *parser, unsigned depth);

static struct expr_node *list_append(struct partiql_parser *parser, unsigned depth) {
    struct expr_node *node = expr_node_new(&parser->base, EXPR_NODE_FUNCTION);
    if (node == NULL || !expr_count_operator(&parser->base)) return NULL;
    node->text = SLICE("list_append");
    node->function = EXPR_LIST_APPEND;
    partiql_advance(parser);
    partiql_advance(parser);
    do {
        struct expr_node *argument = term(parser, depth + 1);
        if (argument == NULL) return NULL;
        expr_node_append(node, argument);
    } while (partiql_take(parser, ","));
    return partiql_expect(parser, ")") ? node : NULL;
}

static struct expr_node *term(struct partiql_parser *parser, unsigned depth) {
    if (depth > EXPR_PARENTHESES_MAX) {
        partiql_fail(parser, "");
        return NULL;
    }
    if (partiql_at_value(parser)) return partiql_value_node(parser);
    if (at_function(parser, "list_append")) return list_append(parser, depth);
    if (parser->token.kind == PARTIQL_NAME && partiql_next_is(parser, "(")) {
        struct leat_slice name = arena_copy(parser->environment.arena, parser->token.text);
        if (name.data == NULL) expr_fail_memory(&parser->base);
        else fail_function(parser, parser->token.text, "Unrecognized function: %s", (const char *)name.data);
        return NULL;
    }
    struct expr_node *node = expr_node_new(&parser->base, EXPR_NODE_PATH);
    return node != NULL && partiql_path(parser, &node->path) ? node : NULL;
}

static struct expr_node *change(struct partiql_parser *parser) {
    struct expr_node *left = term(parser, 0);
    bool plus = partiql_at(parser, "+");
    if (left == NULL || (!plus && !partiql_at(parser, "-"))) return left;
    partiql_advance(parser);
    struct expr_node *node = expr_node_new(&parser->base, plus ? EXPR_NODE_PLUS : EXPR_NODE_MINUS);
    struct expr_node *right = node != NULL && expr_count_operator(&parser->base) ? term(parser, 0) : NULL;
    if (right == NULL) return NULL;
    expr_node_append(node, left);
    expr_node_append(node, right);
    return node;
}

static bool is_set(const struct expr_node *node) {
    enum item_type type = node->kind == EXPR_NODE_VALUE ? node->value.type : ITEM_ABSENT;
    return type == ITEM_SS || type == ITEM_NS || type == ITEM_BS;
}

/* What stands between the parentheses; the parser is at the function's name. */
static bool set_change(struct partiql_parser *parser, struct expr_action *action, const char *name) {
    struct leat_slice at = parser->token.text, first_at;
    struct expr_node *first = NULL, *second = NULL;
    size_t count = 0;
    partiql_advance(parser);
    partiql_advance(parser);
    first_at = parser->token.text;
    if (!partiql_take(parser, ")")) {
        do {
            struct expr_node *argument = term(parser, 0);
            if (argument == NULL) return false;
            if (count == 0) first = argument;
            if (count == 1) second = argument;
            count++;
        } while (partiql_take(parser, ","));
        if (!partiql_expect(parser, ")")) return false;
    }
    if (count != 2) return fail_function(parser, at, "%s must have exactly two arguments", name);
    if (first->kind != EXPR_NODE_PATH || !expr_path_equal(&first->path, &action->path))
        return fail_function(parser, at, "The first argument to %s must equal the assignment value", name);
    if (!is_set(second)) return fail_function(parser, first_at, "The second argument to %s must be a value with type SET", name);
    action->value = second;
    return true;
}

static bool set_action(struct partiql_parser *parser, struct expr_action *action) {
    action->clause = EXPR_SET;
    if (!partiql_path(parser, &action->path) || !partiql_expect(parser, "=")) return false;
    if (at_function(parser, "set_add")) {
        action->clause = EXPR_ADD;
        return set_change(parser, action, "SET_ADD");
    }
    if (at_function(parser, "set_delete")) {
        action->clause = EXPR_DELETE;
        return set_change(parser, action, "SET_DELETE");
    }
    action->value = change(parser);
    return action->value != NULL;
}

bool partiql_update_clauses(struct partiql_parser *parser, const struct expr_update **out) {
    struct expr_update *update = ARENA_NEW(parser->environment.arena, struct expr_update);
    if (update == NULL) return expr_fail_memory(&parser->base);
    struct expr_action **end = &update->actions;
    while (partiql_at_keyword(parser, "SET") || partiql_at_keyword(parser, "REMOVE")) {
        bool set = partiql_at_keyword(parser, "SET");
        partiql_advance(parser);
        do {
            struct expr_action *action = ARENA_NEW(parser->environment.arena, struct expr_action);
            if (action == NULL) return expr_fail_memory(&parser->base);
            action->clause = EXPR_REMOVE;
            if (!(set ? set_action(parser, action) : partiql_path(parser, &action->path))) return false;
            *end = action;
            end = &action->next;
            update->count++;
        } while (partiql_take(parser, ","));
    }
    *out = update;
    return expr_update_check(&parser->base, update);
}
