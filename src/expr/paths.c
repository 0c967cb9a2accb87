#include <stdio.h>
#include <stdlib.h>

#include "expr/parser.h"

bool expr_path_find(const struct expr_path *path, struct leat_slice item, struct item_value *out) {
    if (!item_find(item, path->steps[0].name, out)) return false;
    for (size_t i = 1; i < path->count; i++) {
        const struct expr_step *step = &path->steps[i];
        bool index = step->name.data == NULL;
        if (out->type != (index ? ITEM_L : ITEM_M)) return false;
        struct leat_slice inside = out->payload;
        if (!(index ? item_list_at(inside, step->index, out) : item_find(inside, step->name, out))) return false;
    }
    return true;
}

/* Indexes come before names. */
int expr_step_compare(const struct expr_step *a, const struct expr_step *b) {
    bool a_index = a->name.data == NULL, b_index = b->name.data == NULL;
    if (a_index != b_index) return a_index ? -1 : 1;
    return a_index ? (a->index > b->index) - (a->index < b->index) : slice_compare(a->name, b->name);
}

bool expr_cursor_init(struct expr_cursor *cursor, const struct expr_branch *branch,
                      const struct item_value *container) {
    *cursor = (struct expr_cursor){.iterator = item_iterate(container->payload), .list = container->type == ITEM_L};
    return container->type == (branch->step.name.data == NULL ? ITEM_L : ITEM_M);
}

bool expr_cursor_next(struct expr_cursor *cursor, struct item_value *value) {
    if (!cursor->list) return item_map_next(&cursor->iterator, &cursor->step.name, value);
    cursor->step.index = cursor->count++;
    return item_list_next(&cursor->iterator, value);
}

/* The number of elements that two paths begin with in common. */
static size_t common(const struct expr_path *a, const struct expr_path *b) {
    size_t i = 0;
    while (i < a->count && i < b->count && expr_step_compare(&a->steps[i], &b->steps[i]) == 0) i++;
    return i;
}

bool expr_path_equal(const struct expr_path *a, const struct expr_path *b) {
    return a->count == b->count && common(a, b) == a->count;
}

const char *expr_path_print(const struct expr_path *path, char out[EXPR_PATH_TEXT_MAX]) {
    size_t used = 0;
    for (size_t i = 0; i < path->count && used < EXPR_PATH_TEXT_MAX; i++) {
        const struct expr_step *step = &path->steps[i];
        const char *before = i == 0 ? "[" : ", ";
        size_t room = EXPR_PATH_TEXT_MAX - used;
        int size = step->name.data == NULL ? snprintf(out + used, room, "%s[%u]", before, step->index)
                                           : snprintf(out + used, room, "%s%.*s", before, SLICE_FORMAT(step->name));
        used += size < 0 ? 0 : (size_t)size;
    }
    if (used + 1 < EXPR_PATH_TEXT_MAX) {
        memcpy(out + used, "]", 2);
        return out;
    }
    used = EXPR_PATH_TEXT_MAX - 1; /* cut: the last character may be half a one */
    while (used > 0 && (out[used - 1] & 0xC0) == 0x80) used--;
    out[used > 0 ? used - 1 : 0] = '\0';
    return out;
}

/* ---- overlap and conflict ---- */

static bool overlap(const struct expr_path *a, const struct expr_path *b) {
    size_t same = common(a, b);
    return same == a->count || same == b->count;
}

/* One takes for a list what the other takes for a map. */
static bool conflict(const struct expr_path *a, const struct expr_path *b) {
    size_t same = common(a, b);
    return same < a->count && same < b->count &&
           (a->steps[same].name.data == NULL) != (b->steps[same].name.data == NULL);
}

static bool fail_pair(struct expr_parser *parser, const char *how, const struct expr_path *a,
                      const struct expr_path *b) {
    char one[EXPR_PATH_TEXT_MAX], two[EXPR_PATH_TEXT_MAX];
    return expr_fail(
        parser,
        "Two document paths %s with each other; must remove or rewrite one of these paths; path one: %s, path two: %s",
        how, expr_path_print(a, one), expr_path_print(b, two));
}

/* AWS looks for overlaps among all paths before it looks for conflicts. Some pair is known to be at fault. */
static bool fail_paths(struct expr_parser *parser, const struct expr_path **paths, size_t count) {
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t two = 1; two < count; two++) {
            for (size_t one = 0; one < two; one++) {
                bool (*wrong)(const struct expr_path *, const struct expr_path *) = pass == 0 ? overlap : conflict;
                if (wrong(paths[one], paths[two])) {
                    return fail_pair(parser, pass == 0 ? "overlap" : "conflict", paths[one], paths[two]);
                }
            }
        }
    }
    return false;
}

/* ---- branches ---- */

struct leaf {
    const struct expr_path *path;
    const void *leaf;
};

static int compare_leaves(const void *a, const void *b) {
    const struct expr_path *one = ((const struct leaf *)a)->path, *two = ((const struct leaf *)b)->path;
    size_t same = common(one, two);
    if (same == one->count || same == two->count) return (one->count > two->count) - (one->count < two->count);
    return expr_step_compare(&one->steps[same], &two->steps[same]);
}

/* Branches for leaves[0..count), which are sorted and the same in their first `depth` elements. */
static bool grow(struct expr_parser *parser, const struct leaf *leaves, size_t count, size_t depth,
                 struct expr_branch **out) {
    while (count > 0) {
        const struct expr_step *step = &leaves[0].path->steps[depth];
        size_t same = 1;
        while (same < count && expr_step_compare(step, &leaves[same].path->steps[depth]) == 0) same++;
        struct expr_branch *branch = *out = ARENA_NEW(parser->environment->arena, struct expr_branch);
        if (branch == NULL) return expr_fail_memory(parser);
        branch->step = *step;
        if (leaves[0].path->count == depth + 1)
            branch->leaf = leaves[0].leaf;
        else if (!grow(parser, leaves, same, depth + 1, &branch->first))
            return false;
        out = &branch->next;
        leaves += same;
        count -= same;
    }
    return true;
}

bool expr_branches_build(struct expr_parser *parser, const struct expr_path **paths, const void **leaves, size_t count,
                         struct expr_branch **out) {
    struct leaf *sorted = ARENA_ARRAY(parser->environment->arena, struct leaf, count);
    if (sorted == NULL) return expr_fail_memory(parser);
    for (size_t i = 0; i < count; i++) sorted[i] = (struct leaf){paths[i], leaves[i]};
    qsort(sorted, count, sizeof *sorted, compare_leaves);
    for (size_t i = 1; i < count; i++) {
        /* sorted, a path stands right before the first that it overlaps or conflicts with: indexes before names */
        if (overlap(sorted[i - 1].path, sorted[i].path) || conflict(sorted[i - 1].path, sorted[i].path)) {
            return fail_paths(parser, paths, count);
        }
    }
    return grow(parser, sorted, count, 0, out);
}

/* ---- copying what the branches name ---- */

static enum leat_code copy_branch(const struct expr_branch *branch, const struct item_value *value, struct buf *out,
                                  bool *any);

/* *any: was anything found? */
static enum leat_code copy_branches(const struct expr_branch *branch, const struct item_value *container,
                                    struct buf *out, bool *any) {
    struct expr_cursor cursor;
    struct item_value value;
    if (!expr_cursor_init(&cursor, branch, container)) return LEAT_OK;
    while (branch != NULL && expr_cursor_next(&cursor, &value)) {
        while (branch != NULL && expr_step_compare(&branch->step, &cursor.step) < 0) branch = branch->next;
        if (branch == NULL || expr_step_compare(&branch->step, &cursor.step) != 0) continue;
        size_t mark = out->size;
        bool found = false;
        if (!cursor.list) item_put_name(out, cursor.step.name);
        TRY(copy_branch(branch, &value, out, &found));
        if (found)
            *any = true;
        else if (buf_ok(out))
            out->size = mark;
    }
    return LEAT_OK;
}

static enum leat_code copy_branch(const struct expr_branch *branch, const struct item_value *value, struct buf *out,
                                  bool *any) {
    if (branch->leaf != NULL) {
        item_put_value(out, value);
        *any = true;
        return LEAT_OK;
    }
    if (value->type != ITEM_M && value->type != ITEM_L) return LEAT_OK; /* only these can be begun and ended */
    size_t mark = item_begin(out, value->type);
    TRY(copy_branches(branch->first, value, out, any));
    return item_end(out, mark);
}

enum leat_code expr_branches_copy(const struct expr_branch *branches, struct leat_slice item, struct buf *out) {
    struct item_value whole = {.type = ITEM_M, .payload = item};
    bool any = false;
    size_t mark = out->size;
    if (branches != NULL) TRY(copy_branches(branches, &whole, out, &any));
    return item_close(out, mark);
}
