#include "rig.h"

struct row { const char *text, *names, *values, *message; };

static void refuses(const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct rig rig;
        const struct expr_update *update = NULL;
        cr_assert_eq(rig_init(&rig, rows[i].names, rows[i].values), LEAT_OK, "%s", rig.fault.message);
        enum leat_code code = expr_update_parse(&rig.environment, slice_text(rows[i].text), &update, &rig.fault);
        cr_expect_eq(code, LEAT_VALIDATION, "%s: %d", rows[i].text, code);
        cr_expect_str_eq(rig.fault.message, rows[i].message, "%s:\n  %s\n  %s", rows[i].text, rig.fault.message, rows[i].message);
        rig_fini(&rig);
    }
}

#define REFUSES(rows) refuses(rows, sizeof rows / sizeof *rows)
#define UPDATE "Invalid UpdateExpression: "
#define SYNTAX(token, near) UPDATE "Syntax error; token: \"" token "\", near: \"" near "\""

Test(expr_update, names_the_token_of_a_syntax_error_and_what_stands_around_it) {
    static const struct row rows[] = {
        {"whatever", NULL, NULL, SYNTAX("whatever", "whatever")},
        {"INVALID SYNTAX HERE", NULL, NULL, SYNTAX("INVALID", "INVALID SYNTAX")},
        {"ADD hits : incr", NULL, NULL, SYNTAX(":", "hits : incr")},
        {"SET #a = :v, #,", NULL, NULL, SYNTAX("#", ", #,")},
        {"SET #as, #LambdaPowertoolsContext = :v", NULL, NULL, SYNTAX(",", "#as, #LambdaPowertoolsContext")},
        {"SET a = :v, SET updated = :w", NULL, NULL, SYNTAX("SET", ", SET updated")},
        {"SET a = :v,", NULL, NULL, SYNTAX("<EOF>", ",")},
        {"SET", NULL, NULL, SYNTAX("<EOF>", "SET")},
        {"set a", NULL, NULL, SYNTAX("<EOF>", "a")},
        {"set a =", NULL, NULL, SYNTAX("<EOF>", "=")},
        {"set a = :v +", NULL, NULL, SYNTAX("<EOF>", "+")},
        {"add a", NULL, NULL, SYNTAX("<EOF>", "a")},
        {"delete a", NULL, NULL, SYNTAX("<EOF>", "a")},
        {"remove", NULL, NULL, SYNTAX("<EOF>", "remove")},
        {"set a=set", NULL, NULL, SYNTAX("set", "=set")},
        {"remove a = b", NULL, NULL, SYNTAX("=", "a = b")},
        {"add a = b", NULL, NULL, SYNTAX("=", "a = b")},
        {"delete a = b", NULL, NULL, SYNTAX("=", "a = b")},
        {"delete a b", NULL, NULL, SYNTAX("b", "a b")},
        {"delete a if_not_exist(b)", NULL, NULL, SYNTAX("if_not_exist", "a if_not_exist(")},
        {"add abort b", NULL, NULL, SYNTAX("b", "abort b")},
        {"add a if_not_exist(b)", NULL, NULL, SYNTAX("if_not_exist", "a if_not_exist(")},
        {"remove a b", NULL, NULL, SYNTAX("b", "a b")},
        {"set a b", NULL, NULL, SYNTAX("b", "a b")},
        {"set :a = b", NULL, NULL, SYNTAX(":a", "set :a =")},
        {"add :a b", NULL, NULL, SYNTAX(":a", "add :a b")},
        {"delete :a b", NULL, NULL, SYNTAX(":a", "delete :a b")},
        {"remove :a", NULL, NULL, SYNTAX(":a", "remove :a")},
        {"set a = b / c", NULL, NULL, SYNTAX("/", "b / c")},
        {"set a = b * c", NULL, NULL, SYNTAX("*", "b * c")},
        {"set a[1] = \"eight\"", NULL, NULL, SYNTAX("\"", "= \"eight")},
        {"set a[1] = 1", NULL, NULL, SYNTAX("1", "= 1")},
        {"SET a = if_not_exist(a, 100)", NULL, NULL, SYNTAX("100", ", 100)")},
        {"SET if_not_exist(a, b) = a", NULL, NULL, SYNTAX("(", "if_not_exist(a")},
        {"set (a = (b + c))", NULL, NULL, SYNTAX("(", "set (a")},
        {"set a = (b.c).d + e", NULL, NULL, SYNTAX(".", ").d")},
        {"set a = (b.c)[0] + e", NULL, NULL, SYNTAX("[", ")[0")},
        {"set a = b + c + d", NULL, NULL, SYNTAX("+", "c + d")},
        {"set a = (b + c) + d", NULL, NULL, SYNTAX("+", ") + d")},
        {"set a = b + (c + d)", NULL, NULL, SYNTAX("+", "c + d")},
        {"set a = b = c", NULL, NULL, SYNTAX("=", "b = c")},
        {"set add = :v", NULL, NULL, SYNTAX("add", "set add =")},
        {"add a (:v)", NULL, NULL, SYNTAX("(", "a (:v")},
        {"remove a[0", NULL, NULL, SYNTAX("<EOF>", "0")},
        {"set [0] = :v", NULL, NULL, SYNTAX("[", "set [0")},
    };
    REFUSES(rows);
}

Test(expr_update, checks_functions_words_and_sections_before_names) {
    static const struct row rows[] = {
        {"", NULL, NULL, UPDATE "The expression can not be empty;"},
        {"set #c = if_not_exist(:c) set c = d", NULL, NULL, UPDATE "Invalid function name; function: if_not_exist"},
        {"set a = If_Not_Exists(a, :b)", NULL, NULL, UPDATE "Invalid function name; function: If_Not_Exists"},
        {"set a = size(b)", NULL, NULL, UPDATE "The function is not allowed in an update expression; function: size"},
        {"set a = list_append(b, attribute_exists(c))", NULL, NULL,
         UPDATE "The function is not allowed in an update expression; function: attribute_exists"},
        {"set a = ((b))", NULL, NULL, UPDATE "The expression has redundant parentheses;"},
        {"set a = ((b + c))", NULL, NULL, UPDATE "The expression has redundant parentheses;"},
        {" set #c = :c set abOrt = true ", NULL, NULL, UPDATE "Attribute name is a reserved keyword; reserved keyword: abOrt"},
        {" remove Absolute ", NULL, NULL, UPDATE "Attribute name is a reserved keyword; reserved keyword: Absolute"},
        {"set a = b.size", NULL, NULL, UPDATE "Attribute name is a reserved keyword; reserved keyword: size"},
        {"set and = :v", NULL, NULL, UPDATE "Attribute name is a reserved keyword; reserved keyword: and"},
#define ONCE(name) UPDATE "The \"" name "\" section can only be used once in an update expression;"
        {"set a = #c set c = :d", NULL, NULL, ONCE("SET")},
        {"remove #d set a = b remove e", NULL, NULL, ONCE("REMOVE")},
        {"add #d :e set a = b add e :f", NULL, NULL, ONCE("ADD")},
        {"delete #d :e set a = b delete #e :f", NULL, NULL, ONCE("DELETE")},
#define NO_NAME(name) UPDATE "An expression attribute name used in the document path is not defined; attribute name: " name
#define NO_VALUE(name) UPDATE "An expression attribute value used in expression is not defined; attribute value: " name
        {"SET #c = if_not_exists(:c)", "{'#a':'a'}", NULL, NO_NAME("#c")},
        {"SET #a = if_not_exists(:c)", "{'#a':'a'}", NULL, NO_VALUE(":c")},
        {"SET a = :v", NULL, NULL, NO_VALUE(":v")},
        {"ADD a :v REMOVE #n", NULL, NULL, NO_VALUE(":v")},
        {"SET a[2147483648] = :v", NULL, NULL, UPDATE "List index is not within the allowable range; index: [2147483648]"},
    };
    REFUSES(rows);
}

Test(expr_update, refuses_paths_that_overlap_or_conflict) {
#define PAIR(how, one, two)                                                                                    \
    UPDATE "Two document paths " how " with each other; must remove or rewrite one of these paths; path one: " one \
           ", path two: " two
    static const char *const names = "{'#b':'b','#c':'c','#d':'[3]'}";
    static const struct row rows[] = {
        {"SET f = :v, f = :v", NULL, "{':v':{'N':'1'}}", PAIR("overlap", "[f]", "[f]")},
        {"set d[1] = a, d.b = a, c[1].a = a, #c = if_not_exists(a)", names, NULL, PAIR("overlap", "[c, [1], a]", "[c]")},
        {"set #c[3].#d = a, #c[3] = a", names, NULL, PAIR("overlap", "[c, [3], [3]]", "[c, [3]]")},
        {"set a = b remove a.b.c", names, NULL, PAIR("overlap", "[a]", "[a, b, c]")},
        {"remove x, a[0], b, a", names, NULL, PAIR("overlap", "[a, [0]]", "[a]")},
        {"set #c[3].#d = a, #c.#d[3] = if_not_exists(a)", names, NULL, PAIR("conflict", "[c, [3], [3]]", "[c, [3], [3]]")},
        {"remove a.#c set a[1] = #d", names, NULL, PAIR("conflict", "[a, c]", "[a, [1]]")},
    };
    REFUSES(rows);
}

static const char *const values = "{':a':{'S':'a'},':b':{'N':'1'},':c':{'B':'YQ=='},':d':{'BOOL':true},':e':{'NULL':true},"
                                  "':f':{'SS':['a']},':g':{'NS':['1']},':h':{'BS':['YQ==']},':i':{'M':{}},':j':{'L':[]}}";

Test(expr_update, checks_the_types_of_add_and_delete) {
    static const struct { const char *value, *type; bool add, delete; } rows[] = {
        {":a", "STRING", false, false}, {":b", "NUMBER", true, false}, {":c", "BINARY", false, false},
        {":d", "BOOLEAN", false, false}, {":e", "NULL", false, false}, {":f", "", true, true}, {":g", "", true, true},
        {":h", "", true, true}, {":i", "MAP", false, false}, {":j", "LIST", false, false},
    };
    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        bool add = i % 2 == 0;
        struct rig rig;
        const struct expr_update *update = NULL;
        cr_assert_eq(rig_init(&rig, NULL, values), LEAT_OK);
        /* the operands of the SET are wrong too, but that is found later */
        struct leat_slice text =
            arena_print(&rig.arena, "set b = %s %s a.b %s", (add ? rows[i / 2].add : rows[i / 2].delete) ? "c" : "list_append(:a, a)",
                        add ? "add" : "delete", rows[i / 2].value);
        enum leat_code code = expr_update_parse(&rig.environment, text, &update, &rig.fault);
        if (add ? rows[i / 2].add : rows[i / 2].delete) {
            cr_expect_eq(code, LEAT_OK, "%s", (const char *)text.data);
        } else {
            struct leat_slice message = arena_print(
                &rig.arena, UPDATE "Incorrect operand type for operator or function; operator: %s, operand type: %s",
                add ? "ADD" : "DELETE", rows[i / 2].type);
            cr_expect_eq(code, LEAT_VALIDATION);
            cr_expect_str_eq(rig.fault.message, (const char *)message.data);
        }
        rig_fini(&rig);
    }
}

Test(expr_update, checks_the_operands_of_set) {
#define COUNT(name, count) \
    UPDATE "Incorrect number of operands for operator or function; operator or function: " name ", number of operands: " count
#define PATH(name) UPDATE "Operator or function requires a document path; operator or function: " name
#define TYPE(name, type) \
    UPDATE "Incorrect operand type for operator or function; operator or function: " name ", operand type: " type
    static const struct row rows[] = {
        {"set a = if_not_exists(c)", NULL, values, COUNT("if_not_exists", "1")},
        {"set a = if_not_exists(c, d, e)", NULL, values, COUNT("if_not_exists", "3")},
        {"set a = list_append(c)", NULL, values, COUNT("list_append", "1")},
        {"set a = if_not_exists(:a, c)", NULL, values, PATH("if_not_exists")},
        {"set a = if_not_exists(if_not_exists(a, b), c)", NULL, values, PATH("if_not_exists")},
        {"set a = list_append(:a, a)", NULL, values, TYPE("list_append", "S")},
        {"set a = list_append(a, :b)", NULL, values, TYPE("list_append", "N")},
        {"set a = list_append(:c, a)", NULL, values, TYPE("list_append", "B")},
        {"set a = list_append(:d, a)", NULL, values, TYPE("list_append", "BOOL")},
        {"set a = list_append(:e, a)", NULL, values, TYPE("list_append", "NULL")},
        {"set a = list_append(:f, a)", NULL, values, TYPE("list_append", "SS")},
        {"set a = list_append(:g, a)", NULL, values, TYPE("list_append", "NS")},
        {"set a = list_append(:h, a)", NULL, values, TYPE("list_append", "BS")},
        {"set a = list_append(:i, a)", NULL, values, TYPE("list_append", "M")},
        {"set a = a + :a", NULL, values, TYPE("+", "S")},   {"set a = :a + :c", NULL, values, TYPE("+", "S")},
        {"set a = :c + a", NULL, values, TYPE("+", "B")},   {"set a = a + :d", NULL, values, TYPE("+", "BOOL")},
        {"set a = a + :e", NULL, values, TYPE("+", "NULL")}, {"set a = a + :f", NULL, values, TYPE("+", "SS")},
        {"set a = a + :g", NULL, values, TYPE("+", "NS")},  {"set a = a + :h", NULL, values, TYPE("+", "BS")},
        {"set a = a + :i", NULL, values, TYPE("+", "M")},   {"set a = a + :j", NULL, values, TYPE("+", "L")},
        {"set a = a - :a", NULL, values, TYPE("-", "S")},   {"set a = :c - a", NULL, values, TYPE("-", "B")},
        {"set a = a - :j", NULL, values, TYPE("-", "L")},   {"set a = list_append(b, :j) - :b", NULL, values, TYPE("-", "L")},
    };
    REFUSES(rows);
}
