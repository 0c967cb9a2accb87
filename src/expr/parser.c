#include "expr/parser.h"

#include <stdarg.h>
#include <stdio.h>

const char *expr_kind_name(enum expr_kind kind) {
    static const char *const names[] = {
        [EXPR_CONDITION] = "ConditionExpression",
        [EXPR_FILTER] = "FilterExpression",
        [EXPR_UPDATE] = "UpdateExpression",
        [EXPR_PROJECTION] = "ProjectionExpression",
        [EXPR_KEY_CONDITION] = "KeyConditionExpression",
        [EXPR_STATEMENT] = "Statement",
    };
    return names[kind];
}

/* ---- failures: the first one counts ---- */

bool expr_fail(struct expr_parser *parser, const char *format, ...) {
    if (parser->code != LEAT_OK) return false;
    char words[sizeof parser->fault->message];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    parser->code = parser->kind == EXPR_STATEMENT
                       ? fault_set(parser->fault, LEAT_VALIDATION, "%s", words)
                       : fault_set(parser->fault, LEAT_VALIDATION, "Invalid %s: %s", expr_kind_name(parser->kind), words);
    return false;
}

bool expr_fail_memory(struct expr_parser *parser) {
    if (parser->code == LEAT_OK) parser->code = fault_memory(parser->fault);
    return false;
}

/* AWS shows the text from the token before to the token after; at the end, the token before alone. */
bool expr_fail_syntax(struct expr_parser *parser) {
    struct leat_slice token = parser->token.text, before = parser->previous.text;
    const uint8_t *begin = before.data != NULL ? before.data : token.data, *end = token.data + token.size;
    if (parser->token.kind == EXPR_TOKEN_END) {
        return expr_fail(parser, "Syntax error; token: \"<EOF>\", near: \"%.*s\"", SLICE_FORMAT(before));
    }
    struct expr_token after = expr_lex(parser->text, end);
    if (after.kind != EXPR_TOKEN_END) end = after.text.data + after.text.size;
    return expr_fail(parser, "Syntax error; token: \"%.*s\", near: \"%.*s\"", SLICE_FORMAT(token), (int)(end - begin),
                     (const char *)begin);
}

/* ---- tokens ---- */

bool expr_parser_init(struct expr_parser *parser, struct expr_environment *environment, enum expr_kind kind,
                      struct leat_slice text, struct leat_fault *fault) {
    *parser = (struct expr_parser){.environment = environment, .kind = kind, .text = text, .fault = fault};
    if (text.data == NULL) text = parser->text = SLICE("");
    parser->token = expr_lex(text, text.data);
    if (parser->token.kind == EXPR_TOKEN_END) return expr_fail(parser, "The expression can not be empty;");
    if (text.size > EXPR_LENGTH_MAX && !environment->generated) {
        return expr_fail(parser, "Expression size has exceeded the maximum allowed size; expression size: %zu",
                         text.size);
    }
    return true;
}

void expr_advance(struct expr_parser *parser) {
    parser->previous = parser->token;
    parser->token = expr_lex(parser->text, parser->token.text.data + parser->token.text.size);
}

bool expr_at(const struct expr_parser *parser, const char *symbol) {
    struct leat_slice text = parser->token.text; /* symbols are one or two bytes, when they mean anything */
    if (parser->token.kind != EXPR_TOKEN_SYMBOL || text.data[0] != (uint8_t)symbol[0]) return false;
    return text.size == 1 ? symbol[1] == '\0' : text.size == 2 && text.data[1] == (uint8_t)symbol[1];
}

static bool same_word(struct leat_slice text, const char *capitals) {
    size_t i = 0;
    for (; i < text.size && capitals[i] != '\0'; i++) {
        if ((text.data[i] & ~0x20) != capitals[i]) return false;
    }
    return i == text.size && capitals[i] == '\0';
}

bool expr_at_keyword(const struct expr_parser *parser, const char *word) {
    return parser->token.kind == EXPR_TOKEN_IDENTIFIER && same_word(parser->token.text, word);
}

bool expr_take(struct expr_parser *parser, const char *symbol) {
    if (!expr_at(parser, symbol)) return false;
    expr_advance(parser);
    return true;
}

bool expr_take_keyword(struct expr_parser *parser, const char *word) {
    if (!expr_at_keyword(parser, word)) return false;
    expr_advance(parser);
    return true;
}

bool expr_expect(struct expr_parser *parser, const char *symbol) {
    return expr_take(parser, symbol) || expr_fail_syntax(parser);
}

/* Words with a meaning of their own in this kind of expression are never names. */
static bool is_keyword(const struct expr_parser *parser) {
    static const char *const of_conditions[] = {"AND", "OR", "NOT", "BETWEEN", "IN", NULL};
    static const char *const of_updates[] = {"SET", "REMOVE", "ADD", "DELETE", NULL};
    if (parser->kind == EXPR_PROJECTION) return false;
    for (const char *const *word = parser->kind == EXPR_UPDATE ? of_updates : of_conditions; *word != NULL; word++) {
        if (expr_at_keyword(parser, *word)) return true;
    }
    return false;
}

static bool at_identifier(const struct expr_parser *parser) {
    return parser->token.kind == EXPR_TOKEN_IDENTIFIER && !is_keyword(parser);
}

/* ---- nodes ---- */

struct expr_node *expr_node_new(struct expr_parser *parser, enum expr_node_kind kind) {
    struct expr_node *node = ARENA_NEW(parser->environment->arena, struct expr_node);
    if (node == NULL) {
        expr_fail_memory(parser);
        return NULL;
    }
    node->kind = kind;
    return node;
}

void expr_node_append(struct expr_node *node, struct expr_node *operand) {
    struct expr_node **end = &node->first;
    while (*end != NULL) end = &(*end)->next;
    *end = operand;
    node->count++;
}

bool expr_count_operator(struct expr_parser *parser) {
    if (++parser->operators <= EXPR_OPERATORS_MAX || parser->environment->generated) return true;
    return expr_fail(parser, "The expression contains too many operators; operator count: %u", parser->operators);
}

struct expr_node *expr_parenthesis(struct expr_parser *parser, struct expr_node *(*rule)(struct expr_parser *parser)) {
    static const char redundant[] = "The expression has redundant parentheses;";
    if (++parser->parentheses > EXPR_PARENTHESES_MAX) {
        expr_fail(parser, redundant);
        return NULL;
    }
    struct expr_node *inner = rule(parser);
    if (inner == NULL || !expr_expect(parser, ")")) return NULL;
    parser->parentheses--;
    if (inner->parenthesized) {
        expr_fail(parser, redundant);
        return NULL;
    }
    inner->parenthesized = true;
    return inner;
}

/* ---- path ---- */

/* index := number "]"      the "[" is behind us */
static bool parse_index(struct expr_parser *parser, struct expr_step *out) {
    struct leat_slice digits = parser->token.text;
    if (parser->token.kind != EXPR_TOKEN_NUMBER) return expr_fail_syntax(parser);
    uint64_t index = 0;
    for (size_t i = 0; i < digits.size && index <= INT32_MAX; i++)
        index = index * 10 + (digits.data[i] - (uint64_t)'0');
    if (index > INT32_MAX) {
        return expr_fail(parser, "List index is not within the allowable range; index: [%.*s]", SLICE_FORMAT(digits));
    }
    expr_advance(parser);
    *out = (struct expr_step){{NULL, 0}, (uint32_t)index};
    return expr_expect(parser, "]");
}

/* name := identifier | #alias */
static bool parse_name(struct expr_parser *parser, struct expr_step *out) {
    if (!at_identifier(parser) && parser->token.kind != EXPR_TOKEN_ALIAS) return expr_fail_syntax(parser);
    *out = (struct expr_step){parser->token.text, 0};
    expr_advance(parser);
    return true;
}

/* ("." name | "[" index)*      steps[0] is the name before */
static bool parse_steps(struct expr_parser *parser, struct expr_step first, struct expr_path *out) {
    struct expr_step steps[EXPR_STEPS_MAX + 1];
    size_t count = 1;
    steps[0] = first;
    while (expr_at(parser, ".") || expr_at(parser, "[")) {
        bool name = expr_at(parser, ".");
        expr_advance(parser);
        if (!(name ? parse_name(parser, &steps[count]) : parse_index(parser, &steps[count]))) return false;
        if (++count > EXPR_STEPS_MAX) {
            return expr_fail(parser, "The document path has too many nesting levels; nesting levels: %zu", count);
        }
    }
    out->steps = ARENA_ARRAY(parser->environment->arena, struct expr_step, count);
    if (out->steps == NULL) return expr_fail_memory(parser);
    memcpy(out->steps, steps, count * sizeof *steps);
    out->count = count;
    return true;
}

bool expr_parse_path(struct expr_parser *parser, struct expr_path *out) {
    struct expr_step first;
    return parse_name(parser, &first) && parse_steps(parser, first, out);
}

/* ---- operand ---- */

struct expr_node *expr_parse_value(struct expr_parser *parser) {
    if (parser->token.kind != EXPR_TOKEN_PARAMETER) {
        expr_fail_syntax(parser);
        return NULL;
    }
    struct expr_node *node = expr_node_new(parser, EXPR_NODE_VALUE);
    if (node != NULL) node->text = parser->token.text;
    expr_advance(parser);
    return node;
}

/* function := identifier "(" operand ("," operand)* ")"      identifier and "(" are behind us */
static struct expr_node *parse_arguments(struct expr_parser *parser, struct leat_slice name) {
    struct expr_node *node = expr_node_new(parser, EXPR_NODE_FUNCTION);
    if (node == NULL || !expr_count_operator(parser)) return NULL;
    node->text = name;
    do {
        struct expr_node *operand = expr_parse_operand(parser);
        if (operand == NULL) return NULL;
        expr_node_append(node, operand);
    } while (expr_take(parser, ","));
    return expr_expect(parser, ")") ? node : NULL;
}

struct expr_node *expr_parse_operand(struct expr_parser *parser) {
    if (expr_take(parser, "(")) return expr_parenthesis(parser, expr_parse_operand);
    if (parser->token.kind == EXPR_TOKEN_PARAMETER) return expr_parse_value(parser);
    bool may_call = parser->token.kind == EXPR_TOKEN_IDENTIFIER;
    struct expr_step first;
    if (!parse_name(parser, &first)) return NULL;
    if (may_call && expr_take(parser, "(")) return parse_arguments(parser, first.name);
    struct expr_node *node = expr_node_new(parser, EXPR_NODE_PATH);
    return node != NULL && parse_steps(parser, first, &node->path) ? node : NULL;
}
