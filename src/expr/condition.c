/* ConditionExpression, FilterExpression, KeyConditionExpression. Keywords in any case; the grammar:
 *
 *   condition  := and ("OR" and)*
 *   and        := not ("AND" not)*
 *   not        := "NOT" not | comparison
 *   comparison := operand ("=" | "<>" | "<" | "<=" | ">" | ">=") operand
 *               | operand "BETWEEN" operand "AND" operand
 *               | operand "IN" "(" operand ("," operand)* ")"
 *               | function
 *               | "(" condition ")"
 *
 * A "(" may open a condition or the parenthesized first operand of a comparison; only what follows the ")" tells. So a
 * rule between parentheses may give an operand back, and the rule that wants a condition refuses it. Source: DynamoDB
 * Developer Guide, "Condition and filter expressions, operators, and functions". */
#include "base/encode.h"
#include "expr/parser.h"

static struct expr_node *condition(struct expr_parser *parser);

static bool is_operand(const struct expr_node *node) { return node->kind <= EXPR_NODE_FUNCTION; }

/* A function call may be a condition; a path or value may not. */
static bool wants_condition(struct expr_parser *parser, const struct expr_node *node) {
    if (node == NULL) return false;
    return (node->kind != EXPR_NODE_PATH && node->kind != EXPR_NODE_VALUE) || expr_fail_syntax(parser);
}

static struct expr_node *join(struct expr_parser *parser, enum expr_node_kind kind, struct expr_node *left,
                              struct expr_node *right) {
    struct expr_node *node = left == NULL || right == NULL ? NULL : expr_node_new(parser, kind);
    if (node == NULL) return NULL;
    expr_node_append(node, left);
    expr_node_append(node, right);
    return node;
}

/* in := "(" operand ("," operand)* ")"      left and "IN" are behind us */
static struct expr_node *in(struct expr_parser *parser, struct expr_node *left) {
    struct expr_node *node = expr_node_new(parser, EXPR_NODE_IN);
    if (node == NULL || !expr_expect(parser, "(")) return NULL;
    expr_node_append(node, left);
    do {
        struct expr_node *operand = expr_parse_operand(parser);
        if (operand == NULL) return NULL;
        expr_node_append(node, operand);
    } while (expr_take(parser, ","));
    return expr_expect(parser, ")") ? node : NULL;
}

/* between := operand "AND" operand      left and "BETWEEN" are behind us */
static struct expr_node *between(struct expr_parser *parser, struct expr_node *left) {
    struct expr_node *node = join(parser, EXPR_NODE_BETWEEN, left, expr_parse_operand(parser));
    if (node == NULL) return NULL;
    if (!expr_take_keyword(parser, "AND")) {
        expr_fail_syntax(parser);
        return NULL;
    }
    struct expr_node *high = expr_parse_operand(parser);
    if (high == NULL) return NULL;
    expr_node_append(node, high);
    return node;
}

static bool take_comparator(struct expr_parser *parser, enum expr_node_kind *out) {
    static const struct {
        const char *symbol;
        enum expr_node_kind kind;
    } comparators[] = {
        {"=", EXPR_NODE_EQUAL},       {"<>", EXPR_NODE_NOT_EQUAL}, {"<", EXPR_NODE_LESS},
        {"<=", EXPR_NODE_LESS_EQUAL}, {">", EXPR_NODE_GREATER},    {">=", EXPR_NODE_GREATER_EQUAL},
    };
    for (size_t i = 0; i < sizeof comparators / sizeof *comparators; i++) {
        *out = comparators[i].kind;
        if (expr_take(parser, comparators[i].symbol)) return true;
    }
    return false;
}

static struct expr_node *comparison(struct expr_parser *parser) {
    struct expr_node *left = expr_take(parser, "(") ? expr_parenthesis(parser, condition) : expr_parse_operand(parser);
    if (left == NULL || !is_operand(left)) return left;
    enum expr_node_kind kind;
    if (take_comparator(parser, &kind)) {
        return expr_count_operator(parser) ? join(parser, kind, left, expr_parse_operand(parser)) : NULL;
    }
    if (expr_take_keyword(parser, "BETWEEN")) return expr_count_operator(parser) ? between(parser, left) : NULL;
    if (expr_take_keyword(parser, "IN")) return expr_count_operator(parser) ? in(parser, left) : NULL;
    bool may_close = parser->parentheses > 0 && expr_at(parser, ")");
    return may_close || wants_condition(parser, left) ? left : NULL;
}

static struct expr_node *not_rule(struct expr_parser *parser) {
    if (!expr_take_keyword(parser, "NOT")) return comparison(parser);
    struct expr_node *node = expr_node_new(parser, EXPR_NODE_NOT);
    struct expr_node *operand = node != NULL && expr_count_operator(parser) ? not_rule(parser) : NULL;
    if (!wants_condition(parser, operand)) return NULL;
    expr_node_append(node, operand);
    return node;
}

/* and, or: one rule over another, joined by a keyword */
static struct expr_node *chain(struct expr_parser *parser, const char *keyword, enum expr_node_kind kind,
                               struct expr_node *(*rule)(struct expr_parser *parser)) {
    struct expr_node *left = rule(parser);
    while (left != NULL && expr_at_keyword(parser, keyword)) {
        if (!wants_condition(parser, left) || !expr_count_operator(parser)) return NULL;
        expr_advance(parser);
        struct expr_node *right = rule(parser);
        if (!wants_condition(parser, right)) return NULL;
        left = join(parser, kind, left, right);
    }
    return left;
}

static struct expr_node *and_rule(struct expr_parser *parser) { return chain(parser, "AND", EXPR_NODE_AND, not_rule); }

static struct expr_node *condition(struct expr_parser *parser) { return chain(parser, "OR", EXPR_NODE_OR, and_rule); }

/* ---- checks ---- */

static const char *operator_name(const struct expr_node *node) {
    switch (node->kind) {
    case EXPR_NODE_EQUAL: return "=";
    case EXPR_NODE_NOT_EQUAL: return "<>";
    case EXPR_NODE_LESS: return "<";
    case EXPR_NODE_LESS_EQUAL: return "<=";
    case EXPR_NODE_GREATER: return ">";
    case EXPR_NODE_GREATER_EQUAL: return ">=";
    case EXPR_NODE_BETWEEN: return "BETWEEN";
    case EXPR_NODE_IN: return "IN";
    default: return "";
    }
}

/* What is known of an operand's type before there is an item: ITEM_ABSENT for nothing. */
static enum item_type static_type(const struct expr_node *node) {
    if (node->kind == EXPR_NODE_VALUE) return node->value.type;
    return node->kind == EXPR_NODE_FUNCTION ? ITEM_N : ITEM_ABSENT; /* size is the only function that is an operand */
}

static bool is_ordered(enum item_type type) { return type == ITEM_S || type == ITEM_N || type == ITEM_B; }

/* The operands, none of which may be of a type without order. */
static bool check_ordered(struct expr_parser *parser, const struct expr_node *node) {
    for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next) {
        enum item_type type = static_type(operand);
        if (type != ITEM_ABSENT && !is_ordered(type)) {
            return expr_fail_operand_type(parser, operator_name(node), item_type_name(type));
        }
    }
    return true;
}

static bool check_distinct(struct expr_parser *parser, const struct expr_node *node, struct leat_slice name) {
    const struct expr_node *first = node->first;
    for (const struct expr_node *other = first->next; other != NULL; other = other->next) {
        if (first->kind != EXPR_NODE_PATH || other->kind != EXPR_NODE_PATH) continue;
        if (!expr_path_equal(&first->path, &other->path)) continue;
        char text[EXPR_PATH_TEXT_MAX];
        return expr_fail(
            parser,
            "The first operand must be distinct from the remaining operands for this operator or function; "
            "operator: %.*s, first operand: %s",
            SLICE_FORMAT(name), expr_path_print(&first->path, text));
    }
    return true;
}

/* "{N:5}"; binary as base64 */
static struct leat_slice bound_text(struct expr_parser *parser, const struct item_value *value) {
    enum { SHOWN_MAX = 300 }; /* a fault's message is short */
    char digits[ITEM_NUMBER_TEXT_MAX];
    struct leat_slice text = value->payload;
    struct item_number number;
    struct buf base64;
    buf_init(&base64, 2 * SHOWN_MAX);
    if (text.size > SHOWN_MAX) text.size = SHOWN_MAX;
    bool cut = text.size < value->payload.size;
    while (cut && text.size > 0 && (text.data[text.size] & 0xC0) == 0x80) text.size--; /* whole characters */
    if (value->type == ITEM_B) base64_encode(&base64, text);
    if (value->type == ITEM_B) text = buf_view(&base64);
    if (value->type == ITEM_N && item_number_decode(value->payload, &number)) {
        text = slice_of(digits, item_number_print(&number, digits));
    }
    struct leat_slice printed =
        arena_print(parser->environment->arena, "{%s:%.*s}", item_type_name(value->type), SLICE_FORMAT(text));
    buf_fini(&base64);
    return printed;
}

static bool check_between(struct expr_parser *parser, const struct expr_node *node) {
    const struct expr_node *low = node->first->next, *high = low->next;
    if (!check_ordered(parser, node)) return false;
    if (low->kind != EXPR_NODE_VALUE || high->kind != EXPR_NODE_VALUE) return true;
    const char *words = NULL;
    if (low->value.type != high->value.type)
        words = "same data type for lower and upper bounds";
    else if (slice_compare(low->value.payload, high->value.payload) > 0) {
        words = "upper bound to be greater than or equal to lower bound";
    }
    if (words == NULL) return true;
    struct leat_slice one = bound_text(parser, &low->value), two = bound_text(parser, &high->value);
    return expr_fail(
        parser,
        "The BETWEEN operator requires %s; lower bound operand: AttributeValue: %.*s, upper bound operand: "
        "AttributeValue: %.*s",
        words, SLICE_FORMAT(one), SLICE_FORMAT(two));
}

static bool check_in(struct expr_parser *parser, const struct expr_node *node) {
    if (node->count - 1 <= EXPR_IN_MAX) return true;
    return expr_fail(parser, "The IN operator is provided with too many operands; number of operands: %zu",
                     node->count - 1);
}

static bool check_operand_types(struct expr_parser *parser, const struct expr_node *node, const enum item_type *allowed,
                                const char *name) {
    for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next) {
        enum item_type type = static_type(operand);
        const enum item_type *may = allowed;
        while (*may != ITEM_ABSENT && *may != type) may++;
        if (*may != type) return expr_fail_operand_type(parser, name, item_type_name(type));
    }
    return true;
}

/* The second operand must be a constant that names a type. */
static bool check_attribute_type(struct expr_parser *parser, struct expr_node *node) {
    const struct expr_node *type = node->first->next;
    if (type->kind == EXPR_NODE_PATH) {
        return expr_fail_operand_type(parser, "attribute_type", "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}");
    }
    if (static_type(type) != ITEM_S) {
        return expr_fail_operand_type(parser, "attribute_type", item_type_name(static_type(type)));
    }
    node->type_wanted = item_type_of(type->value.payload);
    if (node->type_wanted != ITEM_ABSENT) return true;
    return expr_fail(parser,
                     "Invalid attribute type name found; type: %.*s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
                     SLICE_FORMAT(type->value.payload));
}

static bool check_function(struct expr_parser *parser, struct expr_node *node) {
    static const enum item_type of_begins_with[] = {ITEM_S, ITEM_B, ITEM_ABSENT};
    static const enum item_type of_size[] = {ITEM_S, ITEM_B, ITEM_SS, ITEM_NS, ITEM_BS, ITEM_L, ITEM_M, ITEM_ABSENT};
    bool one = node->function == EXPR_SIZE || node->function == EXPR_ATTRIBUTE_EXISTS ||
               node->function == EXPR_ATTRIBUTE_NOT_EXISTS;
    if (node->count != (one ? 1 : 2)) return expr_fail_operand_count(parser, node);
    if (!check_distinct(parser, node, node->text)) return false;
    switch (node->function) {
    case EXPR_ATTRIBUTE_EXISTS:
    case EXPR_ATTRIBUTE_NOT_EXISTS: return node->first->kind == EXPR_NODE_PATH || expr_fail_path_wanted(parser, node);
    case EXPR_ATTRIBUTE_TYPE: return check_attribute_type(parser, node);
    case EXPR_BEGINS_WITH: return check_operand_types(parser, node, of_begins_with, "begins_with");
    case EXPR_SIZE: return check_operand_types(parser, node, of_size, "size");
    default: return true;
    }
}

/* Operands first, then the node that takes them: the order in which AWS finds fault. */
static bool bind_and_check(struct expr_parser *parser, struct expr_node *node) {
    for (struct expr_node *operand = node->first; operand != NULL; operand = operand->next) {
        if (!bind_and_check(parser, operand)) return false;
    }
    switch (node->kind) {
    case EXPR_NODE_PATH: return expr_bind_path(parser, &node->path);
    case EXPR_NODE_VALUE: return expr_bind_value(parser, node);
    case EXPR_NODE_FUNCTION: return check_function(parser, node);
    case EXPR_NODE_EQUAL:
    case EXPR_NODE_NOT_EQUAL: return check_distinct(parser, node, slice_text(operator_name(node)));
    case EXPR_NODE_LESS:
    case EXPR_NODE_LESS_EQUAL:
    case EXPR_NODE_GREATER:
    case EXPR_NODE_GREATER_EQUAL:
        return check_distinct(parser, node, slice_text(operator_name(node))) && check_ordered(parser, node);
    case EXPR_NODE_BETWEEN: return check_between(parser, node);
    case EXPR_NODE_IN: return check_in(parser, node);
    default: return true;
    }
}

const struct expr_node *expr_condition_tree(struct expr_parser *parser) {
    struct expr_node *root = condition(parser);
    if (root == NULL || !wants_condition(parser, root)) return NULL;
    if (parser->token.kind != EXPR_TOKEN_END) {
        expr_fail_syntax(parser);
        return NULL;
    }
    bool good =
        expr_check_functions(parser, root, true) && expr_check_reserved(parser, root) && bind_and_check(parser, root);
    return good ? root : NULL;
}

bool expr_condition_check(struct expr_parser *parser, struct expr_node *root) {
    return expr_check_functions(parser, root, true) && bind_and_check(parser, root);
}

enum leat_code expr_condition_parse(struct expr_environment *environment, enum expr_kind kind, struct leat_slice text,
                                    const struct expr_condition **out, struct leat_fault *fault) {
    struct expr_parser parser;
    if (!expr_parser_init(&parser, environment, kind, text, fault)) return parser.code;
    const struct expr_node *root = expr_condition_tree(&parser);
    if (root == NULL) return parser.code;
    struct expr_condition *parsed = ARENA_NEW(environment->arena, struct expr_condition);
    if (parsed == NULL) return fault_memory(fault);
    parsed->root = root;
    *out = parsed;
    return LEAT_OK;
}
