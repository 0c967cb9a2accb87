/* Applying updates. The old item and the update's branches are both in order, so one walk over the two writes the new
 * item: what no path touches is copied as it is, run by run; where a branch begins, the walk goes inside; where a path
 * ends, its action writes the value. All operands are read from the old item, so the order of actions does not matter.
 */
#include "base/slice.h"
#include "expr/tree.h"

struct writing {
    struct leat_slice old; /* the item */
    struct buf *out;
    struct leat_fault *fault;
};

static enum leat_code fault_path(const struct writing *w) {
    return fault_set(w->fault, LEAT_VALIDATION,
                     "The document path provided in the update expression is invalid for update");
}

static enum leat_code fault_operand(const struct writing *w) {
    return fault_set(w->fault, LEAT_VALIDATION, "An operand in the update expression has an incorrect data type");
}

static enum leat_code fault_missing(const struct writing *w) {
    return fault_set(w->fault, LEAT_VALIDATION,
                     "The provided expression refers to an attribute that does not exist in the item");
}

static enum leat_code end(const struct writing *w, size_t mark) {
    return item_end(w->out, mark) == LEAT_OK ? LEAT_OK : fault_memory(w->fault);
}

/* ---- operands ---- */

/* Follows if_not_exists to the operand that counts: a path, a value or list_append. *value is set for the first two. */
static enum leat_code pick(const struct writing *w, const struct expr_node **node, struct item_value *value) {
    while ((*node)->kind == EXPR_NODE_FUNCTION && (*node)->function == EXPR_IF_NOT_EXISTS) {
        const struct expr_node *first = (*node)->first;
        *node = expr_path_find(&first->path, w->old, value) ? first : first->next;
    }
    if ((*node)->kind == EXPR_NODE_VALUE) *value = (*node)->value;
    if ((*node)->kind == EXPR_NODE_PATH && !expr_path_find(&(*node)->path, w->old, value)) return fault_missing(w);
    return LEAT_OK;
}

static enum leat_code read_number(const struct writing *w, const struct expr_node *node, struct item_number *out) {
    struct item_value value = {.type = ITEM_ABSENT};
    TRY(pick(w, &node, &value));
    if (value.type != ITEM_N || !item_number_decode(value.payload, out)) return fault_operand(w);
    return LEAT_OK;
}

static enum leat_code write_arithmetic(const struct writing *w, const struct expr_node *node) {
    struct item_number a, b, result;
    TRY(read_number(w, node->first, &a));
    TRY(read_number(w, node->first->next, &b));
    TRY(node->kind == EXPR_NODE_PLUS ? item_number_add(&a, &b, &result, w->fault)
                                     : item_number_subtract(&a, &b, &result, w->fault));
    item_put_number(w->out, &result);
    return LEAT_OK;
}

/* The elements of a list operand, one after another. */
static enum leat_code write_elements(const struct writing *w, const struct expr_node *node) {
    struct item_value value = {.type = ITEM_ABSENT};
    TRY(pick(w, &node, &value));
    if (node->kind == EXPR_NODE_FUNCTION) {
        TRY(write_elements(w, node->first));
        return write_elements(w, node->first->next);
    }
    if (value.type != ITEM_L) return fault_operand(w);
    buf_slice(w->out, value.payload);
    return LEAT_OK;
}

static enum leat_code write_operand(const struct writing *w, const struct expr_node *node) {
    if (node->kind == EXPR_NODE_PLUS || node->kind == EXPR_NODE_MINUS) return write_arithmetic(w, node);
    struct item_value value = {.type = ITEM_ABSENT};
    TRY(pick(w, &node, &value));
    if (node->kind != EXPR_NODE_FUNCTION) {
        item_put_value(w->out, &value);
        return LEAT_OK;
    }
    size_t mark = item_begin(w->out, ITEM_L);
    TRY(write_elements(w, node));
    return end(w, mark);
}

/* ---- actions ---- */

static bool is_set(enum item_type type) { return type == ITEM_SS || type == ITEM_NS || type == ITEM_BS; }

/* AWS API, UpdateItem: ADD on a missing attribute starts at 0 and at the empty set. */
static enum leat_code write_sum(const struct writing *w, const struct item_value *old, const struct item_value *added) {
    struct item_number a, b, sum;
    if (old->type == ITEM_ABSENT) {
        item_put_value(w->out, added);
        return LEAT_OK;
    }
    if (old->type != ITEM_N || added->type != ITEM_N) return fault_operand(w);
    if (!item_number_decode(old->payload, &a) || !item_number_decode(added->payload, &b)) return fault_operand(w);
    TRY(item_number_add(&a, &b, &sum, w->fault));
    item_put_number(w->out, &sum);
    return LEAT_OK;
}

/* Both sets are in order: merges them. */
static enum leat_code write_union(const struct writing *w, const struct item_value *old,
                                  const struct item_value *added) {
    struct item_iterator left = item_iterate(old->payload), right = item_iterate(added->payload);
    struct leat_slice a, b;
    size_t mark = item_begin(w->out, old->type);
    bool more_a = item_set_next(&left, &a), more_b = item_set_next(&right, &b);
    while (more_a || more_b) {
        int sign = !more_a ? 1 : !more_b ? -1 : slice_compare(a, b);
        item_put_element(w->out, sign <= 0 ? a : b);
        if (sign <= 0) more_a = item_set_next(&left, &a);
        if (sign >= 0) more_b = item_set_next(&right, &b);
    }
    return end(w, mark);
}

/* *any: false when nothing is left: an empty set cannot be, the attribute goes. */
static enum leat_code write_difference(const struct writing *w, const struct item_value *old,
                                       const struct item_value *taken, bool *any) {
    struct item_iterator left = item_iterate(old->payload), right = item_iterate(taken->payload);
    struct leat_slice a, b;
    *any = false;
    size_t mark = item_begin(w->out, old->type);
    bool more_b = item_set_next(&right, &b);
    while (item_set_next(&left, &a)) {
        while (more_b && slice_compare(b, a) < 0) more_b = item_set_next(&right, &b);
        if (more_b && slice_equal(a, b)) continue;
        item_put_element(w->out, a);
        *any = true;
    }
    return *any ? end(w, mark) : LEAT_OK;
}

/* *any: was a value written? */
static enum leat_code write_action(const struct writing *w, const struct expr_action *action,
                                   const struct item_value *old, bool *any) {
    *any = action->clause == EXPR_SET || action->clause == EXPR_ADD;
    if (action->clause == EXPR_SET) return write_operand(w, action->value);
    if (action->clause == EXPR_REMOVE) return LEAT_OK;
    const struct item_value *value = &action->value->value;
    if (old->type == ITEM_ABSENT && action->clause == EXPR_DELETE) return LEAT_OK;
    bool sets = is_set(value->type) && old->type == value->type;
    if (action->clause == EXPR_ADD) return sets ? write_union(w, old, value) : write_sum(w, old, value);
    return sets ? write_difference(w, old, value, any) : fault_operand(w);
}

/* ---- the walk ---- */

/* Does the value have more than `levels` levels? Itself is one, and AWS counts what is inside the innermost list or map too. */
static bool too_deep(const struct item_value *value, size_t levels) {
    struct item_iterator iterator = item_iterate(value->payload);
    struct item_value inside;
    struct leat_slice name;
    if (levels == 0) return true;
    if (value->type != ITEM_L && value->type != ITEM_M) return false;
    while (value->type == ITEM_L ? item_list_next(&iterator, &inside) : item_map_next(&iterator, &name, &inside)) {
        if (too_deep(&inside, levels - 1)) return true;
    }
    return false;
}

static enum leat_code write_leaf(const struct writing *w, const struct expr_branch *branch,
                                 const struct item_value *old, bool *any) {
    const struct expr_action *action = branch->leaf;
    size_t mark = w->out->size;
    TRY(write_action(w, action, old, any));
    if (!*any || action->clause != EXPR_SET || !buf_ok(w->out)) return LEAT_OK;
    struct item_value written = item_value_at(slice_of(w->out->data + mark, w->out->size - mark));
    if (!too_deep(&written, ITEM_DEPTH_MAX - (action->path.count - 1))) return LEAT_OK;
    return fault_set(w->fault, LEAT_VALIDATION,
                     "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond "
                     "supported limit");
}

static enum leat_code write_inside(const struct writing *w, const struct expr_branch *branch,
                                   const struct item_value *container);

/* What becomes of one entry; absent: there was none. */
static enum leat_code write_branch(const struct writing *w, const struct expr_branch *branch,
                                   const struct item_value *old) {
    bool any = true, named = branch->step.name.data != NULL;
    size_t mark = w->out->size;
    if (named) item_put_name(w->out, branch->step.name);
    if (branch->leaf != NULL) {
        TRY(write_leaf(w, branch, old, &any));
    } else {
        if (old->type != ITEM_M && old->type != ITEM_L) return fault_path(w);
        size_t inside = item_begin(w->out, old->type);
        TRY(write_inside(w, branch->first, old));
        TRY(end(w, inside));
    }
    if (!any && buf_ok(w->out)) w->out->size = mark;
    return LEAT_OK;
}

static void copy_run(const struct writing *w, const uint8_t *begin, const uint8_t *after) {
    if (begin != after) buf_append(w->out, begin, (size_t)(after - begin));
}

static enum leat_code write_inside(const struct writing *w, const struct expr_branch *branch,
                                   const struct item_value *container) {
    static const struct item_value absent = {.type = ITEM_ABSENT};
    struct expr_cursor cursor;
    struct item_value value;
    if (!expr_cursor_init(&cursor, branch, container)) return fault_path(w);
    const uint8_t *run = cursor.iterator.at, *before = run;
    while (branch != NULL && expr_cursor_next(&cursor, &value)) {
        int sign = -1;
        while (branch != NULL && (sign = expr_step_compare(&branch->step, &cursor.step)) <= 0) {
            copy_run(w, run, before);
            TRY(write_branch(w, branch, sign == 0 ? &value : &absent));
            run = sign == 0 ? cursor.iterator.at : before;
            branch = branch->next;
            if (sign == 0) break;
        }
        before = cursor.iterator.at;
    }
    copy_run(w, run, branch == NULL ? container->payload.data + container->payload.size : before);
    /* what is left is new: names behind the last, and indexes past the end, which AWS appends in their order */
    for (; branch != NULL; branch = branch->next) TRY(write_branch(w, branch, &absent));
    return LEAT_OK;
}

enum leat_code expr_update_apply(const struct expr_update *update, struct leat_slice old, struct buf *out,
                                 struct leat_fault *fault) {
    if (old.data == NULL) old = SLICE("");
    struct writing w = {old, out, fault};
    struct item_value whole = {.type = ITEM_M, .payload = old};
    size_t mark = out->size;
    enum leat_code code = write_inside(&w, update->branches, &whole);
    if (code == LEAT_OK && item_close(out, mark) != LEAT_OK) code = fault_memory(fault);
    if (code != LEAT_OK && buf_ok(out)) out->size = mark;
    return code;
}
