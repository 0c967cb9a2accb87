#include "rig.h"

static const char item_json[] =
    "{'s':{'S':'hello'},'e':{'S':''},'n':{'N':'5'},'m1':{'N':'-0.5'},'big':{'N':'1E100'},'b':{'B':'AQID'},'t':{'BOOL':true},"
    "'f':{'BOOL':false},'z':{'NULL':true},'ss':{'SS':['a','b']},'ns':{'NS':['1','2.50']},'bs':{'BS':['AQ==','Ag==']},"
    "'l':{'L':[{'N':'1'},{'S':'x'},{'M':{'k':{'S':'deep'}}},{'L':[]}]},'m':{'M':{'k':{'N':'7'},'x':{'M':{'y':{'L':[{'S':'q'}]}}}}},"
    "'u':{'S':'\\u00e9\\ud834\\udd1e'},'s2':{'S':'hello'},'n5':{'N':'5.0'},'a.b':{'S':'dotted'}}";

static const char values_json[] =
    "{':s':{'S':'hello'},':he':{'S':'he'},':ll':{'S':'ll'},':a':{'S':'a'},':z':{'S':'zz'},':e':{'S':''},':n5':{'N':'5.00'},"
    "':n4':{'N':'4'},':n6':{'N':'6'},':n1':{'N':'1'},':n2':{'N':'2'},':n25':{'N':'2.5'},':n3':{'N':'3'},':n0':{'N':'0'},"
    "':b':{'B':'AQID'},':b1':{'B':'AQ=='},':b2':{'B':'Ag=='},':b23':{'B':'AgM='},':bz':{'B':'/w=='},':t':{'BOOL':true},"
    "':f':{'BOOL':false},':null':{'NULL':true},':ss':{'SS':['b','a']},':ns':{'NS':['2.5','1.0']},':bs':{'BS':['Ag==','AQ==']},"
    "':l0':{'L':[]},':mk':{'M':{'k':{'S':'deep'}}},':tS':{'S':'S'},':tN':{'S':'N'},':tM':{'S':'M'},':tNULL':{'S':'NULL'},"
    "':m':{'M':{'x':{'M':{'y':{'L':[{'S':'q'}]}}},'k':{'N':'7.0'}}},':tSS':{'S':'SS'},':x':{'S':'x'}}";

static const char names_json[] = "{'#s':'s','#m':'m','#k':'k','#d':'a.b','#no':'gone'}";

static bool test_one(const char *text, const char *item) {
    struct rig rig;
    const struct expr_condition *condition = NULL;
    cr_assert_eq(rig_init(&rig, names_json, values_json), LEAT_OK, "%s", rig.fault.message);
    enum leat_code code = expr_condition_parse(&rig.environment, EXPR_CONDITION, slice_text(text), &condition, &rig.fault);
    cr_assert_eq(code, LEAT_OK, "%s: %s", text, rig.fault.message);
    bool result = expr_condition_test(condition, rig_item(&rig, item));
    rig_fini(&rig);
    return result;
}

#define EACH(result, ...)                                                                     \
    do {                                                                                      \
        static const char *const texts[] = {__VA_ARGS__};                                     \
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {                           \
            cr_expect_eq(test_one(texts[i], item_json), result, "%s", texts[i]);              \
        }                                                                                     \
    } while (0)
#define TRUE(...) EACH(true, __VA_ARGS__)
#define FALSE(...) EACH(false, __VA_ARGS__)

Test(expr_test, equality_is_of_type_and_value) {
    TRUE("s = :s", "n = :n5", "b = :b", "t = :t", "f = :f", "z = :null", "ss = :ss", "ns = :ns", "bs = :bs", "m = :m", "s = s2",
         "n = n5", ":s = s", "l[3] = :l0", "l[2] = :mk", "e = :e", ":n5 = :n5", "#s = :s", "#d = :a OR s = :s");
    FALSE("s = :he", "n = :n4", "n = :s", "s = :n5", "t = :f", "ss = :ns", "z = :f", "l[3] = :mk", "gone = :s", ":s = gone",
          "gone = absent", "s.x = :s", "s[0] = :s", "l[9] = :s", "m.gone.y = :s", "b = :s");
}

Test(expr_test, inequality_is_the_opposite_even_for_what_is_missing) {
    TRUE("s <> :he", "n <> :n4", "n <> :s", "gone <> :s", "#no <> :s", "gone <> absent", "t <> :f", "ss <> :ns",
         "l[9] <> :s", "s.x <> :s", "size(gone) <> :n1");
    FALSE("s <> :s", "n <> :n5", "ss <> :ss", "m <> :m");
}

Test(expr_test, order_is_of_bytes_and_numbers_within_one_type) {
    TRUE("s < :z", "s <= :s", "s >= :s", "s > :a", "n < :n6", "n <= :n5", "n >= :n5", "n > :n4", "m1 < :n0", "big > :n6",
         "b < :bz", "b > :b1", "b >= :b", ":n4 < n", ":n6 > n", "e < :a", "n > m1", "u > :z");
    FALSE("s < :a", "s > :z", "n < :n4", "n > :n6", "n < :s", "n > :s", "s < :n5", "s > :n5", "gone < :s", "gone > :s",
          "gone <= :s", "gone >= :s", "t < :s", "ss > :a", "b < :b", "n < t", "m1 > :n0", "s > gone");
}

Test(expr_test, between_includes_its_bounds_and_in_is_equality) {
    TRUE("n BETWEEN :n4 AND :n6", "n between :n5 and :n5", "s BETWEEN :a AND :z", "b BETWEEN :b1 AND :bz", "n IN (:n4, :n5)",
         "s IN (:n5, s2)", "ss IN (:ss)", ":n5 BETWEEN m1 AND big", "(n)between(:n4)and(:n6)", "t IN (:t, :f)", "s in (gone, :s)",
         "size(s) IN (:n5)", "size(s) BETWEEN :n4 AND :n6", "n BETWEEN :n4 AND :n6 AND s = :s");
    FALSE("n BETWEEN :n6 AND big", "n BETWEEN m1 AND :n4", "s BETWEEN :n4 AND :n6", "gone BETWEEN :n4 AND :n6",
          "n BETWEEN gone AND :n6", "n BETWEEN :n4 AND gone", "n IN (:n4, :n6)", "gone IN (:s)", "gone IN (absent)",
          "n IN (:s)");
}

Test(expr_test, logic_binds_not_before_and_before_or) {
    TRUE("NOT s = :a", "NOT gone = :s", "NOT NOT s = :s", "s = :s OR s = :a AND n = :n4", "s = :a OR s = :s",
         "s = :s AND NOT n = :n4", "not (s = :a or n = :n4)", "NOT s = :a AND n = :n5", "(s = :s) AND ((n = :n5) OR (n = :n4))",
         "(s = :s AND (n = :n5))", "(NOT (s = :a))", "s=:s aNd n=:n5 oR n=:n4");
    FALSE("NOT s = :s", "(s = :s OR s = :a) AND n = :n4", "NOT (s = :a OR n = :n5)", "s = :a AND s = :s OR n = :n4",
          "NOT attribute_exists(s)", "NOT s = :a AND n = :n4");
}

Test(expr_test, functions_look_at_attributes) {
    TRUE("attribute_exists(s)", "attribute_exists(z)", "attribute_exists(m.x.y[0])", "attribute_not_exists(gone)",
         "attribute_not_exists(m.k.y)", "attribute_not_exists(s.k)", "attribute_not_exists(l[4])", "attribute_exists(#m.#k)",
         "attribute_exists(l[2].k)", "attribute_type(s, :tS)", "attribute_type(n, :tN)", "attribute_type(m, :tM)",
         "attribute_type(z, :tNULL)", "attribute_type(ss, :tSS)", "attribute_type(m.x, :tM)", "begins_with(s, :he)",
         "begins_with(s, :e)", "begins_with(s, :s)", "begins_with(b, :b1)", "begins_with(:s, s2)", "attribute_exists(#d)",
         "attribute_exists((s))");
    FALSE("attribute_exists(gone)", "attribute_exists(a.b)", "attribute_not_exists(s)", "attribute_exists(l[4])",
          "attribute_exists(m[0])", "attribute_exists(l.k)", "attribute_type(s, :tN)", "attribute_type(gone, :tS)",
          "begins_with(s, :ll)", "begins_with(n, :he)", "begins_with(gone, :he)", "begins_with(b, :he)", "begins_with(s, :b)",
          "begins_with(ss, :a)", "begins_with(e, :he)");
}

Test(expr_test, contains_finds_parts_members_and_elements) {
    TRUE("contains(s, :ll)", "contains(s, :s)", "contains(s, :e)", "contains(b, :b23)", "contains(ss, :a)", "contains(ns, :n25)",
         "contains(ns, :n1)", "contains(bs, :b2)", "contains(l, :n1)", "contains(l, :x)", "contains(l, :mk)", "contains(l, :l0)",
         "contains(m.x.y, :ll) OR contains(:s, :ll)", "contains(e, :e)");
    FALSE("contains(s, :z)", "contains(s, :n5)", "contains(ss, :z)", "contains(ss, :n1)", "contains(ns, :a)", "contains(ns, :n3)",
          "contains(m, :s)", "contains(n, :n5)", "contains(gone, :a)", "contains(s, gone)", "contains(l, :he)",
          "contains(b, :bz)", "contains(ss, :ss)", "contains(l, gone)");
}

Test(expr_test, size_counts_units_bytes_or_elements) {
    TRUE("size(s) = :n5", "size(e) = :n0", "size(b) = :n3", "size(ss) = :n2", "size(ns) = :n2", "size(bs) = :n2", "size(l) = :n4",
         "size(m) = :n2", "size(l[3]) = :n0", "size(u) = :n3", "size(s) > size(b)", "(size(s)) >= :n5", "((size(s)) = :n5)",
         "size(:s) = n", "size(#m.x) = :n1", "size (s) = :n5");
    FALSE("size(s) > :n5", "size(gone) = :n0", "size(gone) < :n6", "size(n) = :n1", "size(t) = :n1", "size(z) = :n0",
          "size(s) = :s", "size(gone) BETWEEN :n0 AND :n6");
}

Test(expr_test, an_item_that_does_not_exist_has_no_attributes) {
    cr_expect(test_one("attribute_not_exists(s)", NULL));
    cr_expect(!test_one("attribute_exists(s)", NULL));
    cr_expect(!test_one("s = :s", NULL));
    cr_expect(test_one("s <> :s OR n < :n5", NULL));
    cr_expect(test_one("NOT contains(s, :s)", "{}"));
}

Test(expr_test, tells_which_attributes_a_condition_uses) {
    struct rig rig;
    const struct expr_condition *condition = NULL;
    cr_assert_eq(rig_init(&rig, names_json, values_json), LEAT_OK);
    struct leat_slice text = SLICE("size(#m.#k) = :n1 OR NOT (b IN (:b, c[1]) AND attribute_exists(#d))");
    cr_assert_eq(expr_condition_parse(&rig.environment, EXPR_CONDITION, text, &condition, &rig.fault), LEAT_OK);
    cr_expect(expr_condition_uses(condition, SLICE("m")));
    cr_expect(expr_condition_uses(condition, SLICE("b")));
    cr_expect(expr_condition_uses(condition, SLICE("a.b")));
    cr_expect(!expr_condition_uses(condition, SLICE("k")));
    cr_expect(!expr_condition_uses(condition, SLICE("a")));
    cr_expect(expr_condition_uses_inside(condition, SLICE("m")));
    cr_expect(expr_condition_uses_inside(condition, SLICE("c")));
    cr_expect(!expr_condition_uses_inside(condition, SLICE("b")));
    rig_fini(&rig);
}

Test(expr_test, a_condition_allocates_nothing_and_may_be_tested_again) {
    struct rig rig;
    const struct expr_condition *condition = NULL;
    cr_assert_eq(rig_init(&rig, NULL, "{':v':{'N':'1'}}"), LEAT_OK);
    struct leat_slice text = SLICE("size(a) > :v AND contains(a, b) OR a BETWEEN b AND c");
    cr_assert_eq(expr_condition_parse(&rig.environment, EXPR_CONDITION, text, &condition, &rig.fault), LEAT_OK);
    struct leat_slice item = rig_item(&rig, "{'a':{'S':'xyz'},'b':{'S':'y'}}");
    size_t used = rig.arena.used;
    for (int i = 0; i < 3; i++) cr_expect(expr_condition_test(condition, item));
    cr_expect_eq(rig.arena.used, used);
    rig_fini(&rig);
}
