#include "rig.h"

static const char names[] = "{'#a':'a','#b':'b','#c':'c','#3':'[3]'}";

static enum leat_code parse(struct rig *rig, const char *text, const struct expr_projection **projection) {
    cr_assert_eq(rig_init(rig, names, NULL), LEAT_OK);
    return expr_projection_parse(&rig->environment, slice_text(text), projection, &rig->fault);
}

Test(expr_projection, refuses_what_is_no_list_of_paths) {
#define PROJECTION "Invalid ProjectionExpression: "
#define SYNTAX(token, near) PROJECTION "Syntax error; token: \"" token "\", near: \"" near "\""
#define PAIR(how, one, two)                                                                                        \
    PROJECTION "Two document paths " how " with each other; must remove or rewrite one of these paths; path one: " one \
               ", path two: " two
    static const struct { const char *text, *message; } rows[] = {
        {"", PROJECTION "The expression can not be empty;"},
        {"!!!", SYNTAX("!", "!!")},
        {"whatever(stuff)", SYNTAX("(", "whatever(stuff")},
        {":a", SYNTAX(":a", ":a")},
        {"abort,", SYNTAX("<EOF>", ",")},
        {"a,,b", SYNTAX(",", ",,b")},
        {"a..b", SYNTAX(".", "..b")},
        {"a[b]", SYNTAX("b", "[b]")},
        {"(a.b).c", SYNTAX("(", "(a")},
        {"a-b", SYNTAX("-", "a-b")},
        {"a b", SYNTAX("b", "a b")},
        {"[0]", SYNTAX("[", "[0")},
        {"a.abORt", PROJECTION "Attribute name is a reserved keyword; reserved keyword: abORt"},
        {"#x,ABSoLUTE", PROJECTION "Attribute name is a reserved keyword; reserved keyword: ABSoLUTE"},
        {"a, and", PROJECTION "Attribute name is a reserved keyword; reserved keyword: and"},
        {"a,b,a,#x", PROJECTION "An expression attribute name used in the document path is not defined; attribute name: #x"},
        {"b[1], b.a, #a.b, a", PAIR("overlap", "[a, b]", "[a]")},
        {"a, #a[1]", PAIR("overlap", "[a]", "[a, [1]]")},
        {"a, b, a", PAIR("overlap", "[a]", "[a]")},
        {"a.b, #a[1], #3", PAIR("conflict", "[a, b]", "[a, [1]]")},
        {"a.b[1], #a[1], #3", PAIR("conflict", "[a, b, [1]]", "[a, [1]]")},
        {"a[3].b, #a.#3.b", PAIR("conflict", "[a, [3], b]", "[a, [3], b]")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig rig;
        const struct expr_projection *projection;
        cr_expect_eq(parse(&rig, rows[i].text, &projection), LEAT_VALIDATION, "%s", rows[i].text);
        cr_expect_str_eq(rig.fault.message, rows[i].message, "%s: %s", rows[i].text, rig.fault.message);
        rig_fini(&rig);
    }
}

Test(expr_projection, copies_the_parts_that_are_named_and_there) {
    static const char item[] =
        "{'a':{'S':'1'},'b':{'M':{'a':{'S':'a'},'b':{'S':'b'},'c':{'S':'c'}}},'c':{'L':[{'S':'a'},{'S':'b'},{'S':'c'}]},"
        "'d':{'L':[{'M':{'x':{'N':'1'},'y':{'N':'2'}}},{'L':[{'N':'3'},{'N':'4'}]}]},'[3]':{'NULL':true}}";
    static const struct { const char *text, *expected; } rows[] = {
        {"a", "{'a':{'S':'1'}}"},
        {"e", "{}"},
        {"e, f.g, h[2].i", "{}"},
        {"#3, a", "{'[3]':{'NULL':true},'a':{'S':'1'}}"},
        {"b.c,c[2],b.b,c[1],c[0].a", "{'b':{'M':{'b':{'S':'b'},'c':{'S':'c'}}},'c':{'L':[{'S':'b'},{'S':'c'}]}}"},
        {"#b.#c,#c[2],#b.#b,#c[1],#c[0][1]", "{'b':{'M':{'b':{'S':'b'},'c':{'S':'c'}}},'c':{'L':[{'S':'b'},{'S':'c'}]}}"},
        {"c[2], c[0]", "{'c':{'L':[{'S':'a'},{'S':'c'}]}}"},
        {"b.x", "{}"},
        {"b.x, b.a", "{'b':{'M':{'a':{'S':'a'}}}}"},
        {"b[0], c.a, a.b", "{}"},
        {"d[0].y, d[1][0]", "{'d':{'L':[{'M':{'y':{'N':'2'}}},{'L':[{'N':'3'}]}]}}"},
        {"d[0].z, d[1][7]", "{}"},
        {"d[1]", "{'d':{'L':[{'L':[{'N':'3'},{'N':'4'}]}]}}"},
        {" b . c ", "{'b':{'M':{'c':{'S':'c'}}}}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig rig;
        const struct expr_projection *projection;
        cr_assert_eq(parse(&rig, rows[i].text, &projection), LEAT_OK, "%s", rig.fault.message);
        cr_assert_eq(expr_projection_apply(projection, rig_item(&rig, item), &rig.out, &rig.fault), LEAT_OK);
        cr_expect(item_check(buf_view(&rig.out)));
        cr_expect_str_eq(rig_json(&rig, buf_view(&rig.out)), rows[i].expected, "%s: %s", rows[i].text,
                         rig_json(&rig, buf_view(&rig.out)));
        rig_fini(&rig);
    }
}

static void collect(void *context, struct leat_slice name) { buf_print(context, "%.*s ", SLICE_FORMAT(name)); }

Test(expr_projection, tells_the_top_level_attributes) {
    struct rig rig;
    const struct expr_projection *projection;
    cr_assert_eq(parse(&rig, "x[0], #a.z, b, x[1]", &projection), LEAT_OK);
    expr_projection_names(projection, collect, &rig.out);
    cr_expect(slice_is(buf_view(&rig.out), "a b x "));
    rig_fini(&rig);
}
