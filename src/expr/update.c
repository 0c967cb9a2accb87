/* UpdateExpression. Keywords in any case; the grammar:
 *
 *   update := clause clause*                                       (each kind of clause once)
 *   clause := "SET" path "=" set ("," path "=" set)*
 *           | "REMOVE" path ("," path)*
 *           | "ADD" path :value ("," path :value)*
 *           | "DELETE" path :value ("," path :value)*
 *   set    := "(" set ")" | operand (("+" | "-") operand)?
 *
 * As in conditions, a "(" may open all of the right side or its first operand.
 * Source: DynamoDB Developer Guide, "Update expressions". */
#include "expr/parser.h"

static const char *const clause_names[] = {
    [EXPR_SET] = "SET",
    [EXPR_REMOVE] = "REMOVE",
    [EXPR_ADD] = "ADD",
    [EXPR_DELETE] = "DELETE",
};

struct update_parser {
    struct expr_parser parser;
    struct expr_update *update;
    struct expr_action **end; /* where the next action is linked */
    bool seen[4];             /* clauses */
    const char *repeated;     /* the first clause that came again */
};

static struct expr_node *set_value(struct expr_parser *parser) {
    struct expr_node *left = expr_take(parser, "(") ? expr_parenthesis(parser, set_value) : expr_parse_operand(parser);
    if (left == NULL || left->kind == EXPR_NODE_PLUS || left->kind == EXPR_NODE_MINUS) return left;
    bool plus = expr_at(parser, "+");
    if (!plus && !expr_at(parser, "-")) return left;
    expr_advance(parser);
    struct expr_node *node = expr_node_new(parser, plus ? EXPR_NODE_PLUS : EXPR_NODE_MINUS);
    struct expr_node *right = node != NULL && expr_count_operator(parser) ? expr_parse_operand(parser) : NULL;
    if (right == NULL) return NULL;
    expr_node_append(node, left);
    expr_node_append(node, right);
    return node;
}

static bool action(struct update_parser *self, enum expr_clause clause) {
    struct expr_parser *parser = &self->parser;
    struct expr_action *parsed = ARENA_NEW(parser->environment->arena, struct expr_action);
    if (parsed == NULL) return expr_fail_memory(parser);
    parsed->clause = clause;
    if (!expr_parse_path(parser, &parsed->path)) return false;
    if (clause == EXPR_SET && !expr_expect(parser, "=")) return false;
    if (clause != EXPR_REMOVE) parsed->value = clause == EXPR_SET ? set_value(parser) : expr_parse_value(parser);
    if (clause != EXPR_REMOVE && parsed->value == NULL) return false;
    *self->end = parsed;
    self->end = &parsed->next;
    self->update->count++;
    return true;
}

static bool clause(struct update_parser *self) {
    enum expr_clause kind = EXPR_SET;
    while (!expr_take_keyword(&self->parser, clause_names[kind])) {
        if (kind == EXPR_DELETE) return expr_fail_syntax(&self->parser);
        kind++;
    }
    if (self->seen[kind] && self->repeated == NULL) self->repeated = clause_names[kind];
    self->seen[kind] = true;
    do {
        if (!action(self, kind)) return false;
    } while (expr_take(&self->parser, ","));
    return true;
}

static bool update(struct update_parser *self) {
    do {
        if (!clause(self)) return false;
    } while (self->parser.token.kind != EXPR_TOKEN_END);
    return true;
}

/* ---- checks ---- */

static bool check_names(struct update_parser *self) {
    struct expr_parser *parser = &self->parser;
    for (struct expr_action *each = self->update->actions; each != NULL; each = each->next) {
        if (each->value != NULL && !expr_check_functions(parser, each->value, false)) return false;
    }
    for (struct expr_action *each = self->update->actions; each != NULL; each = each->next) {
        if (!expr_check_reserved_path(parser, &each->path)) return false;
        if (each->value != NULL && !expr_check_reserved(parser, each->value)) return false;
    }
    if (self->repeated == NULL) return true;
    return expr_fail(parser, "The \"%s\" section can only be used once in an update expression;", self->repeated);
}

static bool bind(struct expr_parser *parser, struct expr_node *node) {
    if (node->kind == EXPR_NODE_PATH) return expr_bind_path(parser, &node->path);
    if (node->kind == EXPR_NODE_VALUE) return expr_bind_value(parser, node);
    for (struct expr_node *operand = node->first; operand != NULL; operand = operand->next) {
        if (!bind(parser, operand)) return false;
    }
    return true;
}

static bool bind_all(struct update_parser *self) {
    struct expr_parser *parser = &self->parser;
    for (struct expr_action *each = self->update->actions; each != NULL; each = each->next) {
        if (!expr_bind_path(parser, &each->path) || (each->value != NULL && !bind(parser, each->value))) return false;
    }
    return true;
}

static bool build_branches(struct expr_parser *parser, struct expr_update *made) {
    struct arena *arena = parser->environment->arena;
    const struct expr_path **paths = ARENA_ARRAY(arena, const struct expr_path *, made->count);
    const void **leaves = ARENA_ARRAY(arena, const void *, made->count);
    if (paths == NULL || leaves == NULL) return expr_fail_memory(parser);
    size_t count = 0;
    for (struct expr_action *each = made->actions; each != NULL; each = each->next, count++) {
        paths[count] = &each->path;
        leaves[count] = each;
    }
    return expr_branches_build(parser, paths, leaves, count, &made->branches);
}

static bool check_set_type(struct expr_parser *parser, const struct expr_action *each) {
    static const char *const words[] = {
        [ITEM_NULL] = "NULL", [ITEM_BOOL] = "BOOLEAN",  [ITEM_N] = "NUMBER",      [ITEM_S] = "STRING",
        [ITEM_B] = "BINARY",  [ITEM_SS] = "STRING_SET", [ITEM_NS] = "NUMBER_SET", [ITEM_BS] = "BINARY_SET",
        [ITEM_L] = "LIST",    [ITEM_M] = "MAP",
    };
    if (each->clause != EXPR_ADD && each->clause != EXPR_DELETE) return true;
    enum item_type type = each->value->value.type;
    bool set = type == ITEM_SS || type == ITEM_NS || type == ITEM_BS;
    if (set || (type == ITEM_N && each->clause == EXPR_ADD)) return true;
    return expr_fail(parser, "Incorrect operand type for operator or function; operator: %s, operand type: %s",
                     clause_names[each->clause], words[type]);
}

/* Every operand whose type is known must be of this one. */
static bool check_type(struct expr_parser *parser, const struct expr_node *node, enum item_type wanted,
                       const char *name) {
    for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next) {
        enum item_type type = wanted;
        if (operand->kind == EXPR_NODE_VALUE) type = operand->value.type;
        if (operand->kind == EXPR_NODE_FUNCTION && operand->function == EXPR_LIST_APPEND) type = ITEM_L;
        if (type != wanted) return expr_fail_operand_type(parser, name, item_type_name(type));
    }
    return true;
}

static bool check_operands(struct expr_parser *parser, const struct expr_node *node) {
    for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next) {
        if (!check_operands(parser, operand)) return false;
    }
    if (node->kind == EXPR_NODE_PLUS) return check_type(parser, node, ITEM_N, "+");
    if (node->kind == EXPR_NODE_MINUS) return check_type(parser, node, ITEM_N, "-");
    if (node->kind != EXPR_NODE_FUNCTION) return true;
    if (node->count != 2) return expr_fail_operand_count(parser, node);
    if (node->function == EXPR_LIST_APPEND) return check_type(parser, node, ITEM_L, "list_append");
    return node->first->kind == EXPR_NODE_PATH || expr_fail_path_wanted(parser, node);
}

static bool check_types(struct expr_parser *parser, const struct expr_update *update) {
    for (const struct expr_action *each = update->actions; each != NULL; each = each->next) {
        if (!check_set_type(parser, each)) return false;
    }
    for (const struct expr_action *each = update->actions; each != NULL; each = each->next) {
        if (each->value != NULL && !check_operands(parser, each->value)) return false;
    }
    return true;
}

bool expr_update_check(struct expr_parser *parser, struct expr_update *update) {
    return build_branches(parser, update) && check_types(parser, update);
}

enum leat_code expr_update_parse(struct expr_environment *environment, struct leat_slice text,
                                 const struct expr_update **out, struct leat_fault *fault) {
    struct update_parser self = {.update = ARENA_NEW(environment->arena, struct expr_update)};
    if (self.update == NULL) return fault_memory(fault);
    self.end = &self.update->actions;
    if (!expr_parser_init(&self.parser, environment, EXPR_UPDATE, text, fault)) return self.parser.code;
    bool good = update(&self) && check_names(&self) && bind_all(&self) && expr_update_check(&self.parser, self.update);
    if (!good) return self.parser.code;
    *out = self.update;
    return LEAT_OK;
}

bool expr_update_changes(const struct expr_update *self, struct leat_slice name) {
    for (const struct expr_branch *branch = self->branches; branch != NULL; branch = branch->next) {
        if (slice_equal(branch->step.name, name)) return true;
    }
    return false;
}

bool expr_update_only_removes(const struct expr_update *self) {
    for (const struct expr_action *each = self->actions; each != NULL; each = each->next) {
        if (each->clause != EXPR_REMOVE && each->clause != EXPR_DELETE) return false;
    }
    return true;
}

bool expr_update_sets(const struct expr_update *self, struct leat_slice name, struct item_value *out) {
    for (const struct expr_action *each = self->actions; each != NULL; each = each->next) {
        if (each->clause != EXPR_SET || each->path.count > 1 || !slice_equal(each->path.steps[0].name, name)) continue;
        if (each->value->kind != EXPR_NODE_VALUE) return false;
        *out = each->value->value;
        return true;
    }
    return false;
}

static bool reads(const struct expr_node *node, struct leat_slice name) {
    if (node->kind == EXPR_NODE_PATH) return node->path.count > 1 && slice_equal(node->path.steps[0].name, name);
    for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next) {
        if (reads(operand, name)) return true;
    }
    return false;
}

bool expr_update_uses_inside(const struct expr_update *self, struct leat_slice name) {
    for (const struct expr_action *each = self->actions; each != NULL; each = each->next) {
        if (each->path.count > 1 && slice_equal(each->path.steps[0].name, name)) return true;
        if (each->value != NULL && reads(each->value, name)) return true;
    }
    return false;
}

enum leat_code expr_update_part(const struct expr_update *self, struct leat_slice item, struct buf *out,
                                struct leat_fault *fault) {
    enum leat_code code = expr_branches_copy(self->branches, item, out);
    return code == LEAT_OK ? LEAT_OK : fault_memory(fault);
}
