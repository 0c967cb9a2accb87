/* ProjectionExpression:
 *
 *   projection := path ("," path)*
 *
 * Source: DynamoDB Developer Guide, "Using projection expressions". */
#include "expr/parser.h"

struct listed {
    struct expr_path path;
    struct listed *next;
};

static struct listed *paths_rule(struct expr_parser *parser, size_t *count) {
    struct listed *first = NULL, **end = &first;
    do {
        struct listed *listed = ARENA_NEW(parser->environment->arena, struct listed);
        if (listed == NULL) expr_fail_memory(parser);
        if (listed == NULL || !expr_parse_path(parser, &listed->path)) return NULL;
        *end = listed;
        end = &listed->next;
        ++*count;
    } while (expr_take(parser, ","));
    if (parser->token.kind == EXPR_TOKEN_END) return first;
    expr_fail_syntax(parser);
    return NULL;
}

static bool build(struct expr_parser *parser, struct listed *first, size_t count, struct expr_projection *out) {
    const struct expr_path **paths = ARENA_ARRAY(parser->environment->arena, const struct expr_path *, count);
    const void **leaves = ARENA_ARRAY(parser->environment->arena, const void *, count);
    if (paths == NULL || leaves == NULL) return expr_fail_memory(parser);
    for (struct listed *each = first; each != NULL; each = each->next) {
        if (!expr_check_reserved_path(parser, &each->path)) return false;
    }
    size_t i = 0;
    for (struct listed *each = first; each != NULL; each = each->next, i++) {
        if (!expr_bind_path(parser, &each->path)) return false;
        paths[i] = leaves[i] = &each->path;
    }
    return expr_branches_build(parser, paths, leaves, count, &out->branches);
}

enum leat_code expr_projection_parse(struct expr_environment *environment, struct leat_slice text,
                                     const struct expr_projection **out, struct leat_fault *fault) {
    struct expr_parser parser;
    size_t count = 0;
    struct expr_projection *projection = ARENA_NEW(environment->arena, struct expr_projection);
    if (projection == NULL) return fault_memory(fault);
    if (!expr_parser_init(&parser, environment, EXPR_PROJECTION, text, fault)) return parser.code;
    struct listed *first = paths_rule(&parser, &count);
    if (first == NULL || !build(&parser, first, count, projection)) return parser.code;
    *out = projection;
    return LEAT_OK;
}

enum leat_code expr_projection_apply(const struct expr_projection *projection, struct leat_slice item, struct buf *out,
                                     struct leat_fault *fault) {
    enum leat_code code = expr_branches_copy(projection->branches, item, out);
    return code == LEAT_OK ? LEAT_OK : fault_memory(fault);
}

void expr_projection_names(const struct expr_projection *projection,
                           void (*each)(void *context, struct leat_slice name), void *context) {
    for (const struct expr_branch *branch = projection->branches; branch != NULL; branch = branch->next) {
        each(context, branch->step.name);
    }
}

bool expr_projection_uses_inside(const struct expr_projection *projection, struct leat_slice name) {
    for (const struct expr_branch *branch = projection->branches; branch != NULL; branch = branch->next) {
        if (branch->leaf == NULL && slice_equal(branch->step.name, name)) return true;
    }
    return false;
}
