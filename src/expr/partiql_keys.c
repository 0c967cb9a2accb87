/* What a condition says about keys. Only conjunctions are looked into, and disjunctions for the values of a partition key: whatever
 * is not understood just narrows nothing, since the whole condition is tested on every item all the same. */
#include "base/slice.h"
#include "expr/partiql.h"

static bool is_name(const struct expr_node *node, struct leat_slice name) {
    return node->kind == EXPR_NODE_PATH && node->path.count == 1 && slice_equal(node->path.steps[0].name, name);
}

/* name = value, either way round */
static bool equality(const struct expr_node *node, struct leat_slice name, struct item_value *out) {
    if (node->kind != EXPR_NODE_EQUAL) return false;
    const struct expr_node *left = node->first, *right = left->next;
    if (left->kind == EXPR_NODE_VALUE) {
        left = right;
        right = node->first;
    }
    if (!is_name(left, name) || right->kind != EXPR_NODE_VALUE) return false;
    *out = right->value;
    return true;
}

bool partiql_equal(const struct expr_node *where, struct leat_slice name, struct item_value *out) {
    if (where == NULL) return false;
    if (where->kind != EXPR_NODE_AND) return equality(where, name, out);
    return partiql_equal(where->first, name, out) || partiql_equal(where->first->next, name, out);
}

static bool only_equal(const struct expr_node *where, const struct leat_slice names[2], struct item_value found[2]) {
    if (where->kind == EXPR_NODE_AND)
        return only_equal(where->first, names, found) && only_equal(where->first->next, names, found);
    for (int i = 0; i < 2; i++) {
        struct item_value value;
        if (names[i].data == NULL || !equality(where, names[i], &value)) continue;
        if (found[i].type != ITEM_ABSENT) return slice_equal(found[i].whole, value.whole);
        found[i] = value;
        return true;
    }
    return false;
}

bool partiql_only_equal(const struct expr_node *where, struct leat_slice first, struct leat_slice second) {
    const struct leat_slice names[2] = {first, second};
    struct item_value found[2] = {{.type = ITEM_ABSENT}, {.type = ITEM_ABSENT}};
    if (where == NULL || !only_equal(where, names, found)) return false;
    return found[0].type != ITEM_ABSENT && (second.data == NULL || found[1].type != ITEM_ABSENT);
}

bool partiql_rest(struct arena *arena, const struct expr_node *where, struct leat_slice first, struct leat_slice second,
                  const struct expr_node **out) {
    struct item_value value;
    const struct expr_node *left, *right;
    *out = NULL;
    if (where == NULL) return true;
    if (where->kind != EXPR_NODE_AND) {
        bool key = equality(where, first, &value) || (second.data != NULL && equality(where, second, &value));
        if (!key) *out = where;
        return true;
    }
    if (!partiql_rest(arena, where->first, first, second, &left)) return false;
    if (!partiql_rest(arena, where->first->next, first, second, &right)) return false;
    if (left == NULL || right == NULL) {
        *out = left != NULL ? left : right;
        return true;
    }
    struct expr_node *nodes = ARENA_ARRAY(arena, struct expr_node, 3);
    if (nodes == NULL) return false;
    nodes[0] = (struct expr_node){.kind = EXPR_NODE_AND, .first = &nodes[1], .count = 2};
    nodes[1] = *left;
    nodes[2] = *right;
    nodes[1].next = &nodes[2];
    nodes[2].next = NULL;
    *out = nodes;
    return true;
}

/* ---- values of a partition key ---- */

/* Adds a value; the new count, or 0 when there are too many to look for one by one. */
static size_t add(struct item_value *out, size_t count, const struct item_value *value) {
    for (size_t i = 0; i < count; i++) {
        if (slice_equal(out[i].whole, value->whole)) return count;
    }
    if (count == PARTIQL_KEYS_MAX) return 0;
    out[count] = *value;
    return count + 1;
}

static size_t in_values(const struct expr_node *node, struct leat_slice name, struct item_value *out) {
    size_t count = 0;
    if (!is_name(node->first, name)) return 0;
    for (const struct expr_node *each = node->first->next; each != NULL; each = each->next) {
        if (each->kind != EXPR_NODE_VALUE) return 0;
        count = add(out, count, &each->value);
        if (count == 0) return 0;
    }
    return count;
}

/* Both sides must know: the union of what they say. A side is read twice rather than kept aside: the recursion goes as deep as the
 * condition, and a copy of the values at every level would be large. */
static size_t either(const struct expr_node *node, struct leat_slice name, struct item_value *out, size_t count) {
    if (node->kind == EXPR_NODE_OR) {
        count = either(node->first, name, out, count);
        return count == 0 ? 0 : either(node->first->next, name, out, count);
    }
    struct item_value value;
    if (node->kind == EXPR_NODE_AND) {
        if (partiql_equal(node, name, &value)) return add(out, count, &value);
        return 0;
    }
    if (equality(node, name, &value)) return add(out, count, &value);
    if (node->kind != EXPR_NODE_IN || !is_name(node->first, name)) return 0;
    for (const struct expr_node *each = node->first->next; each != NULL; each = each->next) {
        if (each->kind != EXPR_NODE_VALUE) return 0;
        count = add(out, count, &each->value);
        if (count == 0) return 0;
    }
    return count;
}

size_t partiql_values(const struct expr_node *where, struct leat_slice name, struct item_value out[PARTIQL_KEYS_MAX]) {
    if (where == NULL) return 0;
    if (partiql_equal(where, name, &out[0])) return 1;
    if (where->kind == EXPR_NODE_AND) {
        size_t count = partiql_values(where->first, name, out);
        return count != 0 ? count : partiql_values(where->first->next, name, out);
    }
    return where->kind == EXPR_NODE_IN ? in_values(where, name, out)
                                       : where->kind == EXPR_NODE_OR ? either(where, name, out, 0) : 0;
}

/* ---- a range of a sort key ---- */

static enum expr_key_operator mirrored(enum expr_key_operator relation) {
    switch (relation) {
    case EXPR_KEY_LESS: return EXPR_KEY_GREATER;
    case EXPR_KEY_LESS_EQUAL: return EXPR_KEY_GREATER_EQUAL;
    case EXPR_KEY_GREATER: return EXPR_KEY_LESS;
    case EXPR_KEY_GREATER_EQUAL: return EXPR_KEY_LESS_EQUAL;
    default: return relation;
    }
}

static enum expr_key_operator relation_of(const struct expr_node *node) {
    switch (node->kind) {
    case EXPR_NODE_EQUAL: return EXPR_KEY_EQUAL;
    case EXPR_NODE_LESS: return EXPR_KEY_LESS;
    case EXPR_NODE_LESS_EQUAL: return EXPR_KEY_LESS_EQUAL;
    case EXPR_NODE_GREATER: return EXPR_KEY_GREATER;
    case EXPR_NODE_GREATER_EQUAL: return EXPR_KEY_GREATER_EQUAL;
    case EXPR_NODE_BETWEEN: return EXPR_KEY_BETWEEN;
    case EXPR_NODE_FUNCTION: return node->function == EXPR_BEGINS_WITH ? EXPR_KEY_BEGINS_WITH : EXPR_KEY_ALL;
    default: return EXPR_KEY_ALL;
    }
}

static bool range_of(const struct expr_node *node, struct leat_slice name, struct expr_key_range *out) {
    enum expr_key_operator relation = relation_of(node);
    if (relation == EXPR_KEY_ALL) return false;
    const struct expr_node *left = node->first, *low = left->next, *high = low->next;
    bool value_first = left->kind == EXPR_NODE_VALUE;
    if (value_first) {
        if (relation == EXPR_KEY_BETWEEN || relation == EXPR_KEY_BEGINS_WITH) return false;
        low = left;
        left = node->first->next;
        relation = mirrored(relation);
    }
    if (!is_name(left, name) || low->kind != EXPR_NODE_VALUE) return false;
    if (relation == EXPR_KEY_BETWEEN && high->kind != EXPR_NODE_VALUE) return false;
    out->range = relation;
    out->low = low->value;
    if (relation == EXPR_KEY_BETWEEN) out->high = high->value;
    return true;
}

static bool find_range(const struct expr_node *where, struct leat_slice name, struct expr_key_range *out) {
    if (where->kind != EXPR_NODE_AND) return range_of(where, name, out);
    return find_range(where->first, name, out) || find_range(where->first->next, name, out);
}

void partiql_range(const struct expr_node *where, struct leat_slice name, struct expr_key_range *out) {
    out->range = EXPR_KEY_ALL;
    if (where != NULL) (void)find_range(where, name, out);
}

void partiql_names(const struct expr_node *where, void (*each)(void *context, struct leat_slice name), void *context) {
    if (where == NULL) return;
    if (where->kind == EXPR_NODE_PATH) each(context, where->path.steps[0].name);
    for (const struct expr_node *operand = where->first; operand != NULL; operand = operand->next) {
        partiql_names(operand, each, context);
    }
}
