#include "rig.h"

#include <stdio.h>

#include "expr/partiql.h"

#define NOT_WELL_FORMED "Statement wasn't well formed, can't be processed: "

/* ---- conditions, printed with every bracket ---- */

static void print_value(struct rig *rig, const struct item_value *value) {
    struct buf text;
    struct json_writer writer;
    buf_init(&text, 1 << 16);
    json_writer_init(&writer, &text);
    item_value_to_json(&writer, value);
    for (size_t i = 0; i < text.size; i++) buf_byte(&rig->out, text.data[i] == '"' ? '\'' : text.data[i]);
    buf_fini(&text);
}

static void print_path(struct rig *rig, const struct expr_path *path) {
    for (size_t i = 0; i < path->count; i++) {
        if (path->steps[i].name.data == NULL) buf_print(&rig->out, "[%u]", path->steps[i].index);
        else buf_print(&rig->out, "%s%.*s", i == 0 ? "" : ".", SLICE_FORMAT(path->steps[i].name));
    }
}

static void print_node(struct rig *rig, const struct expr_node *node) {
    static const char *const names[] = {
        [EXPR_NODE_PLUS] = "+", [EXPR_NODE_MINUS] = "-", [EXPR_NODE_EQUAL] = "=", [EXPR_NODE_NOT_EQUAL] = "<>", [EXPR_NODE_LESS] = "<",
        [EXPR_NODE_LESS_EQUAL] = "<=", [EXPR_NODE_GREATER] = ">", [EXPR_NODE_GREATER_EQUAL] = ">=", [EXPR_NODE_BETWEEN] = "between",
        [EXPR_NODE_IN] = "in", [EXPR_NODE_AND] = "and", [EXPR_NODE_OR] = "or", [EXPR_NODE_NOT] = "not"};
    if (node->kind == EXPR_NODE_PATH) {
        print_path(rig, &node->path);
    } else if (node->kind == EXPR_NODE_VALUE) {
        print_value(rig, &node->value);
    } else {
        buf_print(&rig->out, "(");
        if (node->kind == EXPR_NODE_FUNCTION) buf_slice(&rig->out, node->text);
        else buf_print(&rig->out, "%s", names[node->kind]);
        for (const struct expr_node *operand = node->first; operand != NULL; operand = operand->next) {
            buf_print(&rig->out, " ");
            print_node(rig, operand);
        }
        buf_print(&rig->out, ")");
    }
}

static void print_update(struct rig *rig, const struct expr_update *update) {
    static const char *const names[] = {"set", "remove", "add", "delete"};
    for (const struct expr_action *action = update->actions; action != NULL; action = action->next) {
        buf_print(&rig->out, "%s%s ", action == update->actions ? "" : "; ", names[action->clause]);
        print_path(rig, &action->path);
        if (action->value == NULL) continue;
        buf_print(&rig->out, " ");
        print_node(rig, action->value);
    }
}

/* parameters: a list in DynamoDB JSON, or NULL */
static enum leat_code parse(struct rig *rig, const char *text, const char *parameters, struct partiql_statement *out) {
    struct leat_slice given[8];
    size_t count = 0;
    cr_assert_eq(rig_init(rig, NULL, NULL), LEAT_OK);
    if (parameters != NULL) {
        struct item_value list, value;
        cr_assert(item_find(rig_item(rig, parameters), SLICE("p"), &list));
        struct item_iterator each = item_iterate(list.payload);
        while (count < 8 && item_list_next(&each, &value)) given[count++] = value.whole;
    }
    return partiql_parse(&rig->arena, slice_text(text), given, count, out, &rig->fault);
}

struct row { const char *text, *expected; };

static void check(const struct row *rows, size_t count, const char *format,
                  void (*print)(struct rig *rig, const struct partiql_statement *statement)) {
    for (size_t i = 0; i < count; i++) {
        struct rig rig;
        struct partiql_statement statement;
        char text[512];
        (void)snprintf(text, sizeof text, format, rows[i].text);
        enum leat_code code = parse(&rig, text, NULL, &statement);
        cr_expect(code == LEAT_OK || code == LEAT_VALIDATION);
        if (code == LEAT_OK) print(&rig, &statement);
        else buf_print(&rig.out, "%s", rig.fault.message);
        struct leat_slice got = buf_view(&rig.out);
        cr_expect(slice_is(got, rows[i].expected), "%s:\n  %.*s\n  %s", text, SLICE_FORMAT(got), rows[i].expected);
        rig_fini(&rig);
    }
}
#define CHECK(rows, format, print) check(rows, sizeof(rows) / sizeof *(rows), format, print)

static void print_where(struct rig *rig, const struct partiql_statement *statement) { print_node(rig, statement->where); }

Test(partiql, conditions_become_trees) {
    static const struct row rows[] = {
        {"a = 1 OR b = 2 AND NOT c = 3", "(or (= a {'N':'1'}) (and (= b {'N':'2'}) (not (= c {'N':'3'}))))"},
        {"(a = 1 or b = 2) and c != 'x'", "(and (or (= a {'N':'1'}) (= b {'N':'2'})) (<> c {'S':'x'}))"},
        {"a between -1 and +2.50", "(between a {'N':'-1'} {'N':'2.5'})"},
        {"a NOT BETWEEN 1 AND 2 AND b<=c", "(and (not (between a {'N':'1'} {'N':'2'})) (<= b c))"},
        {"a IN ['x', ['y']] OR a in (1)", "(or (in a {'S':'x'} {'L':[{'S':'y'}]}) (in a {'N':'1'}))"},
        {"a.b[0].\"c d\"['e''f'] = \"q\"\"r\"", "(= a.b[0].c d.e'f q\"r)"},
        {"a is missing AND b IS NOT MISSING", "(and (attribute_not_exists a) (attribute_exists b))"},
        {"a IS NULL OR a IS NOT NULL", "(or (attribute_type a {'S':'NULL'}) (not (attribute_type a {'S':'NULL'})))"},
        {"SIZE(a) > 3 AND Begins_With(a, 'b')", "(and (> (size a) {'N':'3'}) (begins_with a {'S':'b'}))"},
        {"attribute_exists(a) = true AND attribute_exists(b) <> true", "(and (attribute_exists a) (not (attribute_exists b)))"},
        {"a = <<3, 1>> AND b = {'x': null, 'y': [true]}", "(and (= a {'NS':['1','3']}) (= b {'M':{'x':{'NULL':true},'y':{'L':[{'BOOL':true}]}}}))"},
        {"a/* c */=-- to the end\n1;", "(= a {'N':'1'})"},
        {"((a)) = ((1))", "(= a {'N':'1'})"},
    };
    CHECK(rows, "SELECT * FROM t WHERE %s", print_where);
}

static void print_all(struct rig *rig, const struct partiql_statement *statement) {
    static const char *const kinds[] = {"select", "insert", "update", "delete", "exists"};
    buf_print(&rig->out, "%s %.*s", kinds[statement->kind], SLICE_FORMAT(statement->table));
    if (statement->index.data != NULL) buf_print(&rig->out, ".%.*s", SLICE_FORMAT(statement->index));
    for (size_t i = 0; i < statement->column_count; i++) {
        buf_print(&rig->out, " ");
        print_path(rig, &statement->columns[i].path);
        buf_print(&rig->out, ":%.*s", SLICE_FORMAT(statement->columns[i].name));
    }
    for (size_t i = 0; i < statement->order_count; i++)
        buf_print(&rig->out, " %s%.*s", statement->order[i].descending ? "-" : "+", SLICE_FORMAT(statement->order[i].name));
    if (statement->kind == PARTIQL_INSERT) buf_print(&rig->out, " %s", rig_json(rig, statement->item));
    if (statement->returning) buf_print(&rig->out, " returns %d", statement->returns);
}

Test(partiql, statements) {
    static const struct row rows[] = {
        {"select * from \"my-table\".\"by day\" where a = 1 order by a desc, b", "select my-table.by day -a +b"},
        {"SELECT a, m.b.c, m.l[0][1] FROM t", "select t a:a m.b.c:c m.l[0][1]:l[0][1]"},
        {"INSERT INTO t value {'b': 1, 'a': 'x', 'b': 2}", "insert t {'a':{'S':'x'},'b':{'N':'2'}}"},
        {"DELETE FROM t WHERE a = 1 RETURNING ALL OLD *", "delete t returns 1"},
        {"UPDATE t SET a = 1 WHERE b = 1 RETURNING modified new *;", "update t returns 4"},
        {"EXISTS(SELECT * FROM t WHERE a = 1)", "exists t"},
    };
    CHECK(rows, "%s", print_all);
}

static void print_changes(struct rig *rig, const struct partiql_statement *statement) { print_update(rig, statement->update); }

Test(partiql, updates_become_actions) {
    static const struct row rows[] = {
        {"SET a = 1, b.c = 'x' SET d[0] = e REMOVE f", "set a {'N':'1'}; set b.c {'S':'x'}; set d[0] e; remove f"},
        {"SET a=a-1 SET b = 2 + b", "set a (- a {'N':'1'}); set b (+ {'N':'2'} b)"},
        {"SET a = list_append([1], LIST_APPEND(a, b))", "set a (list_append {'L':[{'N':'1'}]} (list_append a b))"},
        {"SET a = set_add(a, <<1>>) SET m.s = SET_DELETE(m.s, <<'x'>>)", "add a {'NS':['1']}; delete m.s {'SS':['x']}"},
        {"SET a = 1 SET a = 2", "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]"},
    };
    CHECK(rows, "UPDATE t %s WHERE k = 1", print_changes);
    CHECK(rows, "FROM t WHERE k = 1 %s", print_changes);
}

Test(partiql, what_is_refused) {
    static const struct row rows[] = {
        {"", NOT_WELL_FORMED "Expected data manipulation"},
        {"'", NOT_WELL_FORMED},
        {"SELECT FROM t", NOT_WELL_FORMED "Unexpected keyword"},
        {"SELECT * FROM t WHERE a", NOT_WELL_FORMED "Unexpected term"},
        {"SELECT * FROM t WHERE a = 1 AND b", NOT_WELL_FORMED "Unexpected term"},
        {"SELECT * FROM t WHERE (a = 1", NOT_WELL_FORMED "Unexpected term"},
        {"SELECT * FROM t WHERE a NOT 1", NOT_WELL_FORMED "Unexpected term"},
        {"SELECT * FROM t WHERE a = b = c", NOT_WELL_FORMED "Unexpected token after expression"},
        {"SELECT * FROM t WHERE a = \xc3\xa9", NOT_WELL_FORMED},
        {"INSERT INTO t VALUE {'a': '\x8c'}", NOT_WELL_FORMED},
        {"SELECT l[-1] FROM t", "List index is not within the allowable range; index: [-1] at 1:11:1"},
        {"SELECT '\xc3\xa9' FROM t", NOT_WELL_FORMED "Unexpected term"},
        {"SELECT * FROM t WHERE 'a\xc3\xa9' = foo(a)", "Unrecognized function: foo at 1:30:3"},
        {"UPDATE t-x SET a = 1", NOT_WELL_FORMED "Expected data manipulation"},
        {"UPDATE t SET", NOT_WELL_FORMED "Unexpected term"},
        {"INSERT INTO t (a) VALUES (1)", NOT_WELL_FORMED "Unexpected keyword"},
        {"INSERT INTO t VALUE {a: 1}", NOT_WELL_FORMED "Unexpected term"},
        {"INSERT INTO t VALUE 1", NOT_WELL_FORMED "Expected a tuple in VALUE"},
        {"SELECT * FROM t; SELECT * FROM t", NOT_WELL_FORMED "Unexpected token after expression"},
        {"SELECT * FROM t WHERE a = ?", "Number of parameters in request and statement don't match."},
    };
    CHECK(rows, "%s", print_all);
}

Test(partiql, parameters_stand_for_values_in_order) {
    struct rig rig;
    struct partiql_statement statement;
    const char *given = "{'p':{'L':[{'S':'x'},{'L':[{'N':'1'},{'N':'2'}]}]}}";
    cr_assert_eq(parse(&rig, "SELECT * FROM t WHERE a = ? AND b IN ?", given, &statement), LEAT_OK, "%s", rig.fault.message);
    print_node(&rig, statement.where);
    cr_expect(slice_is(buf_view(&rig.out), "(and (= a {'S':'x'}) (in b {'N':'1'} {'N':'2'}))"));
    rig_fini(&rig);
    cr_expect_eq(parse(&rig, "SELECT * FROM t WHERE a = ?", given, &statement), LEAT_VALIDATION, "one too many");
    rig_fini(&rig);
}

Test(partiql, nesting_has_limits) {
    struct rig rig;
    struct partiql_statement statement;
    static char text[8000];
    static const struct { const char *first, *again, *end; size_t times; } cases[] = {
        {"SELECT * FROM t WHERE ", "(", "a", 7000},  {"SELECT * FROM t WHERE ", "NOT ", "a = 1", 1900}, {"INSERT INTO t VALUE {'a': ", "[", "", 7000},
        {"UPDATE t SET a = ", "list_append(", "a", 600}, {"SELECT a", ".a", " FROM t", 3000},            {"SELECT * FROM t WHERE a = ", "-", "1", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t used = (size_t)snprintf(text, sizeof text, "%s", cases[i].first);
        for (size_t k = 0; k < cases[i].times; k++) used += (size_t)snprintf(text + used, sizeof text - used, "%s", cases[i].again);
        (void)snprintf(text + used, sizeof text - used, "%s", cases[i].end);
        cr_expect_eq(parse(&rig, text, NULL, &statement), cases[i].times == 1 ? LEAT_OK : LEAT_VALIDATION, "%s", cases[i].again);
        rig_fini(&rig);
    }
}

/* ---- keys ---- */

struct key_row { const char *where, *values, *range; };

Test(partiql, conditions_tell_which_keys_may_match) {
    static const struct key_row rows[] = {
        {"p = 'a'", "'a'", "all"},
        {"'a' = p AND s > 5", "'a'", "3"},
        {"5 >= s AND p = 'a'", "'a'", "2"},
        {"p IN ['a', 'b', 'a'] AND begins_with(s, 'x')", "'a''b'", "6"},
        {"p = 'a' OR p = 'b' AND s = 1 OR p IN ['c']", "'a''b''c'", "all"},
        {"p = 'a' OR x = 1", "", "all"},
        {"NOT p = 'a'", "", "all"},
        {"p > 'a'", "", "all"},
        {"p = q", "", "all"},
        {"p.x = 'a'", "", "all"},
        {"x = 1 AND (p = 'a' OR p = 'b') AND s BETWEEN 1 AND 2", "'a''b'", "5"},
        {"p = 'a' AND NOT s < 5", "'a'", "all"},
    };
    static const char *const ranges[] = {"all", "0", "1", "2", "3", "4", "5", "6"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig rig;
        struct partiql_statement statement;
        struct item_value found[PARTIQL_KEYS_MAX];
        struct expr_key_range range;
        char text[256];
        (void)snprintf(text, sizeof text, "SELECT * FROM t WHERE %s", rows[i].where);
        cr_assert_eq(parse(&rig, text, NULL, &statement), LEAT_OK, "%s", rig.fault.message);
        size_t count = partiql_values(statement.where, SLICE("p"), found);
        for (size_t k = 0; k < count; k++) buf_print(&rig.out, "'%.*s'", SLICE_FORMAT(found[k].payload));
        cr_expect(slice_is(buf_view(&rig.out), rows[i].values), "%s", rows[i].where);
        partiql_range(statement.where, SLICE("s"), &range);
        const char *got = range.range == EXPR_KEY_ALL ? "all" : ranges[range.range];
        cr_expect_str_eq(got, rows[i].range, "%s: %s", rows[i].where, got);
        rig_fini(&rig);
    }
}

Test(partiql, whole_keys) {
    static const struct { const char *where; bool only, rest; } rows[] = {
        {"p = 'a' AND s = 1", true, false},      {"(s = 1) AND p = 'a' AND p = 'a'", true, false}, {"p = 'a'", false, false},
        {"p = 'a' AND s = 1 AND x = 1", false, true}, {"p = 'a' AND s = 1 AND p = 'b'", false, false}, {"p = 'a' AND s > 1", false, true},
        {"p = 'a' OR s = 1", false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig rig;
        struct partiql_statement statement;
        const struct expr_node *rest;
        char text[256];
        (void)snprintf(text, sizeof text, "SELECT * FROM t WHERE %s", rows[i].where);
        cr_assert_eq(parse(&rig, text, NULL, &statement), LEAT_OK, "%s", rig.fault.message);
        cr_expect_eq(partiql_only_equal(statement.where, SLICE("p"), SLICE("s")), rows[i].only, "%s", rows[i].where);
        cr_expect(partiql_rest(&rig.arena, statement.where, SLICE("p"), SLICE("s"), &rest));
        cr_expect_eq(rest != NULL, rows[i].rest, "%s", rows[i].where);
        rig_fini(&rig);
    }
}
