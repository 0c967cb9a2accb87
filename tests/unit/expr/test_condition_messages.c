#include <stdio.h>

#include "base/encode.h"
#include "rig.h"

struct row { const char *text, *names, *values, *message; };

static void refuses(enum expr_kind kind, const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct rig rig;
        const struct expr_condition *condition = NULL;
        cr_assert_eq(rig_init(&rig, rows[i].names, rows[i].values), LEAT_OK, "%s", rig.fault.message);
        enum leat_code code = expr_condition_parse(&rig.environment, kind, slice_text(rows[i].text), &condition, &rig.fault);
        cr_expect_eq(code, LEAT_VALIDATION, "%s: %d", rows[i].text, code);
        cr_expect_str_eq(rig.fault.message, rows[i].message, "%s:\n  %s\n  %s", rows[i].text, rig.fault.message, rows[i].message);
        rig_fini(&rig);
    }
}

#define REFUSES(kind, rows) refuses(kind, rows, sizeof rows / sizeof *rows)
#define FILTER "Invalid FilterExpression: "
#define SYNTAX(token, near) FILTER "Syntax error; token: \"" token "\", near: \"" near "\""

Test(expr_condition, names_the_token_of_a_syntax_error_and_what_stands_around_it) {
    static const struct row rows[] = {
        {"things are not gonna be ok", NULL, NULL, SYNTAX("are", "things are not")},
        {"foo", NULL, NULL, SYNTAX("<EOF>", "foo")},
        {"(foo)", NULL, NULL, SYNTAX("<EOF>", ")")},
        {"attribute_exists(", NULL, NULL, SYNTAX("<EOF>", "(")},
        {"attribute_exists()", NULL, NULL, SYNTAX(")", "()")},
        {"a > 4", NULL, NULL, SYNTAX("4", "> 4")},
        {"a = 4 AND b = c", NULL, NULL, SYNTAX("4", "= 4 AND")},
        {"a = = b", NULL, NULL, SYNTAX("=", "= = b")},
        {"a  =\n  = b", NULL, NULL, SYNTAX("=", "=\n  = b")},
        {"!!!", NULL, NULL, SYNTAX("!", "!!")},
        {"a = b AND __typename = c", NULL, NULL, SYNTAX("_", "AND __")},
        {"attribute_exists(Pictures-RearView)", NULL, NULL, SYNTAX("-", "Pictures-RearView")},
        {"attribute_exists(\"Pictures.RearView\")", NULL, NULL, SYNTAX("\"", "(\"Pictures")},
        {"attribute_exists(Pictures..RearView)", NULL, NULL, SYNTAX(".", "..RearView")},
        {"attribute_exists(Pi#ctures.RearView)", NULL, NULL, SYNTAX("#ctures", "Pi#ctures.")},
        {"attribute_exists(asdf[a])", NULL, NULL, SYNTAX("a", "[a]")},
        {"a.:a < b.:b", NULL, NULL, SYNTAX(":a", ".:a <")},
        {"a in b, c", NULL, NULL, SYNTAX("b", "in b,")},
        {"a in b", NULL, NULL, SYNTAX("b", "in b")},
        {"a in ()", NULL, NULL, SYNTAX(")", "()")},
        {"a > between", NULL, NULL, SYNTAX("between", "> between")},
        {"a in (b,c,)", NULL, NULL, SYNTAX(")", ",)")},
        {"(a)between(b.(c.d))and(c)", NULL, NULL, SYNTAX("(", ".(c")},
        {"(a)between(b.c.d)and((c)", NULL, NULL, SYNTAX("<EOF>", ")")},
        {"#$.b > a", NULL, NULL, SYNTAX("#", "#$")},
        {"a > :things.stuff", NULL, NULL, SYNTAX(".", ":things.stuff")},
        {"b[:a] > a", NULL, NULL, SYNTAX(":a", "[:a]")},
        {"b[#_] > a", NULL, NULL, SYNTAX("#_", "[#_]")},
        {"b[-1] > a", NULL, NULL, SYNTAX("-", "[-1")},
        {"\xC3\xBC > a", NULL, NULL, SYNTAX("\xC3\xBC", "\xC3\xBC >")},
        {"(a)between(b.c[4.5].#d)and(:a)", NULL, NULL, SYNTAX(".", "4.5")},
        {"size(a).b > a", NULL, NULL, SYNTAX(".", ").b")},
        {"(size(a)).b > a", NULL, NULL, SYNTAX(".", ").b")},
        {"size(a)[0] > a", NULL, NULL, SYNTAX("[", ")[0")},
        {"(size(a))[0] > a", NULL, NULL, SYNTAX("[", ")[0")},
        {"a AND b = c", NULL, NULL, SYNTAX("AND", "a AND b")},
        {"(a AND b = c)", NULL, NULL, SYNTAX("AND", "a AND b")},
        {"(b = c AND a)", NULL, NULL, SYNTAX(")", "a)")},
        {"(NOT a)", NULL, NULL, SYNTAX(")", "a)")},
        {"a = b)", NULL, NULL, SYNTAX(")", "b)")},
        {"(a = b", NULL, NULL, SYNTAX("<EOF>", "b")},
        {"a = b c = d", NULL, NULL, SYNTAX("c", "b c =")},
        {"(a = b) = c", NULL, NULL, SYNTAX("=", ") = c")},
        {"a = b = c", NULL, NULL, SYNTAX("=", "b = c")},
        {"a BETWEEN b OR c", NULL, NULL, SYNTAX("OR", "b OR c")},
        {"NOT", NULL, NULL, SYNTAX("<EOF>", "NOT")},
        {"a.and = b", NULL, NULL, SYNTAX("and", ".and =")},
        {"a + b > c", NULL, NULL, SYNTAX("+", "a + b")},
        {"a! = b", NULL, NULL, SYNTAX("!", "a! =")},
        {": = a", NULL, NULL, SYNTAX(":", ": =")},
        {"#articleId attribute_not_exists :ckpst", NULL, NULL,
         SYNTAX("attribute_not_exists", "#articleId attribute_not_exists :ckpst")},
        {"tenantAgent:abc123-x = a", NULL, NULL, SYNTAX(":abc123", "tenantAgent:abc123-")},
    };
    REFUSES(EXPR_FILTER, rows);
}

Test(expr_condition, refuses_redundant_parentheses_before_anything_that_stands_behind_them) {
    static const char *const texts[] = {
        "a=a and a > ((views))", "(a)between(((b.c)).d)and(c)", "a > whatever((:things), ((a)))",
        "a=a AND ((a=a AND a=a)) AND a=a", "a=a OR ((a=a OR a=a)) OR a=a", "a=a AND ((a=a AND (a=a AND a=a)))",
        "a=a OR ((a=a OR (a=a OR a=a)))", "((a = :v))", "((attribute_exists(a)))", "((a)) = :v",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct row row = {texts[i], NULL, NULL, FILTER "The expression has redundant parentheses;"};
        refuses(EXPR_FILTER, &row, 1);
    }
}

Test(expr_condition, checks_functions_before_reserved_words_and_those_before_names) {
    static const struct row rows[] = {
        {"a=a and whatever((:things)) > a", NULL, NULL, FILTER "Invalid function name; function: whatever"},
        {"attRIbute_exIsts((views), #a)", NULL, NULL, FILTER "Invalid function name; function: attRIbute_exIsts"},
        {"if_not_exists(a, b) > c", NULL, NULL,
         FILTER "The function is not allowed in a condition expression; function: if_not_exists"},
#define MISUSED(name) FILTER "The function is not allowed to be used this way in an expression; function: " name
        {"a=a and attribute_exists((views), (#a)) > b", NULL, NULL, MISUSED("attribute_exists")},
        {"attribute_not_exists(things) > b", NULL, NULL, MISUSED("attribute_not_exists")},
        {"attribute_type(things, :a) > b", NULL, NULL, MISUSED("attribute_type")},
        {"begins_with(things, a) > b", NULL, NULL, MISUSED("begins_with")},
        {"contains(:things, c) > b", NULL, NULL, MISUSED("contains")},
        {"size(contains(a, b)) > a", NULL, NULL, MISUSED("contains")},
        {"size(things)", NULL, NULL, MISUSED("size")},
        {"NOT size(things)", NULL, NULL, MISUSED("size")},
        {"(size(things))", NULL, NULL, MISUSED("size")},
        {"a = b OR size(things)", NULL, NULL, MISUSED("size")},
        {"a between b and attribute_exists(things)", NULL, NULL, MISUSED("attribute_exists")},
        {"a in (b, attribute_exists(things))", NULL, NULL, MISUSED("attribute_exists")},
#define RESERVED(word) FILTER "Attribute name is a reserved keyword; reserved keyword: " word
        {"attribute_exists(views, #a)", NULL, NULL, RESERVED("views")},
        {":a < abOrT", NULL, NULL, RESERVED("abOrT")},
        {"a.b.name = :v", NULL, NULL, RESERVED("name")},
        {"size(size) > :v", NULL, NULL, RESERVED("size")},
        {"a = set", NULL, NULL, RESERVED("set")},
#define NO_NAME(name) FILTER "An expression attribute name used in the document path is not defined; attribute name: " name
        {"attribute_exists(#Pictures.RearView, :a) and a=a", NULL, NULL, NO_NAME("#Pictures")},
        {"begins_with(Pictures.#RearView)", NULL, NULL, NO_NAME("#RearView")},
        {"(#P between :lo and :hi) and (#PC in (:cat1, :cat2))", NULL, NULL, NO_NAME("#P")},
        {"#4g > a", NULL, NULL, NO_NAME("#4g")},
        {"#_ > a", "{'#a':'a'}", NULL, NO_NAME("#_")},
        {"(a)between(b.c[45].#d)and(:a)", NULL, NULL, NO_NAME("#d")},
#define NO_VALUE(name) FILTER "An expression attribute value used in expression is not defined; attribute value: " name
        {"begins_with(:hello, #a, #b)", NULL, NULL, NO_VALUE(":hello")},
        {":a < :b", NULL, NULL, NO_VALUE(":a")},
        {":_ > a", NULL, "{':a':{'N':'1'}}", NO_VALUE(":_")},
        {"a = :V", NULL, "{':v':{'N':'1'}}", NO_VALUE(":V")},
    };
    REFUSES(EXPR_FILTER, rows);
}

Test(expr_condition, counts_the_operands_of_functions) {
#define COUNT(name, count) \
    FILTER "Incorrect number of operands for operator or function; operator or function: " name ", number of operands: " count
    static const struct row rows[] = {
        {"attribute_exists(things, a) and a=a", NULL, NULL, COUNT("attribute_exists", "2")},
        {"attribute_not_exists(things, b)", NULL, NULL, COUNT("attribute_not_exists", "2")},
        {"attribute_type(things)", NULL, NULL, COUNT("attribute_type", "1")},
        {"begins_with(things)", NULL, NULL, COUNT("begins_with", "1")},
        {"begins_with(things, size(a), b)", NULL, NULL, COUNT("begins_with", "3")},
        {"contains(things)", NULL, NULL, COUNT("contains", "1")},
        {"size(things, a) > b", NULL, NULL, COUNT("size", "2")},
    };
    REFUSES(EXPR_FILTER, rows);
}

#define TYPE(name, type) \
    FILTER "Incorrect operand type for operator or function; operator or function: " name ", operand type: " type

Test(expr_condition, checks_the_types_of_constants) {
    static const struct { const char *text, *name, *types[10]; } rows[] = {
        {"attribute_type(a, :a)", "attribute_type", {"N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"}},
        {"attribute_type(a, size(a)) and a=:a", "attribute_type", {"N"}},
        {"begins_with(a, :a)", "begins_with", {"N", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"}},
        {"begins_with(:a, a)", "begins_with", {"N", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"}},
        {"begins_with(a, size(a)) and a=:a", "begins_with", {"N"}},
        {"size(size(a)) > :a", "size", {"N"}},
        {"attribute_not_exists(size(:a))", "size", {"N"}},
        {"size(:a) > a", "size", {"BOOL", "NULL", "N"}},
        {"a < :a", "<", {"BOOL", "NULL", "L", "M", "SS", "NS", "BS"}},
        {":a >= a", ">=", {"BOOL", "NULL", "L", "M", "SS", "NS", "BS"}},
        {"a BETWEEN :a AND b", "BETWEEN", {"BOOL", "NULL", "L", "M", "SS", "NS", "BS"}},
    };
    static const struct { const char *type, *json; } values[] = {
        {"N", "{':a':{'N':'1'}}"}, {"B", "{':a':{'B':'YQ=='}}"}, {"BOOL", "{':a':{'BOOL':true}}"},
        {"NULL", "{':a':{'NULL':true}}"}, {"L", "{':a':{'L':[]}}"}, {"M", "{':a':{'M':{}}}"},
        {"SS", "{':a':{'SS':['1']}}"}, {"NS", "{':a':{'NS':['1']}}"}, {"BS", "{':a':{'BS':['YQ==']}}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t t = 0; rows[i].types[t] != NULL; t++) {
            char message[300];
            size_t v = 0;
            while (strcmp(values[v].type, rows[i].types[t]) != 0) v++;
            (void)snprintf(message, sizeof message, TYPE("%s", "%s"), rows[i].name, rows[i].types[t]);
            refuses(EXPR_FILTER, &(struct row){rows[i].text, NULL, values[v].json, message}, 1);
        }
    }
}

Test(expr_condition, checks_what_functions_and_operators_want) {
    static const char *const n = "{':a':{'N':'5'},':b':{'N':'1'},':c':{'S':'1'},':d':{'S':'SS'}}";
    static const struct row rows[] = {
        {"attribute_type(a, b)", NULL, NULL, TYPE("attribute_type", "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")},
        {"attribute_type(a, :c)", NULL, n,
         FILTER "Invalid attribute type name found; type: 1, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"},
#define PATH(name) FILTER "Operator or function requires a document path; operator or function: " name
        {"attribute_exists(:a) and a=a", NULL, n, PATH("attribute_exists")},
        {"attribute_not_exists(size(:c))", NULL, n, PATH("attribute_not_exists")},
#define DISTINCT(operator, path)                                                                                       \
    FILTER "The first operand must be distinct from the remaining operands for this operator or function; operator: " operator \
           ", first operand: " path
        {"a = a AND #a = b AND :views > a", "{'#a':'a'}", NULL, DISTINCT("=", "[a]")},
        {"#a <> a", "{'#a':'a'}", NULL, DISTINCT("<>", "[a]")},
        {"a > #a", "{'#a':'a'}", NULL, DISTINCT(">", "[a]")},
        {"a <= a", NULL, NULL, DISTINCT("<=", "[a]")},
        {"((a=a) OR (a=a))", NULL, NULL, DISTINCT("=", "[a]")},
        {"((a=a) AND (a=a))", NULL, NULL, DISTINCT("=", "[a]")},
        {"contains(ab.bc[1].a, ab.bc[1].#a)", "{'#a':'a'}", NULL, DISTINCT("contains", "[ab, bc, [1], a]")},
        {"attribute_type(ab.bc[1].#a, ab.bc[1].a)", "{'#a':'a'}", NULL, DISTINCT("attribute_type", "[ab, bc, [1], a]")},
        {"begins_with(ab.bc[1].a, ab.bc[1].#a)", "{'#a':'a'}", NULL, DISTINCT("begins_with", "[ab, bc, [1], a]")},
        {"a between :a and :b", NULL, n,
         FILTER "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: "
                "AttributeValue: {N:5}, upper bound operand: AttributeValue: {N:1}"},
        {"a between :a and :c", NULL, n,
         FILTER "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: "
                "AttributeValue: {N:5}, upper bound operand: AttributeValue: {S:1}"},
        {"a between :d and :c", NULL, n,
         FILTER "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: "
                "AttributeValue: {S:SS}, upper bound operand: AttributeValue: {S:1}"},
        {"a between :x and :y", NULL, "{':x':{'B':'/w=='},':y':{'B':'AQI='}}",
         FILTER "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: "
                "AttributeValue: {B:/w==}, upper bound operand: AttributeValue: {B:AQI=}"},
        {"a[2147483648] = :a", NULL, n, FILTER "List index is not within the allowable range; index: [2147483648]"},
        {"a[99999999999999999999999999] = :a", NULL, n,
         FILTER "List index is not within the allowable range; index: [99999999999999999999999999]"},
        {"", NULL, n, FILTER "The expression can not be empty;"},
        {" \t\n", NULL, n, FILTER "The expression can not be empty;"},
    };
    REFUSES(EXPR_FILTER, rows);
}

Test(expr_condition, says_which_expression_is_meant) {
    struct row row = {"foo", NULL, NULL, "Invalid ConditionExpression: Syntax error; token: \"<EOF>\", near: \"foo\""};
    refuses(EXPR_CONDITION, &row, 1);
    row = (struct row){"", NULL, NULL, "Invalid ConditionExpression: The expression can not be empty;"};
    refuses(EXPR_CONDITION, &row, 1);
}

/* before, count times part joined by glue, after; in a static buffer */
static const char *text_of(const char *before, const char *part, const char *glue, size_t count, const char *after) {
    static struct buf buf;
    buf_fini(&buf);
    buf_init(&buf, 1 << 16);
    buf_print(&buf, "%s", before);
    for (size_t i = 0; i < count; i++) buf_print(&buf, "%s%s", i == 0 ? "" : glue, part);
    buf_append(&buf, after, strlen(after) + 1);
    cr_assert(buf_ok(&buf));
    return (const char *)buf.data;
}

static void accepts(const char *text) {
    struct rig rig;
    const struct expr_condition *condition;
    cr_assert_eq(rig_init(&rig, NULL, "{':v':{'N':'1'}}"), LEAT_OK);
    enum leat_code code = expr_condition_parse(&rig.environment, EXPR_FILTER, slice_text(text), &condition, &rig.fault);
    cr_expect_eq(code, LEAT_OK, "%s", rig.fault.message);
    rig_fini(&rig);
}

static void refuses_one(const char *text, const char *message) {
    struct row row = {text, NULL, "{':v':{'N':'1'}}", message};
    refuses(EXPR_FILTER, &row, 1);
}

Test(expr_condition, has_limits_of_length_operators_operands_and_nesting) {
    /* 150 comparisons and 149 ANDs are 299 operators; one NOT makes 300 */
    static const char many[] = FILTER "The expression contains too many operators; operator count: 301";
    accepts(text_of("NOT ", "a=:v", " AND ", 150, ""));
    refuses_one(text_of("NOT NOT ", "a=:v", " AND ", 150, ""), many);
    refuses_one(text_of("", "NOT ", "", 1000, ""), many);
    refuses_one(text_of("", "size(", "", 800, ""), many);

    accepts(text_of("a = :v", " ", "", EXPR_LENGTH_MAX - 6, ""));
    refuses_one(text_of("a = :v", " ", "", EXPR_LENGTH_MAX - 5, ""),
                FILTER "Expression size has exceeded the maximum allowed size; expression size: 4097");

    accepts(text_of("a IN (", ":v", ",", 100, ")"));
    refuses_one(text_of("a IN (", ":v", ",", 101, ")"),
                FILTER "The IN operator is provided with too many operands; number of operands: 101");

    accepts(text_of("", "a", ".", ITEM_DEPTH_MAX, " = :v"));
    refuses_one(text_of("", "a", ".", ITEM_DEPTH_MAX + 1, " = :v"),
                FILTER "The document path has too many nesting levels; nesting levels: 33");

    refuses_one(text_of("", "(", "", 4000, ""), FILTER "The expression has redundant parentheses;");
    refuses_one(text_of("", "NOT(", "", 1000, ""), many);
}

Test(expr_condition, what_a_program_made_may_be_long_and_have_many_operators) {
    struct rig rig;
    const struct expr_condition *condition;
    cr_assert_eq(rig_init(&rig, NULL, "{':v':{'N':'1'}}"), LEAT_OK);
    const char *text = text_of("", "a=:v", " OR ", 1000, "");
    rig.environment.generated = true;
    enum leat_code code = expr_condition_parse(&rig.environment, EXPR_FILTER, slice_text(text), &condition, &rig.fault);
    cr_assert_eq(code, LEAT_OK, "%s", rig.fault.message);
    cr_expect(expr_condition_test(condition, rig_item(&rig, "{'a':{'N':'1'}}")));
    cr_expect(!expr_condition_test(condition, rig_item(&rig, "{'a':{'N':'2'}}")));
    rig_fini(&rig);
}

/* Names and values may be long and not ASCII; the message is cut, but stays UTF-8: it goes into JSON. */
Test(expr_condition, messages_stay_text_when_they_are_cut) {
    for (size_t shift = 0; shift < 4; shift++) {
        static const char *const texts[] = {"a BETWEEN :b AND :a", "#n = #n", "#n.#n < #n.#n", "c BETWEEN :c AND :d"};
        struct buf names, values;
        buf_init(&names, 1 << 16);
        buf_init(&values, 1 << 16);
        buf_print(&names, "{'#n':'%.*s", (int)shift, "xxx");
        for (int i = 0; i < 600; i++) buf_print(&names, "\xE2\x82\xAC");
        buf_append(&names, "'}", 3);
        buf_print(&values, "{':a':{'S':'a'},':d':{'B':'AA=='},':c':{'B':'");
        for (int i = 0; i < 200; i++) buf_print(&values, "gICA");
        buf_print(&values, "'},':b':{'S':'%.*s", (int)shift, "xxx");
        for (int i = 0; i < 600; i++) buf_print(&values, "\xF0\x9D\x84\x9E");
        buf_append(&values, "'}}", 4);
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            struct rig rig;
            const struct expr_condition *condition;
            cr_assert_eq(rig_init(&rig, (const char *)names.data, (const char *)values.data), LEAT_OK);
            cr_expect_eq(expr_condition_parse(&rig.environment, EXPR_FILTER, slice_text(texts[i]), &condition, &rig.fault),
                         LEAT_VALIDATION, "%s", texts[i]);
            cr_expect(utf8_valid(slice_text(rig.fault.message)), "%s: %s", texts[i], rig.fault.message);
            rig_fini(&rig);
        }
        buf_fini(&names);
        buf_fini(&values);
    }
}
