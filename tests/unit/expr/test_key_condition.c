#include "rig.h"

static const char values[] = "{':a':{'S':'a'},':b':{'S':'b'},':n':{'N':'1'},':m':{'N':'2'},':e':{'S':''},':x':{'B':'AQ=='}}";

static const struct expr_key_condition *parse(struct rig *rig, const char *text) {
    const struct expr_key_condition *condition = NULL;
    cr_assert_eq(rig_init(rig, "{'#a':'a','#s':'size'}", values), LEAT_OK);
    (void)!expr_key_condition_parse(&rig->environment, slice_text(text), &condition, &rig->fault);
    return condition;
}

struct row { const char *text, *message; };

Test(expr_key_condition, is_parsed_as_a_condition) {
#define KEY "Invalid KeyConditionExpression: "
    static const struct row rows[] = {
        {"", KEY "The expression can not be empty;"},
        {"things are not gonna be ok", KEY "Syntax error; token: \"are\", near: \"things are not\""},
        {"a > 4", KEY "Syntax error; token: \"4\", near: \"> 4\""},
        {"pk = :a and begins_with(LSI_SK_1, G_M#)", KEY "Syntax error; token: \"#\", near: \"G_M#)\""},
        {"(size(a))[0] > a", KEY "Syntax error; token: \"[\", near: \")[0\""},
        {"attribute_type(a, b)", KEY "Incorrect operand type for operator or function; operator or function: attribute_type, "
                                     "operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}"},
        {"begins_with(a, :n)",
         KEY "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N"},
        {"a between :n and :a", KEY "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: "
                                    "AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:a}"},
        {"a between :b and :a", KEY "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower "
                                    "bound operand: AttributeValue: {S:b}, upper bound operand: AttributeValue: {S:a}"},
        {"((a = :a)) AND b = :a", KEY "The expression has redundant parentheses;"},
        {"name = :a", KEY "Attribute name is a reserved keyword; reserved keyword: name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig rig;
        cr_expect_null(parse(&rig, rows[i].text), "%s", rows[i].text);
        cr_expect_str_eq(rig.fault.message, rows[i].message, "%s: %s", rows[i].text, rig.fault.message);
        rig_fini(&rig);
    }
}

Test(expr_key_condition, is_held_to_what_keys_allow) {
#define OPERATOR(name) "Invalid operator used in KeyConditionExpression: " name
#define CONDITION "Invalid condition in KeyConditionExpression: "
#define NESTED "KeyConditionExpressions cannot contain nested operations"
#define SEVERAL CONDITION "Multiple attribute names used in one condition"
#define INSIDE "KeyConditionExpressions cannot have conditions on nested attributes"
    static const struct row rows[] = {
        {"a > b and size(b) > c or a > c", OPERATOR("OR")}, {"a in (b, size(c), d)", OPERATOR("IN")},
        {"attribute_exists(a)", OPERATOR("attribute_exists")}, {"attribute_not_exists(a)", OPERATOR("attribute_not_exists")},
        {"contains(a.d, b)", OPERATOR("contains")}, {"not a > b", OPERATOR("NOT")}, {"a <> b", OPERATOR("<>")},
        {"a = :a AND (b = :a OR b = :b)", OPERATOR("OR")}, {"a = :a AND b <> :b", OPERATOR("<>")},
        {":a between size(b) and size(a) and b > :b", CONDITION "BETWEEN operator must have the key attribute as its first operand"},
        {"begins_with(:a, b) and a > :b", CONDITION "begins_with operator must have the key attribute as its first operand"},
        {"size(b) > a AND a.b > b AND b > c", NESTED}, {"a > size(b.d)", NESTED}, {"a between size(b) and size(a)", NESTED},
        {"b > a.b", SEVERAL}, {"b between c[1] and d", SEVERAL}, {"a between b and size(a)", SEVERAL}, {"begins_with(a, b)", SEVERAL},
        {"b.d > a AND c.d > e.f", INSIDE}, {"a.d > c", INSIDE}, {"b[0] > a", INSIDE},
        {":b > :a AND a < :b", CONDITION "No key attribute specified"}, {":a > b AND :a < :b", CONDITION "No key attribute specified"},
        {"b > :a AND b < :a and c = :a and d = :a", "KeyConditionExpressions must only contain one condition per key"},
        {"(a > :a and b > :a) and (b > :a and c > :a)", "KeyConditionExpressions must only contain one condition per key"},
        {":a = a and b = :a and :a = c", "Conditions can be of length 1 or 2 only"},
        {"(a > :a and b > :a) and (c > :a and d > :a) and (e > :a and f > :a)", "Conditions can be of length 1 or 2 only"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig rig;
        const struct expr_key_condition *condition = parse(&rig, rows[i].text);
        cr_assert_not_null(condition, "%s: %s", rows[i].text, rig.fault.message);
        cr_expect_eq(expr_key_condition_check(condition, &rig.fault), LEAT_VALIDATION, "%s", rows[i].text);
        cr_expect_str_eq(rig.fault.message, rows[i].message, "%s: %s", rows[i].text, rig.fault.message);
        rig_fini(&rig);
    }
}

static const struct expr_key_attribute none = {{NULL, 0}, ITEM_ABSENT};
static struct expr_key_attribute key(const char *name, enum item_type type) {
    return (struct expr_key_attribute){slice_text(name), type};
}

static void binds(const char *text, struct expr_key_attribute sort, enum expr_key_operator range, const char *low,
                  const char *high) {
    struct rig rig;
    struct expr_key_range bound;
    const struct expr_key_condition *condition = parse(&rig, text);
    cr_assert_not_null(condition, "%s: %s", text, rig.fault.message);
    cr_assert_eq(expr_key_condition_check(condition, &rig.fault), LEAT_OK);
    cr_assert_eq(expr_key_condition_bind(condition, key("a", ITEM_S), sort, &bound, &rig.fault), LEAT_OK, "%s: %s", text,
                 rig.fault.message);
    cr_expect(slice_is(bound.partition.payload, "a"), "%s", text);
    cr_expect_eq(bound.range, range, "%s", text);
    cr_expect(low == NULL ? bound.low.type == ITEM_ABSENT : slice_is(bound.low.payload, low), "%s", text);
    cr_expect(high == NULL ? bound.high.type == ITEM_ABSENT : slice_is(bound.high.payload, high), "%s", text);
    rig_fini(&rig);
}

Test(expr_key_condition, binds_to_a_schema) {
    struct expr_key_attribute sort = key("b", ITEM_S);
    binds("a = :a", none, EXPR_KEY_ALL, NULL, NULL);
    binds(":a = #a", sort, EXPR_KEY_ALL, NULL, NULL);
    binds("a = :a AND b = :b", sort, EXPR_KEY_EQUAL, "b", NULL);
    binds("b < :b AND a = :a", sort, EXPR_KEY_LESS, "b", NULL);
    binds("a = :a AND b <= :b", sort, EXPR_KEY_LESS_EQUAL, "b", NULL);
    binds("a = :a AND b > :b", sort, EXPR_KEY_GREATER, "b", NULL);
    binds("(a = :a) AND (b >= :b)", sort, EXPR_KEY_GREATER_EQUAL, "b", NULL);
    binds("(a = :a AND (:b > b))", sort, EXPR_KEY_LESS, "b", NULL);
    binds("a = :a AND :b >= b", sort, EXPR_KEY_LESS_EQUAL, "b", NULL);
    binds("a = :a AND :b < b", sort, EXPR_KEY_GREATER, "b", NULL);
    binds("a = :a AND :b <= b", sort, EXPR_KEY_GREATER_EQUAL, "b", NULL);
    binds("a = :a AND :b = b", sort, EXPR_KEY_EQUAL, "b", NULL);
    binds("a = :a AND b BETWEEN :a AND :b", sort, EXPR_KEY_BETWEEN, "a", "b");
    binds("a = :a AND begins_with(b, :b)", sort, EXPR_KEY_BEGINS_WITH, "b", NULL);
    binds("a = :a AND #s >= :x", key("size", ITEM_B), EXPR_KEY_GREATER_EQUAL, "\x01", NULL);
}

Test(expr_key_condition, refuses_what_does_not_fit_the_schema) {
    static const char unsupported[] = "Query key condition not supported";
    static const char type[] = "One or more parameter values were invalid: Condition parameter type does not match schema type";
    static const char empty[] = "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                                "empty string value. Key: ";
    static const struct { const char *text; bool sort; const char *message, *detail; } rows[] = {
        {"a > :a", false, unsupported, ""}, {"a < :a", true, unsupported, ""}, {":a <= a", false, unsupported, ""},
        {"begins_with(a, :a)", false, unsupported, ""}, {"a between :a and :a", false, unsupported, ""},
        {"a = :a AND b = :a", false, unsupported, ""}, {"y = :a and z = :a", false, unsupported, ""},
        {"z = :a", false, "Query condition missed key schema element: ", "a"},
        {"z between :n and :m", true, "Query condition missed key schema element: ", "a"},
        {"y = :a and z = :a", true, "Query condition missed key schema element: ", "a"},
        {"a = :a and c = :n", true, "Query condition missed key schema element: ", "b"},
        {"b = :b", true, "Query condition missed key schema element: ", "a"},
        {":n > a", false, type, ""}, {"a = :a AND b = :n", true, type, ""}, {"a = :x", true, type, ""},
        {"a = :a AND b BETWEEN :n AND :m", true, type, ""},
        {"a = :e", true, empty, "a"}, {"a = :a AND b = :e", true, empty, "b"}, {"a = :a AND begins_with(b, :e)", true, empty, "b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig rig;
        struct expr_key_range bound;
        const struct expr_key_condition *condition = parse(&rig, rows[i].text);
        cr_assert_not_null(condition, "%s: %s", rows[i].text, rig.fault.message);
        struct expr_key_attribute sort = rows[i].sort ? key("b", ITEM_S) : none;
        enum leat_code code = expr_key_condition_bind(condition, key("a", ITEM_S), sort, &bound, &rig.fault);
        struct leat_slice message = arena_print(&rig.arena, "%s%s", rows[i].message, rows[i].detail);
        cr_expect_eq(code, LEAT_VALIDATION, "%s", rows[i].text);
        cr_expect_str_eq(rig.fault.message, (const char *)message.data, "%s: %s", rows[i].text, rig.fault.message);
        rig_fini(&rig);
    }
}
