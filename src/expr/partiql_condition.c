/* WHERE. Keywords in any case; the grammar:
 *
 *   condition  := and ("OR" and)*
 *   and        := not ("AND" not)*
 *   not        := "NOT" not | comparison
 *   comparison := operand [comparator operand | ["NOT"] "BETWEEN" operand "AND" operand | ["NOT"] "IN" list
 *                          | "IS" ["NOT"] type]
 *   list       := "[" operand ("," operand)* "]" | "(" operand ("," operand)* ")" | "?"
 *   operand    := value | path | function "(" [operand ("," operand)*] ")" | "(" condition ")"
 *
 * A comparison without any of the brackets is an operand, or a condition if it is a function that is one. Source: DynamoDB Developer
 * Guide, "PartiQL arithmetic, comparison, and logical operators for DynamoDB" and "Use PartiQL functions with DynamoDB". */
#include "expr/partiql_parser.h"

static const char *const function_names[] = {"attribute_exists", "attribute_not_exists", "attribute_type",
                                             "begins_with",      "contains",             "size"};

static bool is_condition(const struct expr_node *node) {
    return node->kind > EXPR_NODE_MINUS || (node->kind == EXPR_NODE_FUNCTION && !slice_is(node->text, "size"));
}

static struct expr_node *needs(struct partiql_parser *parser, struct expr_node *node, bool condition) {
    if (node == NULL) return NULL;
    if (is_condition(node) == condition) return node;
    partiql_fail(parser, condition ? "Unexpected term" : "Unexpected operator");
    return NULL;
}

static struct expr_node *join(struct partiql_parser *parser, enum expr_node_kind kind, struct expr_node *left,
                              struct expr_node *right) {
    if (left == NULL || (right == NULL && kind != EXPR_NODE_NOT)) return NULL;
    struct expr_node *node = expr_node_new(&parser->base, kind);
    if (node == NULL || !expr_count_operator(&parser->base)) return NULL;
    expr_node_append(node, left);
    if (right != NULL) expr_node_append(node, right);
    return node;
}

static struct expr_node *negated(struct partiql_parser *parser, bool negative, struct expr_node *node) {
    return negative ? join(parser, EXPR_NODE_NOT, node, NULL) : node;
}

/* ---- operand ---- */

static struct expr_node *operand(struct partiql_parser *parser);

/* The right side of an operator. */
static struct expr_node *right_operand(struct partiql_parser *parser) {
    if (parser->token.kind != PARTIQL_END) return needs(parser, operand(parser), false);
    partiql_fail(parser, "Missing right-hand side expression of infix operator");
    return NULL;
}

static const char *function_name(struct leat_slice text, char lower[64]) {
    size_t size = text.size < 63 ? text.size : 63;
    for (size_t i = 0; i < size; i++)
        lower[i] = (char)(text.data[i] >= 'A' && text.data[i] <= 'Z' ? text.data[i] - 'A' + 'a' : text.data[i]);
    lower[size] = 0;
    for (size_t i = 0; i < sizeof function_names / sizeof *function_names; i++) {
        if (slice_is(slice_text(lower), function_names[i])) return function_names[i];
    }
    return NULL;
}

static struct expr_node *function(struct partiql_parser *parser) {
    char lower[64];
    const char *name = function_name(parser->token.text, lower);
    if (name == NULL) {
        struct leat_slice words = arena_print(parser->environment.arena, "Unrecognized function: %s", lower);
        if (words.data == NULL) expr_fail_memory(&parser->base);
        else partiql_fail_at(parser, parser->token.text, (const char *)words.data);
        return NULL;
    }
    struct expr_node *node = expr_node_new(&parser->base, EXPR_NODE_FUNCTION);
    if (node == NULL || !expr_count_operator(&parser->base)) return NULL;
    node->text = slice_text(name);
    partiql_advance(parser);
    partiql_advance(parser);
    if (partiql_take(parser, ")")) return node;
    do {
        struct expr_node *argument = needs(parser, operand(parser), false);
        if (argument == NULL) return NULL;
        expr_node_append(node, argument);
    } while (partiql_take(parser, ","));
    return partiql_expect(parser, ")") ? node : NULL;
}

static struct expr_node *parenthesis(struct partiql_parser *parser) {
    if (++parser->base.parentheses > EXPR_PARENTHESES_MAX) {
        expr_fail(&parser->base, "The statement has too many nested parentheses");
        return NULL;
    }
    partiql_advance(parser);
    struct expr_node *inner = partiql_condition(parser);
    if (inner == NULL || !partiql_expect(parser, ")")) return NULL;
    parser->base.parentheses--;
    return inner;
}

static bool at_operator_word(const struct partiql_parser *parser) {
    static const char *const words[] = {"AND", "OR", "IS", "IN", "LIKE", "BETWEEN", "NOT"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (partiql_at_keyword(parser, words[i])) return true;
    }
    return false;
}

static struct expr_node *operand(struct partiql_parser *parser) {
    if (partiql_at(parser, "(")) return parenthesis(parser);
    if (partiql_at_value(parser)) return partiql_value_node(parser);
    if (parser->token.kind == PARTIQL_NAME && !at_operator_word(parser) && partiql_next_is(parser, "(")) return function(parser);
    if (!partiql_at_name(parser)) {
        partiql_fail_term(parser);
        return NULL;
    }
    struct expr_node *node = expr_node_new(&parser->base, EXPR_NODE_PATH);
    return node != NULL && partiql_path(parser, &node->path) ? node : NULL;
}

/* ---- comparison ---- */

/* The operands of IN out of a value that is a list. */
static bool in_values(struct partiql_parser *parser, struct expr_node *node, const struct item_value *all) {
    struct item_iterator each = item_iterate(all->payload);
    struct item_value element;
    if (all->type != ITEM_L) return partiql_fail(parser, "Unexpected term");
    while (item_list_next(&each, &element)) {
        struct expr_node *value = expr_node_new(&parser->base, EXPR_NODE_VALUE);
        if (value == NULL) return false;
        value->value = element;
        expr_node_append(node, value);
        if (node->count > EXPR_IN_MAX + 1) return true; /* the checks will refuse it */
    }
    return true;
}

static struct expr_node *in(struct partiql_parser *parser, struct expr_node *left) {
    struct expr_node *node = expr_node_new(&parser->base, EXPR_NODE_IN);
    if (node == NULL || !expr_count_operator(&parser->base)) return NULL;
    expr_node_append(node, left);
    if (parser->token.kind == PARTIQL_PARAMETER) {
        struct expr_node *all = partiql_value_node(parser);
        return all != NULL && in_values(parser, node, &all->value) ? node : NULL;
    }
    const char *close = partiql_at(parser, "[") ? "]" : ")";
    if (!partiql_take(parser, "[") && !partiql_expect(parser, "(")) return NULL;
    if (partiql_take(parser, close)) return node;
    do {
        struct expr_node *each = right_operand(parser);
        if (each == NULL) return NULL;
        expr_node_append(node, each);
    } while (partiql_take(parser, ","));
    return partiql_expect(parser, close) ? node : NULL;
}

static struct expr_node *between(struct partiql_parser *parser, struct expr_node *left) {
    struct expr_node *node = join(parser, EXPR_NODE_BETWEEN, left, right_operand(parser));
    if (node == NULL) return NULL;
    if (!partiql_take_keyword(parser, "AND")) {
        partiql_fail_term(parser);
        return NULL;
    }
    struct expr_node *high = right_operand(parser);
    if (high == NULL) return NULL;
    expr_node_append(node, high);
    return node;
}

static enum item_type type_named(const struct partiql_parser *parser) {
    static const struct { const char *word; enum item_type type; } types[] = {
        {"NULL", ITEM_NULL}, {"BOOL", ITEM_BOOL}, {"BOOLEAN", ITEM_BOOL}, {"STRING", ITEM_S},  {"VARCHAR", ITEM_S}, {"INT", ITEM_N},
        {"INTEGER", ITEM_N}, {"DECIMAL", ITEM_N}, {"NUMERIC", ITEM_N},    {"FLOAT", ITEM_N},   {"BLOB", ITEM_B},    {"LIST", ITEM_L},
        {"STRUCT", ITEM_M},  {"TUPLE", ITEM_M},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (partiql_at_keyword(parser, types[i].word)) return types[i].type;
    }
    return ITEM_ABSENT;
}

static struct expr_node *type_value(struct partiql_parser *parser, enum item_type type) {
    struct buf bytes;
    buf_init(&bytes, 64);
    item_put_string(&bytes, slice_text(item_type_name(type)));
    struct leat_slice kept = buf_ok(&bytes) ? arena_copy(parser->environment.arena, buf_view(&bytes)) : (struct leat_slice){NULL, 0};
    buf_fini(&bytes);
    struct expr_node *node = kept.data != NULL ? expr_node_new(&parser->base, EXPR_NODE_VALUE) : NULL;
    if (node == NULL) expr_fail_memory(&parser->base);
    else node->value = item_value_at(kept);
    return node;
}

/* An attribute that is missing is not NULL, but it is "NOT NULL" too: as AWS evaluates it. */
static struct expr_node *is(struct partiql_parser *parser, struct expr_node *left) {
    bool negative = partiql_take_keyword(parser, "NOT");
    bool missing = partiql_at_keyword(parser, "MISSING");
    enum item_type type = type_named(parser);
    if (!missing && type == ITEM_ABSENT) {
        partiql_fail(parser, "Expected type name");
        return NULL;
    }
    partiql_advance(parser);
    struct expr_node *node = expr_node_new(&parser->base, EXPR_NODE_FUNCTION);
    if (node == NULL || !expr_count_operator(&parser->base)) return NULL;
    expr_node_append(node, left);
    if (missing) {
        node->text = negative ? SLICE("attribute_exists") : SLICE("attribute_not_exists");
        return node;
    }
    node->text = SLICE("attribute_type");
    struct expr_node *wanted = type_value(parser, type);
    if (wanted == NULL) return NULL;
    expr_node_append(node, wanted);
    return negated(parser, negative, node);
}

static bool take_comparator(struct partiql_parser *parser, enum expr_node_kind *out) {
    static const struct { const char *symbol; enum expr_node_kind kind; } comparators[] = {
        {"=", EXPR_NODE_EQUAL},      {"<>", EXPR_NODE_NOT_EQUAL},  {"!=", EXPR_NODE_NOT_EQUAL},    {"<", EXPR_NODE_LESS},
        {"<=", EXPR_NODE_LESS_EQUAL}, {">", EXPR_NODE_GREATER},    {">=", EXPR_NODE_GREATER_EQUAL},
    };
    for (size_t i = 0; i < sizeof comparators / sizeof *comparators; i++) {
        *out = comparators[i].kind;
        if (partiql_take(parser, comparators[i].symbol)) return true;
    }
    return false;
}

/* function(...) = TRUE */
static struct expr_node *compare_truth(struct partiql_parser *parser, enum expr_node_kind kind, struct expr_node *left) {
    struct expr_node *right = right_operand(parser);
    if (right == NULL) return NULL;
    bool equality = kind == EXPR_NODE_EQUAL || kind == EXPR_NODE_NOT_EQUAL;
    if (!equality || right->kind != EXPR_NODE_VALUE || right->value.type != ITEM_BOOL) {
        partiql_fail(parser, "Unexpected operator");
        return NULL;
    }
    bool truth = right->value.payload.data[0] != 0;
    return negated(parser, truth != (kind == EXPR_NODE_EQUAL), left);
}

static struct expr_node *comparison(struct partiql_parser *parser) {
    struct expr_node *left = operand(parser);
    enum expr_node_kind kind;
    if (left == NULL) return NULL;
    bool condition = is_condition(left);
    if (take_comparator(parser, &kind))
        return condition ? compare_truth(parser, kind, left) : join(parser, kind, left, right_operand(parser));
    if (condition) return left;
    if (partiql_take_keyword(parser, "IS")) return is(parser, left);
    bool negative = partiql_take_keyword(parser, "NOT");
    if (partiql_take_keyword(parser, "BETWEEN")) return negated(parser, negative, between(parser, left));
    if (partiql_take_keyword(parser, "IN")) return negated(parser, negative, in(parser, left));
    if (!negative) return left;
    partiql_fail_term(parser);
    return NULL;
}

static struct expr_node *not_rule(struct partiql_parser *parser) {
    if (!partiql_take_keyword(parser, "NOT")) return comparison(parser);
    if (!expr_count_operator(&parser->base)) return NULL; /* before going deeper */
    return join(parser, EXPR_NODE_NOT, needs(parser, not_rule(parser), true), NULL);
}

/* and, or: one rule over another, joined by a keyword */
static struct expr_node *chain(struct partiql_parser *parser, const char *keyword, enum expr_node_kind kind,
                               struct expr_node *(*rule)(struct partiql_parser *parser)) {
    struct expr_node *left = rule(parser);
    while (left != NULL && partiql_take_keyword(parser, keyword)) {
        if (needs(parser, left, true) == NULL) return NULL;
        if (parser->token.kind == PARTIQL_END) {
            partiql_fail(parser, "Missing right-hand side expression of infix operator");
            return NULL;
        }
        left = join(parser, kind, left, needs(parser, rule(parser), true));
    }
    return left;
}

static struct expr_node *and_rule(struct partiql_parser *parser) { return chain(parser, "AND", EXPR_NODE_AND, not_rule); }

struct expr_node *partiql_condition(struct partiql_parser *parser) { return chain(parser, "OR", EXPR_NODE_OR, and_rule); }
