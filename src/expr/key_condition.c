/* KeyConditionExpression: parsed by the grammar of conditions, then held to what keys allow: one or two comparisons
 * joined by AND, each between one attribute and constants. Source: DynamoDB Developer Guide, "Key condition expressions
 * for Query". */
#include "expr/parser.h"

enum { CONDITIONS_MAX = 2 }; /* partition key and sort key */

struct key_comparison {
    struct leat_slice name;
    enum expr_key_operator relation;
    struct item_value low, high;
};

struct key_comparisons {
    struct key_comparison list[CONDITIONS_MAX];
    size_t count; /* may be more than the list holds */
    struct leat_fault *fault;
};

static enum leat_code fault_with(struct key_comparisons *self, const char *words, const char *detail, const char *end) {
    return fault_set(self->fault, LEAT_VALIDATION, "%s%s%s", words, detail, end);
}

static enum leat_code fault_operator(struct key_comparisons *self, const char *name) {
    return fault_with(self, "Invalid operator used in KeyConditionExpression: ", name, "");
}

static enum leat_code take_operator(struct key_comparisons *self, const struct expr_node *node,
                                    enum expr_key_operator *out) {
    switch (node->kind) {
    case EXPR_NODE_EQUAL: *out = EXPR_KEY_EQUAL; return LEAT_OK;
    case EXPR_NODE_LESS: *out = EXPR_KEY_LESS; return LEAT_OK;
    case EXPR_NODE_LESS_EQUAL: *out = EXPR_KEY_LESS_EQUAL; return LEAT_OK;
    case EXPR_NODE_GREATER: *out = EXPR_KEY_GREATER; return LEAT_OK;
    case EXPR_NODE_GREATER_EQUAL: *out = EXPR_KEY_GREATER_EQUAL; return LEAT_OK;
    case EXPR_NODE_BETWEEN: *out = EXPR_KEY_BETWEEN; return LEAT_OK;
    case EXPR_NODE_OR: return fault_operator(self, "OR");
    case EXPR_NODE_NOT: return fault_operator(self, "NOT");
    case EXPR_NODE_IN: return fault_operator(self, "IN");
    case EXPR_NODE_NOT_EQUAL: return fault_operator(self, "<>");
    default: break;
    }
    *out = EXPR_KEY_BEGINS_WITH;
    if (node->function == EXPR_BEGINS_WITH) return LEAT_OK;
    return fault_set(self->fault, LEAT_VALIDATION, "Invalid operator used in KeyConditionExpression: %.*s",
                     SLICE_FORMAT(node->text));
}

/* :v < a says a > :v */
static enum expr_key_operator mirrored(enum expr_key_operator relation) {
    switch (relation) {
    case EXPR_KEY_LESS: return EXPR_KEY_GREATER;
    case EXPR_KEY_LESS_EQUAL: return EXPR_KEY_GREATER_EQUAL;
    case EXPR_KEY_GREATER: return EXPR_KEY_LESS;
    case EXPR_KEY_GREATER_EQUAL: return EXPR_KEY_LESS_EQUAL;
    default: return relation;
    }
}

static enum leat_code take_name(struct key_comparisons *self, const struct expr_node *node,
                                struct key_comparison *out) {
    static const char once[] =
        "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition";
    if (out->name.data != NULL) return fault_with(self, once, "", "");
    if (node->path.count > 1) {
        return fault_with(self, "KeyConditionExpressions cannot have conditions on nested attributes", "", "");
    }
    out->name = node->path.steps[0].name;
    return LEAT_OK;
}

static enum leat_code take_operands(struct key_comparisons *self, const struct expr_node *node,
                                    struct key_comparison *out) {
    size_t constants = 0;
    for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next) {
        if (operand->kind == EXPR_NODE_FUNCTION) {
            return fault_with(self, "KeyConditionExpressions cannot contain nested operations", "", "");
        }
        if (operand->kind == EXPR_NODE_PATH)
            TRY(take_name(self, operand, out));
        else
            *(constants++ == 0 ? &out->low : &out->high) = operand->value;
    }
    if (out->name.data != NULL) return LEAT_OK;
    return fault_with(self, "Invalid condition in KeyConditionExpression: No key attribute specified", "", "");
}

static enum leat_code take_comparison(struct key_comparisons *self, const struct expr_node *node) {
    struct key_comparison comparison = {.name = {NULL, 0}};
    TRY(take_operator(self, node, &comparison.relation));
    bool value_first = node->first->kind == EXPR_NODE_VALUE;
    bool ordered = comparison.relation == EXPR_KEY_BETWEEN || comparison.relation == EXPR_KEY_BEGINS_WITH;
    if (ordered && value_first) {
        return fault_with(self, "Invalid condition in KeyConditionExpression: ",
                          comparison.relation == EXPR_KEY_BETWEEN ? "BETWEEN" : "begins_with",
                          " operator must have the key attribute as its first operand");
    }
    TRY(take_operands(self, node, &comparison));
    if (value_first) comparison.relation = mirrored(comparison.relation);
    for (size_t i = 0; i < self->count && i < CONDITIONS_MAX; i++) {
        if (!slice_equal(self->list[i].name, comparison.name)) continue;
        return fault_with(self, "KeyConditionExpressions must only contain one condition per key", "", "");
    }
    if (self->count < CONDITIONS_MAX) self->list[self->count] = comparison;
    self->count++;
    return LEAT_OK;
}

static enum leat_code take(struct key_comparisons *self, const struct expr_node *node) {
    if (node->kind != EXPR_NODE_AND) return take_comparison(self, node);
    TRY(take(self, node->first));
    return take(self, node->first->next);
}

static enum leat_code flatten(const struct expr_key_condition *condition, struct key_comparisons *out,
                              struct leat_fault *fault) {
    *out = (struct key_comparisons){.fault = fault};
    TRY(take(out, condition->root));
    if (out->count <= CONDITIONS_MAX) return LEAT_OK;
    return fault_with(out, "Conditions can be of length 1 or 2 only", "", "");
}

enum leat_code expr_key_condition_parse(struct expr_environment *environment, struct leat_slice text,
                                        const struct expr_key_condition **out, struct leat_fault *fault) {
    struct expr_parser parser;
    if (!expr_parser_init(&parser, environment, EXPR_KEY_CONDITION, text, fault)) return parser.code;
    const struct expr_node *root = expr_condition_tree(&parser);
    if (root == NULL) return parser.code;
    struct expr_key_condition *parsed = ARENA_NEW(environment->arena, struct expr_key_condition);
    if (parsed == NULL) return fault_memory(fault);
    parsed->root = root;
    *out = parsed;
    return LEAT_OK;
}

enum leat_code expr_key_condition_check(const struct expr_key_condition *condition, struct leat_fault *fault) {
    struct key_comparisons comparisons;
    return flatten(condition, &comparisons, fault);
}

/* ---- against a key schema ---- */

static enum leat_code find(struct key_comparisons *self, struct leat_slice name, const struct key_comparison **out) {
    for (size_t i = 0; i < self->count; i++) {
        *out = &self->list[i];
        if (slice_equal(self->list[i].name, name)) return LEAT_OK;
    }
    return fault_set(self->fault, LEAT_VALIDATION, "Query condition missed key schema element: %.*s",
                     SLICE_FORMAT(name));
}

static enum leat_code check_value(struct key_comparisons *self, const struct expr_key_attribute *attribute,
                                  const struct item_value *value) {
    if (value->type != attribute->type) {
        return fault_with(self, "One or more parameter values were invalid: ",
                          "Condition parameter type does not match schema type", "");
    }
    if (value->payload.size > 0) return LEAT_OK;
    return fault_set(
        self->fault, LEAT_VALIDATION,
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
        "%s value. Key: %.*s",
        value->type == ITEM_S ? "string" : "binary", SLICE_FORMAT(attribute->name));
}

static enum leat_code check_values(struct key_comparisons *self, const struct expr_key_attribute *attribute,
                                   const struct key_comparison *comparison) {
    TRY(check_value(self, attribute, &comparison->low));
    return comparison->relation == EXPR_KEY_BETWEEN ? check_value(self, attribute, &comparison->high) : LEAT_OK;
}

enum leat_code expr_key_condition_bind(const struct expr_key_condition *condition, struct expr_key_attribute partition,
                                       struct expr_key_attribute sort, struct expr_key_range *out,
                                       struct leat_fault *fault) {
    static const char unsupported[] = "Query key condition not supported";
    struct key_comparisons given;
    const struct key_comparison *first = NULL, *second = NULL;
    TRY(flatten(condition, &given, fault));
    if (sort.name.data == NULL && given.count > 1) return fault_with(&given, unsupported, "", "");
    TRY(find(&given, partition.name, &first));
    if (given.count > 1) TRY(find(&given, sort.name, &second));
    TRY(check_values(&given, &partition, first));
    if (second != NULL) TRY(check_values(&given, &sort, second));
    if (first->relation != EXPR_KEY_EQUAL) return fault_with(&given, unsupported, "", "");
    *out = (struct expr_key_range){.partition = first->low, .range = EXPR_KEY_ALL};
    if (second == NULL) return LEAT_OK;
    out->range = second->relation;
    out->low = second->low;
    out->high = second->high;
    return LEAT_OK;
}
