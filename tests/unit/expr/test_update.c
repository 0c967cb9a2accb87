#include "rig.h"

#define OPERAND "An operand in the update expression has an incorrect data type"
#define MISSING "The provided expression refers to an attribute that does not exist in the item"
#define INVALID "The document path provided in the update expression is invalid for update"

struct row { const char *text, *item, *expected; }; /* expected: JSON, or a message */

static const char values[] =
    "{':1':{'N':'1'},':2':{'N':'2.5'},':big':{'N':'9.9E125'},':s':{'S':'s'},':ab':{'SS':['a','b']},':bc':{'SS':['b','c']},"
    "':n12':{'NS':['1','2']},':n23':{'NS':['2.0','3']},':bs':{'BS':['AQ==']},':l':{'L':[{'S':'x'},{'S':'y'}]},':e':{'L':[]},"
    "':m':{'M':{'k':{'N':'1'}}},':null':{'NULL':true},':a':{'SS':['a']}}";
static const char names[] = "{'#1':'1','#n':'name','#d':'a.b'}";

static void parse(struct rig *rig, const char *text, const struct expr_update **update) {
    cr_assert_eq(rig_init(rig, names, values), LEAT_OK, "%s", rig->fault.message);
    enum leat_code code = expr_update_parse(&rig->environment, slice_text(text), update, &rig->fault);
    cr_assert_eq(code, LEAT_OK, "%s: %s", text, rig->fault.message);
}

static void updates(const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct rig rig;
        const struct expr_update *update = NULL;
        parse(&rig, rows[i].text, &update);
        struct leat_slice old = rig_item(&rig, rows[i].item);
        buf_append(&rig.out, "before", 6);
        enum leat_code code = expr_update_apply(update, old, &rig.out, &rig.fault);
        if (code == LEAT_OK) {
            struct leat_slice item = slice_of(rig.out.data + 6, rig.out.size - 6);
            cr_expect(item_check(item), "%s", rows[i].text);
            cr_expect_str_eq(rig_json(&rig, item), rows[i].expected, "%s:\n  %s\n  %s", rows[i].text, rig_json(&rig, item),
                             rows[i].expected);
        } else {
            cr_expect_eq(code, LEAT_VALIDATION);
            cr_expect_str_eq(rig.fault.message, rows[i].expected, "%s: %s", rows[i].text, rig.fault.message);
            cr_expect_eq(rig.out.size, 6, "what was begun is taken back");
        }
        rig_fini(&rig);
    }
}

#define UPDATES(rows) updates(rows, sizeof rows / sizeof *rows)

Test(expr_apply, sets_attributes_and_nested_ones) {
    static const struct row rows[] = {
        {"SET a = :1", "{}", "{'a':{'N':'1'}}"},
        {"SET a = :1", NULL, "{'a':{'N':'1'}}"},
        {"SET a = :1", "{'a':{'S':'old'}}", "{'a':{'N':'1'}}"},
        {"SET a = :1", "{'k':{'S':'z'}}", "{'a':{'N':'1'},'k':{'S':'z'}}"},
        {"SET z = :1, a = :s", "{'b':{'S':'b'},'y':{'S':'y'}}", "{'a':{'S':'s'},'b':{'S':'b'},'y':{'S':'y'},'z':{'N':'1'}}"},
        {"SET #n = :null, #d = :m", "{'b':{'S':'b'}}", "{'a.b':{'M':{'k':{'N':'1'}}},'b':{'S':'b'},'name':{'NULL':true}}"},
        {"SET m.k = :s", "{'m':{'M':{}}}", "{'m':{'M':{'k':{'S':'s'}}}}"},
        {"SET m.k = :s, m.a = :1", "{'m':{'M':{'b':{'S':'b'},'k':{'N':'7'}}}}",
         "{'m':{'M':{'a':{'N':'1'},'b':{'S':'b'},'k':{'S':'s'}}}}"},
        {"SET m.k.x.y = :s", "{'m':{'M':{'k':{'M':{'x':{'M':{'y':{'N':'1'},'z':{'N':'2'}}}}}}}}",
         "{'m':{'M':{'k':{'M':{'x':{'M':{'y':{'S':'s'},'z':{'N':'2'}}}}}}}}"},
        {"SET l[1] = :s", "{'l':{'L':[{'N':'0'},{'N':'1'},{'N':'2'}]}}", "{'l':{'L':[{'N':'0'},{'S':'s'},{'N':'2'}]}}"},
        {"SET l[0].k = :s", "{'l':{'L':[{'M':{}}]}}", "{'l':{'L':[{'M':{'k':{'S':'s'}}}]}}"},
        {"SET m.l[0] = :s", "{'m':{'M':{'l':{'L':[]}}}}", "{'m':{'M':{'l':{'L':[{'S':'s'}]}}}}"},
    };
    UPDATES(rows);
}

Test(expr_apply, indexes_past_the_end_append_in_their_order) {
    static const struct row rows[] = {
        {"SET l[5] = :s", "{'l':{'L':[{'S':'a'},{'S':'b'},{'S':'c'}]}}", "{'l':{'L':[{'S':'a'},{'S':'b'},{'S':'c'},{'S':'s'}]}}"},
        {"SET l[0] = :s", "{'l':{'L':[]}}", "{'l':{'L':[{'S':'s'}]}}"},
        {"SET l[9] = :1, l[7] = :2, l[0] = :s", "{'l':{'L':[{'S':'a'}]}}", "{'l':{'L':[{'S':'s'},{'N':'2.5'},{'N':'1'}]}}"},
        {"ADD l[3] :1 SET l[2] = :s", "{'l':{'L':[{'S':'a'}]}}", "{'l':{'L':[{'S':'a'},{'S':'s'},{'N':'1'}]}}"},
        {"set b.c=((c[1])+(b.a)),b.a = a,c[1] = a, c[4] = b.a - b.b, c[2] = b.c add c[8] :a, c[6] :2",
         "{'a':{'S':'key'},'b':{'M':{'a':{'N':'1'},'b':{'N':'2'},'c':{'N':'3'}}},'c':{'L':[{'N':'1'},{'N':'3'}]}}",
         "{'a':{'S':'key'},'b':{'M':{'a':{'S':'key'},'b':{'N':'2'},'c':{'N':'4'}}},"
         "'c':{'L':[{'N':'1'},{'S':'key'},{'N':'3'},{'N':'-1'},{'N':'2.5'},{'SS':['a']}]}}"},
    };
    UPDATES(rows);
}

Test(expr_apply, operands_are_read_from_the_old_item) {
    static const struct row rows[] = {
        {"SET a = b, b = a", "{'a':{'N':'1'},'b':{'S':'x'}}", "{'a':{'S':'x'},'b':{'N':'1'}}"},
        {"SET a = a + :1, b = a", "{'a':{'N':'1'}}", "{'a':{'N':'2'},'b':{'N':'1'}}"},
        {"REMOVE a SET b = a", "{'a':{'N':'1'}}", "{'b':{'N':'1'}}"},
        {"SET l[0] = l[1], l[1] = l[0]", "{'l':{'L':[{'N':'0'},{'N':'1'}]}}", "{'l':{'L':[{'N':'1'},{'N':'0'}]}}"},
        {"REMOVE l[0] SET l[1] = l[0]", "{'l':{'L':[{'N':'0'},{'N':'1'}]}}", "{'l':{'L':[{'N':'0'}]}}"},
        {"ADD a :1 SET b = a - :1", "{'a':{'N':'5'}}", "{'a':{'N':'6'},'b':{'N':'4'}}"},
        {"SET a = m", "{'m':{'M':{'k':{'L':[{'S':'q'}]}}}}", "{'a':{'M':{'k':{'L':[{'S':'q'}]}}},'m':{'M':{'k':{'L':[{'S':'q'}]}}}}"},
    };
    UPDATES(rows);
}

Test(expr_apply, calculates) {
    static const struct row rows[] = {
        {"SET a = a + :2", "{'a':{'N':'1'}}", "{'a':{'N':'3.5'}}"},
        {"SET a = :1 - :2", "{}", "{'a':{'N':'-1.5'}}"},
        {"SET a = a - a", "{'a':{'N':'7'}}", "{'a':{'N':'0'}}"},
        {"SET a = (a + :1)", "{'a':{'N':'7'}}", "{'a':{'N':'8'}}"},
        {"SET a = (a) + (:1)", "{'a':{'N':'7'}}", "{'a':{'N':'8'}}"},
        {"SET a = if_not_exists(a, :1) + :2", "{}", "{'a':{'N':'3.5'}}"},
        {"SET a = if_not_exists(a, :1) + :2", "{'a':{'N':'10'}}", "{'a':{'N':'12.5'}}"},
        {"SET a = m.k + l[1]", "{'m':{'M':{'k':{'N':'1'}}},'l':{'L':[{'S':''},{'N':'2'}]}}",
         "{'a':{'N':'3'},'l':{'L':[{'S':''},{'N':'2'}]},'m':{'M':{'k':{'N':'1'}}}}"},
        {"SET a = b + :1", "{}", MISSING},
        {"SET a = b + :1", "{'b':{'S':'1'}}", OPERAND},
        {"SET a = :1 - b", "{'b':{'NS':['1']}}", OPERAND},
        {"SET a = if_not_exists(b, :s) + :1", "{}", OPERAND},
        {"SET a = b + :big", "{'b':{'N':'9E125'}}",
         "Number overflow. Attempting to store a number with magnitude larger than supported range"},
        {"ADD b :big", "{'b':{'N':'9E125'}}",
         "Number overflow. Attempting to store a number with magnitude larger than supported range"},
    };
    UPDATES(rows);
}

Test(expr_apply, functions_of_set) {
    static const struct row rows[] = {
        {"SET a = if_not_exists(a, :1)", "{}", "{'a':{'N':'1'}}"},
        {"SET a = if_not_exists(a, :1)", "{'a':{'S':'here'}}", "{'a':{'S':'here'}}"},
        {"SET a = if_not_exists(b, if_not_exists(c, :s))", "{'c':{'N':'3'}}", "{'a':{'N':'3'},'c':{'N':'3'}}"},
        {"SET a = if_not_exists(m.k, b)", "{'m':{'M':{}},'b':{'N':'3'}}", "{'a':{'N':'3'},'b':{'N':'3'},'m':{'M':{}}}"},
        {"SET a = if_not_exists(b, c)", "{}", MISSING},
        {"SET l = list_append(l, :l)", "{'l':{'L':[{'N':'1'}]}}", "{'l':{'L':[{'N':'1'},{'S':'x'},{'S':'y'}]}}"},
        {"SET l = list_append(:l, l)", "{'l':{'L':[{'N':'1'}]}}", "{'l':{'L':[{'S':'x'},{'S':'y'},{'N':'1'}]}}"},
        {"SET l = list_append(if_not_exists(l, :e), :l)", "{}", "{'l':{'L':[{'S':'x'},{'S':'y'}]}}"},
        {"SET l = list_append(:e, :e)", "{}", "{'l':{'L':[]}}"},
        {"SET l = list_append(list_append(:l, l), :l)", "{'l':{'L':[{'N':'1'}]}}",
         "{'l':{'L':[{'S':'x'},{'S':'y'},{'N':'1'},{'S':'x'},{'S':'y'}]}}"},
        {"SET l = if_not_exists(b, list_append(:l, :e))", "{}", "{'l':{'L':[{'S':'x'},{'S':'y'}]}}"},
        {"SET m.l = list_append(m.l, :l)", "{'m':{'M':{'l':{'L':[]}}}}", "{'m':{'M':{'l':{'L':[{'S':'x'},{'S':'y'}]}}}}"},
        {"SET l = list_append(l, :l)", "{}", MISSING},
        {"SET l = list_append(l, :l)", "{'l':{'SS':['a']}}", OPERAND},
        {"set e = list_append(d, if_not_exists(f, :e))", "{'d':{'NS':['1']}}", OPERAND},
        {"set a = b", "{}", MISSING},
        {"set a = b.c", "{'b':{'S':''}}", MISSING},
        {"set a = b[3]", "{'b':{'L':[]}}", MISSING},
    };
    UPDATES(rows);
}

Test(expr_apply, removes) {
    static const struct row rows[] = {
        {"REMOVE a", "{'a':{'N':'1'},'b':{'N':'2'}}", "{'b':{'N':'2'}}"},
        {"REMOVE a, b", "{'a':{'N':'1'},'b':{'N':'2'}}", "{}"},
        {"REMOVE a", "{}", "{}"},
        {"REMOVE c, a", "{'a':{'N':'1'},'b':{'N':'2'},'c':{'N':'3'}}", "{'b':{'N':'2'}}"},
        {"REMOVE l[1]", "{'l':{'L':[{'S':'a'},{'S':'b'},{'S':'c'},{'S':'d'}]}}", "{'l':{'L':[{'S':'a'},{'S':'c'},{'S':'d'}]}}"},
        {"REMOVE l[2], l[0]", "{'l':{'L':[{'S':'a'},{'S':'b'},{'S':'c'},{'S':'d'}]}}", "{'l':{'L':[{'S':'b'},{'S':'d'}]}}"},
        {"REMOVE l[0]", "{'l':{'L':[{'S':'a'}]}}", "{'l':{'L':[]}}"},
        {"REMOVE l[7]", "{'l':{'L':[{'S':'a'}]}}", "{'l':{'L':[{'S':'a'}]}}"},
        {"REMOVE l[0] SET l[1] = :s, l[5] = :1", "{'l':{'L':[{'S':'a'},{'S':'b'}]}}", "{'l':{'L':[{'S':'s'},{'N':'1'}]}}"},
        {"REMOVE m.k", "{'m':{'M':{'k':{'N':'1'},'z':{'N':'2'}}}}", "{'m':{'M':{'z':{'N':'2'}}}}"},
        {"REMOVE m.k", "{'m':{'M':{'k':{'N':'1'}}}}", "{'m':{'M':{}}}"},
        {"REMOVE m.absence", "{'m':{'M':{'k':{'N':'1'}}}}", "{'m':{'M':{'k':{'N':'1'}}}}"},
    };
    UPDATES(rows);
}

Test(expr_apply, adds_numbers_and_unites_sets) {
    static const struct row rows[] = {
        {"ADD a :1", "{}", "{'a':{'N':'1'}}"},
        {"ADD a :2", "{'a':{'N':'-1'}}", "{'a':{'N':'1.5'}}"},
        {"ADD m.k :2", "{'m':{'M':{'k':{'N':'1'}}}}", "{'m':{'M':{'k':{'N':'3.5'}}}}"},
        {"ADD m.k :2", "{'m':{'M':{}}}", "{'m':{'M':{'k':{'N':'2.5'}}}}"},
        {"ADD s :ab", "{}", "{'s':{'SS':['a','b']}}"},
        {"ADD s :bc", "{'s':{'SS':['b','a']}}", "{'s':{'SS':['a','b','c']}}"},
        {"ADD s :n23", "{'s':{'NS':['-1','2','10']}}", "{'s':{'NS':['-1','2','3','10']}}"},
        {"ADD s :bs", "{'s':{'BS':['AA==','AQ==']}}", "{'s':{'BS':['AA==','AQ==']}}"},
        {"ADD a :1", "{'a':{'S':'1'}}", OPERAND},
        {"ADD a :1", "{'a':{'NS':['1']}}", OPERAND},
        {"ADD a :ab", "{'a':{'N':'1'}}", OPERAND},
        {"ADD a :ab", "{'a':{'NS':['1']}}", OPERAND},
        {"ADD a :n12", "{'a':{'M':{}}}", OPERAND},
    };
    UPDATES(rows);
}

Test(expr_apply, deletes_from_sets_and_an_empty_set_goes) {
    static const struct row rows[] = {
        {"DELETE s :bc", "{'s':{'SS':['a','b']}}", "{'s':{'SS':['a']}}"},
        {"DELETE s :ab", "{'s':{'SS':['a','b']},'t':{'N':'1'}}", "{'t':{'N':'1'}}"},
        {"DELETE s :ab", "{'s':{'SS':['c']}}", "{'s':{'SS':['c']}}"},
        {"DELETE s :ab", "{}", "{}"},
        {"DELETE s :n12", "{'s':{'NS':['2.0','3']}}", "{'s':{'NS':['3']}}"},
        {"DELETE m.s :a", "{'m':{'M':{'s':{'SS':['a']}}}}", "{'m':{'M':{}}}"},
        {"DELETE m.s :a", "{'m':{'M':{}}}", "{'m':{'M':{}}}"},
        {"DELETE l[0] :a", "{'l':{'L':[{'SS':['a']},{'N':'1'}]}}", "{'l':{'L':[{'N':'1'}]}}"},
        {"DELETE l[5] :a", "{'l':{'L':[]}}", "{'l':{'L':[]}}"},
        {"DELETE s :ab", "{'s':{'NS':['1']}}", OPERAND},
        {"DELETE s :n12", "{'s':{'N':'1'}}", OPERAND},
        {"DELETE s :n12", "{'s':{'M':{'a':{'SS':['1']}}}}", OPERAND},
        {"DELETE s.a :bs", "{'s':{'M':{'a':{'SS':['1']}}}}", OPERAND},
    };
    UPDATES(rows);
}

Test(expr_apply, a_nested_path_needs_a_parent_of_its_kind) {
    static const char *const texts[] = {
        "set b.a = :a, #1 = :a", "set b[1] = :a, #1 = :a", "set y.a = :a, #1 = :a", "set y[1] = :a, #1 = :a", "set c[1] = :a, #1 = :a",
        "set d.#1 = :a", "remove b.a set #1 = :a", "remove b[1] set #1 = :a", "remove y.a set #1 = :a", "remove y[1] set #1 = :a",
        "remove c[1] set #1 = :a", "remove d.#1 set #1 = :a", "delete b.a :a set #1 = :a", "delete b[1] :a set #1 = :a",
        "delete y.a :a set #1 = :a", "delete y[1] :a set #1 = :a", "delete c[1] :a set #1 = :a", "delete d.#1 :a",
        "add b.a :a set #1 = :a", "add b[1] :a set #1 = :a", "add y.a :a set #1 = :a", "add y[1] :a set #1 = :a",
        "add c[1] :a set #1 = :a", "add d.#1 :a", "set d[7].k = :a", "remove d[7].k", "set c.x.y = :a", "set d[0].x = :a",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct row row = {texts[i], "{'b':{'S':'k'},'c':{'M':{'1':{'S':'a'}}},'d':{'L':[{'S':'a'},{'S':'b'}]}}", INVALID};
        updates(&row, 1);
    }
}

/* m is `maps` maps, one in another, with `leaf` in the innermost */
static void nests_to_the_limit(int maps, const char *leaf) {
    struct buf text;
    buf_init(&text, 1000);
    buf_print(&text, "{'m':{'M':{");
    for (int i = 1; i < maps; i++) buf_print(&text, "'x':{'M':{");
    buf_print(&text, "%s", leaf);
    for (int i = 1; i < maps; i++) buf_print(&text, "}}");
    buf_print(&text, "}},'l':{'L':[]}}");
    buf_byte(&text, '\0');
    const char *item = (const char *)text.data;
    struct row row = {"SET l[0] = m", item,
                      "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"};
    updates(&row, 1);
    struct rig rig;
    const struct expr_update *update = NULL;
    parse(&rig, "SET l = m", &update);
    cr_expect_eq(expr_update_apply(update, rig_item(&rig, item), &rig.out, &rig.fault), LEAT_OK, "%s", rig.fault.message);
    rig_fini(&rig);
    buf_fini(&text);
}

Test(expr_apply, nesting_has_a_limit_leaves_included) {
    nests_to_the_limit(32, "");
    nests_to_the_limit(31, "'x':{'S':'a'}");
}

Test(expr_apply, a_full_buffer_is_answered) {
    struct rig rig;
    const struct expr_update *update = NULL;
    parse(&rig, "SET a = :l, b.c = :s", &update);
    struct leat_slice old = rig_item(&rig, "{'b':{'M':{}},'c':{'S':'0123456789'}}");
    cr_assert_eq(expr_update_apply(update, old, &rig.out, &rig.fault), LEAT_OK);
    for (size_t max = 0; max < rig.out.size; max++) {
        struct buf small;
        buf_init(&small, max);
        cr_expect_eq(expr_update_apply(update, old, &small, &rig.fault), LEAT_NO_MEMORY, "%zu", max);
        buf_fini(&small);
    }
    rig_fini(&rig);
}

Test(expr_apply, the_updated_part_is_what_the_paths_name) {
    static const struct row rows[] = {
        {"SET a = :1, m.k = :s REMOVE l[0]",
         "{'a':{'N':'1'},'b':{'N':'2'},'m':{'M':{'k':{'S':'s'},'z':{'N':'0'}}},'l':{'L':[{'N':'5'},{'N':'6'}]}}",
         "{'a':{'N':'1'},'l':{'L':[{'N':'5'}]},'m':{'M':{'k':{'S':'s'}}}}"},
        {"REMOVE a, b.c, l[4]", "{'b':{'M':{'x':{'N':'1'}}},'l':{'L':[]}}", "{}"},
        {"set b.c=((c[1])+(b.a)),b.a = a,c[1] = a, c[4] = b.a - b.b, c[2] = b.c add c[8] :a, c[6] :2",
         "{'a':{'S':'key'},'b':{'M':{'a':{'S':'key'},'b':{'N':'2'},'c':{'N':'4'}}},"
         "'c':{'L':[{'N':'1'},{'S':'key'},{'N':'3'},{'N':'-1'},{'N':'2.5'},{'SS':['a']}]}}",
         "{'b':{'M':{'a':{'S':'key'},'c':{'N':'4'}}},'c':{'L':[{'S':'key'},{'N':'3'},{'N':'2.5'}]}}"},
        {"SET a = :1", NULL, "{}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig rig;
        const struct expr_update *update = NULL;
        parse(&rig, rows[i].text, &update);
        cr_assert_eq(expr_update_part(update, rig_item(&rig, rows[i].item), &rig.out, &rig.fault), LEAT_OK);
        cr_expect_str_eq(rig_json(&rig, buf_view(&rig.out)), rows[i].expected, "%s", rig_json(&rig, buf_view(&rig.out)));
        rig_fini(&rig);
    }
}

Test(expr_apply, tells_which_attributes_an_update_touches) {
    struct rig rig;
    const struct expr_update *update = NULL;
    parse(&rig, "SET a = b.c, #d.x = list_append(e, if_not_exists(f[0], :l)) REMOVE g", &update);
    cr_expect(expr_update_changes(update, SLICE("a")));
    cr_expect(expr_update_changes(update, SLICE("a.b")));
    cr_expect(expr_update_changes(update, SLICE("g")));
    cr_expect(!expr_update_changes(update, SLICE("b")));
    cr_expect(!expr_update_changes(update, SLICE("x")));
    cr_expect(expr_update_uses_inside(update, SLICE("b")));
    cr_expect(expr_update_uses_inside(update, SLICE("a.b")));
    cr_expect(expr_update_uses_inside(update, SLICE("f")));
    cr_expect(!expr_update_uses_inside(update, SLICE("a")));
    cr_expect(!expr_update_uses_inside(update, SLICE("e")));
    rig_fini(&rig);
}
