/* The checks that all kinds of expressions share. AWS makes each over the whole expression before the next one:
 * functions, then reserved words, then names and values with what depends on them. */
#include "expr/parser.h"

static const struct {
    const char *name;
    enum expr_function function;
} functions[] = {
    {"attribute_exists", EXPR_ATTRIBUTE_EXISTS},
    {"attribute_not_exists", EXPR_ATTRIBUTE_NOT_EXISTS},
    {"attribute_type", EXPR_ATTRIBUTE_TYPE},
    {"begins_with", EXPR_BEGINS_WITH},
    {"contains", EXPR_CONTAINS},
    {"size", EXPR_SIZE},
    {"if_not_exists", EXPR_IF_NOT_EXISTS},
    {"list_append", EXPR_LIST_APPEND},
};

/* Function names, unlike keywords, are told apart by case. */
static enum expr_function function_of(struct leat_slice name) {
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (slice_is(name, functions[i].name)) return functions[i].function;
    }
    return EXPR_FUNCTION_NONE;
}

static bool check_function(struct expr_parser *parser, struct expr_node *node, bool condition) {
    node->function = function_of(node->text);
    bool of_updates = node->function == EXPR_IF_NOT_EXISTS || node->function == EXPR_LIST_APPEND;
    const char *words = NULL;
    if (node->function == EXPR_FUNCTION_NONE)
        words = "Invalid function name";
    else if (parser->kind == EXPR_UPDATE && !of_updates)
        words = "The function is not allowed in an update expression";
    else if (parser->kind != EXPR_UPDATE && of_updates)
        words = "The function is not allowed in a condition expression";
    else if (!of_updates && condition == (node->function == EXPR_SIZE)) {
        words = "The function is not allowed to be used this way in an expression";
    }
    return words == NULL || expr_fail(parser, "%s; function: %.*s", words, SLICE_FORMAT(node->text));
}

bool expr_check_functions(struct expr_parser *parser, struct expr_node *node, bool condition) {
    if (node->kind == EXPR_NODE_FUNCTION && !check_function(parser, node, condition)) return false;
    bool logical = node->kind == EXPR_NODE_AND || node->kind == EXPR_NODE_OR || node->kind == EXPR_NODE_NOT;
    for (struct expr_node *operand = node->first; operand != NULL; operand = operand->next) {
        if (!expr_check_functions(parser, operand, logical)) return false;
    }
    return true;
}

bool expr_check_reserved_path(struct expr_parser *parser, const struct expr_path *path) {
    for (size_t i = 0; i < path->count; i++) {
        struct leat_slice name = path->steps[i].name;
        if (name.data == NULL || name.data[0] == '#' || !expr_reserved_word(name)) continue;
        return expr_fail(parser, "Attribute name is a reserved keyword; reserved keyword: %.*s", SLICE_FORMAT(name));
    }
    return true;
}

bool expr_check_reserved(struct expr_parser *parser, const struct expr_node *node) {
    if (node->kind == EXPR_NODE_PATH && !expr_check_reserved_path(parser, &node->path)) return false;
    for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next) {
        if (!expr_check_reserved(parser, operand)) return false;
    }
    return true;
}

bool expr_bind_path(struct expr_parser *parser, struct expr_path *path) {
    if (parser->kind == EXPR_STATEMENT) return true;
    for (size_t i = 0; i < path->count; i++) {
        struct leat_slice alias = path->steps[i].name;
        if (alias.data == NULL || alias.data[0] != '#') continue;
        if (expr_environment_name(parser->environment, alias, &path->steps[i].name)) continue;
        return expr_fail(parser,
                         "An expression attribute name used in the document path is not defined; attribute name: %.*s",
                         SLICE_FORMAT(alias));
    }
    return true;
}

bool expr_bind_value(struct expr_parser *parser, struct expr_node *node) {
    if (parser->kind == EXPR_STATEMENT) return true;
    if (expr_environment_value(parser->environment, node->text, &node->value)) return true;
    return expr_fail(parser, "An expression attribute value used in expression is not defined; attribute value: %.*s",
                     SLICE_FORMAT(node->text));
}

bool expr_fail_operand_count(struct expr_parser *parser, const struct expr_node *function) {
    return expr_fail(
        parser,
        "Incorrect number of operands for operator or function; operator or function: %.*s, number of operands: %zu",
        SLICE_FORMAT(function->text), function->count);
}

bool expr_fail_operand_type(struct expr_parser *parser, const char *name, const char *type) {
    return expr_fail(parser,
                     "Incorrect operand type for operator or function; operator or function: %s, operand type: %s",
                     name, type);
}

bool expr_fail_path_wanted(struct expr_parser *parser, const struct expr_node *function) {
    return expr_fail(parser, "Operator or function requires a document path; operator or function: %.*s",
                     SLICE_FORMAT(function->text));
}
