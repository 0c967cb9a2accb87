#include "rig.h"

Test(expr_environment, checks_names_and_values_by_themselves) {
    static const struct { const char *names, *values, *message; } rows[] = {
        {"{}", "{}", "ExpressionAttributeNames must not be empty"},
        {NULL, "{}", "ExpressionAttributeValues must not be empty"},
        {"{'a':'a'}", "{}", "ExpressionAttributeNames contains invalid key: Syntax error; key: \"a\""},
        {"{'#':'a'}", NULL, "ExpressionAttributeNames contains invalid key: Syntax error; key: \"#\""},
        {"{'#sryLiyD8D-':'a'}", NULL, "ExpressionAttributeNames contains invalid key: Syntax error; key: \"#sryLiyD8D-\""},
        {"{'':'a'}", NULL, "ExpressionAttributeNames contains invalid key: Syntax error; key: \"\""},
        {"{'#DE':''}", NULL, "ExpressionAttributeNames contains invalid value: Empty attribute name for key #DE"},
        {"{':a':'a'}", NULL, "ExpressionAttributeNames contains invalid key: Syntax error; key: \":a\""},
        {NULL, "{':b':{'S':''},'b':{'S':'a'}}", "ExpressionAttributeValues contains invalid key: Syntax error; key: \"b\""},
        {"{'#a':'a'}", "{'#b':{'S':'a'}}", "ExpressionAttributeValues contains invalid key: Syntax error; key: \"#b\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig rig;
        cr_expect_eq(rig_init(&rig, rows[i].names, rows[i].values), LEAT_VALIDATION);
        cr_expect_str_eq(rig.fault.message, rows[i].message, "%s", rig.fault.message);
        rig_fini(&rig);
    }
}

Test(expr_environment, refuses_what_no_expression_used) {
    static const struct { const char *update, *condition, *names, *values, *message; } rows[] = {
        {"remove a", "a = :b", NULL, "{':a':{'S':''},':b':{'S':''},':c':{'S':''}}",
         "Value provided in ExpressionAttributeValues unused in expressions: keys: {:a, :c}"},
        {"remove a set b = list_append(b, if_not_exists(a, :a))", "a = :b", "{'#b':'b','#a':'a'}", "{':a':{'S':''},':b':{'S':''}}",
         "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b}"},
        {"remove a", "#a = :a", "{'#b':'b','#a':'a'}", "{':a':{'S':''},':b':{'S':''}}",
         "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}"},
        {"remove #b", "#a = :a OR a IN (b, :b)", "{'#b':'b','#a':'a'}", "{':a':{'S':''},':b':{'S':''}}", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig rig;
        const struct expr_update *update;
        const struct expr_condition *condition;
        cr_assert_eq(rig_init(&rig, rows[i].names, rows[i].values), LEAT_OK);
        cr_assert_eq(expr_update_parse(&rig.environment, slice_text(rows[i].update), &update, &rig.fault), LEAT_OK);
        cr_assert_eq(expr_condition_parse(&rig.environment, EXPR_CONDITION, slice_text(rows[i].condition), &condition, &rig.fault),
                     LEAT_OK);
        enum leat_code code = expr_environment_finish(&rig.environment, true, &rig.fault);
        cr_expect_eq(code, rows[i].message == NULL ? LEAT_OK : LEAT_VALIDATION);
        if (rows[i].message != NULL) cr_expect_str_eq(rig.fault.message, rows[i].message, "%s", rig.fault.message);
        rig_fini(&rig);
    }
}

Test(expr_environment, refuses_names_and_values_without_expressions) {
    struct leat_slice absent = {NULL, 0}, empty = SLICE("");
    struct leat_fault fault;
    cr_expect_eq(expr_environment_unneeded(absent, absent, NULL, &fault), LEAT_OK);
    cr_expect_eq(expr_environment_unneeded(empty, empty, "ConditionExpression is null", &fault), LEAT_VALIDATION);
    cr_expect_str_eq(fault.message, "ExpressionAttributeNames can only be specified when using expressions");
    cr_expect_eq(expr_environment_unneeded(absent, empty, "ConditionExpression is null", &fault), LEAT_VALIDATION);
    cr_expect_str_eq(fault.message,
                     "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null");
    struct rig rig;
    cr_assert_eq(rig_init(&rig, "{'#a':'a'}", NULL), LEAT_OK);
    cr_expect_eq(expr_environment_finish(&rig.environment, false, &rig.fault), LEAT_VALIDATION);
    cr_expect_str_eq(rig.fault.message, "ExpressionAttributeNames can only be specified when using expressions");
    rig_fini(&rig);
}

Test(expr_environment, a_long_list_of_unused_keys_is_cut) {
    struct rig rig;
    struct buf names;
    buf_init(&names, 1 << 20);
    for (int i = 0; i < 2000; i++) buf_print(&names, "%s'#name%04d':'a'", i == 0 ? "{" : ",", i);
    buf_append(&names, "}", 2);
    cr_assert_eq(rig_init(&rig, (const char *)names.data, NULL), LEAT_OK);
    cr_expect_eq(expr_environment_finish(&rig.environment, true, &rig.fault), LEAT_VALIDATION);
    cr_expect(slice_starts(slice_text(rig.fault.message), SLICE("Value provided in ExpressionAttributeNames unused in "
                                                                "expressions: keys: {#name0000, #name0001, ")));
    rig_fini(&rig);
    buf_fini(&names);
}

Test(expr_environment, an_arena_that_is_full_is_answered) {
    static const char update_text[] = "SET a.b = if_not_exists(c, :v) + :v, d[0] = list_append(e, f) REMOVE #n ADD g :v";
    static const char condition_text[] = "size(a.b) > :v AND NOT (b IN (:v, c[1]) OR attribute_exists(#n))";
    size_t successes = 0;
    struct rig rig;
    cr_assert_eq(rig_init(&rig, "{'#n':'n'}", "{':v':{'N':'1'}}"), LEAT_OK);
    for (size_t max = 0; max < 10000; max += 16) {
        struct arena small;
        struct expr_environment environment;
        const struct expr_update *update;
        const struct expr_condition *condition;
        const struct expr_projection *projection;
        arena_init(&small, max);
        enum leat_code code = expr_environment_init(&environment, &small, rig.environment.names, rig.environment.values, &rig.fault);
        if (code == LEAT_OK) code = expr_update_parse(&environment, slice_text(update_text), &update, &rig.fault);
        if (code == LEAT_OK) {
            code = expr_condition_parse(&environment, EXPR_CONDITION, slice_text(condition_text), &condition, &rig.fault);
        }
        if (code == LEAT_OK) code = expr_projection_parse(&environment, SLICE("a.b, c[1], #n"), &projection, &rig.fault);
        cr_expect(code == LEAT_OK || code == LEAT_NO_MEMORY, "%zu: %d %s", max, code, rig.fault.message);
        successes += code == LEAT_OK;
        arena_fini(&small);
    }
    cr_expect(successes > 0);
    rig_fini(&rig);
}

Test(expr_reserved, knows_the_words_in_any_case) {
    static const char *const reserved[] = {"ABORT", "abort", "aBoRt", "ZONE", "zone", "name", "Size", "TTL", "localtimestamp",
                                           "LOCALTIMESTAMP", "of", "status", "Year", "FLATTERN", "data", "timestamp"};
    static const char *const free_words[] = {"", "a", "pk", "sk", "abortt", "abor", "zones", "namesake", "localtimestamps", "#name",
                                             "id", "price", "created_at", "aaaa", "zzzz", "version"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        cr_expect(expr_reserved_word(slice_text(reserved[i])), "%s", reserved[i]);
    }
    for (size_t i = 0; i < sizeof free_words / sizeof *free_words; i++) {
        cr_expect(!expr_reserved_word(slice_text(free_words[i])), "%s", free_words[i]);
    }
}
