/* Filter patterns: every operator, and what is refused. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/slice.h"
#include "trigger/filter.h"

static enum leat_code compile(const char *const *patterns, size_t count, struct filter **out) {
    struct buf text;
    struct json_writer json;
    struct leat_fault fault = {0};
    buf_init(&text, 1 << 20);
    json_writer_init(&json, &text);
    json_object(&json);
    json_key(&json, "Filters");
    json_array(&json);
    for (size_t i = 0; i < count; i++) {
        json_object(&json);
        json_key(&json, "Pattern");
        json_text(&json, patterns[i]);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_object_end(&json);
    enum leat_code code = filter_new(buf_view(&text), out, &fault);
    buf_fini(&text); /* nothing is borrowed from it */
    if (code != LEAT_OK) cr_assert_str_eq(fault.message, "Invalid filter pattern definition.");
    return code;
}

struct example {
    const char *pattern, *record;
    bool passes;
};

static const struct example examples[] = {
    /* equals */
    {"{'a':['x']}", "{'a':'x'}", true},
    {"{'a':['x']}", "{'a':'X'}", false},
    {"{'a':['x']}", "{'a':'xx'}", false},
    {"{'a':['x']}", "{'b':'x'}", false},
    {"{'a':['x','y']}", "{'a':'y'}", true},
    {"{'a':['']}", "{'a':''}", true},
    {"{'a':['']}", "{'a':null}", false},
    {"{'a':['\\u00e9\\n']}", "{'a':'\u00e9\\n'}", true},
    {"{'\\u0061':['x']}", "{'a':'x'}", true},
    {"{'a':['5']}", "{'a':5}", false},
    {"{'a':['null']}", "{'a':null}", false},
    {"{'a':[5]}", "{'a':5}", true},
    {"{'a':[5]}", "{'a':'5'}", false},
    {"{'a':[300]}", "{'a':300.0}", false},
    {"{'a':[3.0e2]}", "{'a':300}", false},
    {"{'a':[true]}", "{'a':true}", true},
    {"{'a':[true]}", "{'a':false}", false},
    {"{'a':[false]}", "{'a':false}", true},
    {"{'a':[null]}", "{'a':null}", true},
    {"{'a':[null]}", "{'a':false}", false},
    {"{'a':[null]}", "{}", false},
    {"{'a':['x',5,null]}", "{'a':5}", true},
    {"{'a':['x']}", "{'a':{'x':'x'}}", false},
    {"{'a':['x'],'a':['y']}", "{'a':'x'}", false},
    {"{'a':['x'],'a':['y']}", "{'a':'y'}", true},
    {"{'a':{'b':['x']},'a':['y']}", "{'a':'y'}", true},
    /* and, nesting */
    {"{'a':['x'],'b':['y']}", "{'a':'x','b':'y','c':1}", true},
    {"{'a':['x'],'b':['y']}", "{'a':'x','b':'z'}", false},
    {"{'a':{'b':{'c':['x']}}}", "{'a':{'d':[1,2],'b':{'c':'x'}}}", true},
    {"{'a':{'b':{'c':['x']}}}", "{'a':{'b':{'c':'y'}}}", false},
    {"{'a':{'b':['x']}}", "{'a':'x'}", false},
    {"{'a':{'b':['x']}}", "{'a':null}", false},
    {"{'a':{'b':['x'],'c':['y']}}", "{'a':{'b':'x','c':'y'}}", true},
    /* or over fields */
    {"{'$or':[{'a':['x']},{'b':['y']}]}", "{'b':'y'}", true},
    {"{'$or':[{'a':['x']},{'b':['y']}]}", "{'a':'x'}", true},
    {"{'$or':[{'a':['x']},{'b':['y']}]}", "{'a':'y','b':'x'}", false},
    {"{'c':['z'],'$or':[{'a':['x']},{'b':['y']}]}", "{'a':'x'}", false},
    {"{'c':['z'],'$or':[{'a':['x']},{'b':['y']}]}", "{'a':'x','c':'z'}", true},
    {"{'d':{'$or':[{'a':['x']},{'b':['y'],'e':[1]}]}}", "{'d':{'b':'y','e':1}}", true},
    {"{'d':{'$or':[{'a':['x']},{'b':['y'],'e':[1]}]}}", "{'d':{'b':'y','e':2}}", false},
    {"{'$or':[{'a':['x']},{'$or':[{'b':[1]},{'b':[2]}]}]}", "{'b':2}", true},
    {"{'$or':[{'a':['x']},{'$or':[{'b':[1]},{'b':[2]}]}]}", "{'b':3}", false},
    {"{'$or':['x']}", "{'$or':'x'}", true},
    {"{'$or':[{'prefix':'x'},{'suffix':'y'}]}", "{'$or':'zy'}", true},
    {"{'$or':[{'prefix':'x'},{'suffix':'y'}]}", "{'x':'y'}", false},
    /* prefix, suffix, ignoring case */
    {"{'a':[{'prefix':'us-'}]}", "{'a':'us-east-1'}", true},
    {"{'a':[{'prefix':'us-'}]}", "{'a':'us'}", false},
    {"{'a':[{'prefix':'5'}]}", "{'a':55}", false},
    {"{'a':[{'prefix':''}]}", "{'a':'x'}", true},
    {"{'a':[{'suffix':'.png'}]}", "{'a':'x.png'}", true},
    {"{'a':[{'suffix':'.png'}]}", "{'a':'x.png.'}", false},
    {"{'a':[{'suffix':'.png'}]}", "{'a':'png'}", false},
    {"{'a':[{'equals-ignore-case':'Alice'}]}", "{'a':'aLICE'}", true},
    {"{'a':[{'equals-ignore-case':'Alice'}]}", "{'a':'Alicia'}", false},
    {"{'a':[{'equals-ignore-case':'@[`{'}]}", "{'a':'`{@['}", false},
    {"{'a':[{'prefix':'x'},'y',{'suffix':'z'}]}", "{'a':'qz'}", true},
    /* numeric */
    {"{'a':[{'numeric':['=',100]}]}", "{'a':100}", true},
    {"{'a':[{'numeric':['=',100]}]}", "{'a':1e2}", true},
    {"{'a':[{'numeric':['=',100]}]}", "{'a':'100'}", false},
    {"{'a':[{'numeric':['=',100]}]}", "{'a':100.5}", false},
    {"{'a':[{'numeric':['>',10,'<=',20]}]}", "{'a':10}", false},
    {"{'a':[{'numeric':['>',10,'<=',20]}]}", "{'a':10.001}", true},
    {"{'a':[{'numeric':['>',10,'<=',20]}]}", "{'a':20}", true},
    {"{'a':[{'numeric':['>',10,'<=',20]}]}", "{'a':20.1}", false},
    {"{'a':[{'numeric':['>=',10,'<',20]}]}", "{'a':10}", true},
    {"{'a':[{'numeric':['>=',10,'<',20]}]}", "{'a':20}", false},
    {"{'a':[{'numeric':['<',-1]}]}", "{'a':-2}", true},
    {"{'a':[{'numeric':['<',-1]}]}", "{'a':-1}", false},
    {"{'a':[{'numeric':['>=',0.5]}]}", "{'a':0.5}", true},
    {"{'a':[{'numeric':['>',0]}]}", "{'a':true}", false},
    /* anything but */
    {"{'a':[{'anything-but':'x'}]}", "{'a':'y'}", true},
    {"{'a':[{'anything-but':'x'}]}", "{'a':'x'}", false},
    {"{'a':[{'anything-but':'x'}]}", "{}", false},
    {"{'a':[{'anything-but':'x'}]}", "{'a':5}", true},
    {"{'a':[{'anything-but':'x'}]}", "{'a':{'b':'y'}}", false},
    {"{'a':[{'anything-but':['x','y']}]}", "{'a':'y'}", false},
    {"{'a':[{'anything-but':['x','y']}]}", "{'a':'z'}", true},
    {"{'a':[{'anything-but':[1,2]}]}", "{'a':2}", false},
    {"{'a':[{'anything-but':[1,2]}]}", "{'a':2.0}", false},
    {"{'a':[{'anything-but':5}]}", "{'a':6}", true},
    /* exists */
    {"{'a':[{'exists':true}]}", "{'a':null}", true},
    {"{'a':[{'exists':true}]}", "{'b':1}", false},
    {"{'a':[{'exists':true}]}", "{'a':{'b':1}}", false},
    {"{'a':[{'exists':false}]}", "{'b':1}", true},
    {"{'a':[{'exists':false}]}", "{'a':''}", false},
    {"{'a':[{'exists':false}]}", "{'a':{'S':'x'}}", true},
    {"{'a':{'b':[{'exists':false}]}}", "{}", true},
    {"{'a':{'b':[{'exists':false}]}}", "{'a':5}", true},
    {"{'a':{'b':[{'exists':false}]}}", "{'a':{'b':5}}", false},
    {"{'a':{'b':[{'exists':false}],'c':[1]}}", "{'a':{'c':1}}", true},
    {"{'a':{'b':[{'exists':false}],'c':[1]}}", "{}", false},
    {"{'a':['x',{'exists':false}]}", "{}", true},
    /* lists in the record */
    {"{'a':['x']}", "{'a':['y','x']}", true},
    {"{'a':['x']}", "{'a':['y',['x']]}", true},
    {"{'a':['x']}", "{'a':[]}", false},
    {"{'a':['x']}", "{'a':[{'x':'x'},'x']}", true},
    {"{'a':[{'exists':true}]}", "{'a':[]}", false},
    {"{'a':[{'exists':false}]}", "{'a':[]}", true},
    {"{'a':[{'exists':false}]}", "{'a':[1]}", false},
    {"{'a':[{'exists':false}]}", "{'a':[{'b':1}]}", true},
    {"{'a':{'b':['x']}}", "{'a':[{'b':'y'},{'b':'x'}]}", true},
    {"{'a':{'b':['x'],'c':['y']}}", "{'a':[{'b':'x','c':'z'},{'b':'z','c':'y'}]}", false},
    {"{'a':{'b':['x'],'c':['y']}}", "{'a':[{'b':'z','c':'y'},{'b':'x','c':'y'}]}", true},
    {"{'a':{'b':['x']}}", "{'a':[]}", false},
    {"{'a':{'b':[{'exists':false}]}}", "{'a':[]}", true},
    /* the recorded cases */
    {"{'eventName':['INSERT','MODIFY']}", "{'eventName':'MODIFY'}", true},
    {"{'dynamodb':{'NewImage':{'presentKey':{'S':['presentValue']}}}}",
     "{'dynamodb':{'NewImage':{'id':{'S':'1'},'presentKey':{'S':'presentValue'}}}}", true},
    {"{'dynamodb':{'NewImage':{'presentKey':['presentValue']}}}", "{'dynamodb':{'NewImage':{'presentKey':{'S':'presentValue'}}}}", false},
    {"{'dynamodb':{'NewImage':{'presentKey':[{'exists':false}]}}}", "{'dynamodb':{'NewImage':{'presentKey':{'S':'presentValue'}}}}", true},
    {"{'dynamodb':{'NewImage':{'n':{'N':[{'numeric':['>',100]},{'anything-but':'101'}]}}}}", "{'dynamodb':{'NewImage':{'n':{'N':'42'}}}}", true},
    {"{'dynamodb':{'NewImage':{'n':{'N':[{'numeric':['>',100]},{'anything-but':'101'}]}}}}", "{'dynamodb':{'NewImage':{'n':{'N':'101'}}}}", false},
    {"{'dynamodb':{'ApproximateCreationDateTime':[{'numeric':['>',0]}]}}", "{'dynamodb':{'ApproximateCreationDateTime':1732300000.0}}", true},
    {"{'userIdentity':{'type':['Service'],'principalId':['dynamodb.amazonaws.com']}}",
     "{'userIdentity':{'principalId':'dynamodb.amazonaws.com','type':'Service'}}", true},
};

/* JSON with single quotes, for tables. */
static char *quoted(const char *text) {
    char *copy = strdup(text);
    for (char *at = copy; *at != 0; at++) {
        if (*at == '\'') *at = '"';
    }
    return copy;
}

Test(filter, matches_as_the_grammar_says) {
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        char *pattern = quoted(examples[i].pattern), *record = quoted(examples[i].record);
        const char *const patterns[] = {pattern};
        struct filter *filter;
        cr_assert_eq(compile(patterns, 1, &filter), LEAT_OK, "%s", pattern);
        cr_expect_eq(filter_passes(filter, slice_text(record)), examples[i].passes, "%s on %s", pattern, record);
        filter_free(filter);
        free(pattern);
        free(record);
    }
}

Test(filter, one_of_several_is_enough_and_none_lets_everything_through) {
    const char *const patterns[] = {"{\"a\":[1]}", "{\"a\":[2]}"};
    struct filter *filter;
    cr_assert_eq(compile(patterns, 2, &filter), LEAT_OK);
    cr_assert(filter_passes(filter, SLICE("{\"a\":1}")));
    cr_assert(filter_passes(filter, SLICE("{\"a\":2}")));
    cr_assert_not(filter_passes(filter, SLICE("{\"a\":3}")));
    filter_free(filter);
    cr_assert_eq(compile(patterns, 0, &filter), LEAT_OK);
    cr_assert_null(filter);
    cr_assert(filter_passes(filter, SLICE("{}")));
}

Test(filter, what_is_no_pattern_is_refused) {
    static const char *const wrong[] = {
        "", "simple string", "single-string", "null", "5", "[]", "'x'", "[{'eventName': ['INSERT'=123}]", "{", "{}",
        "{'a':['x']} x", "{'a':{}}", "{'eventSource':'aws:sqs'}", "{'a':5}", "{'a':null}", "{'a':true}", "{'eventSource':[]}",
        "{'a':[[]]}", "{'a':[['x']]}", "{'a':[{}]}", "{'a':['x',{}]}", "{'a':[{'b':['x']}]}", "{'a':[{'prefix':'x','suffix':'y'}]}",
        "{'a':[{'prefix':5}]}", "{'a':[{'prefix':['x']}]}", "{'a':[{'prefix':{'equals-ignore-case':'x'}}]}", "{'a':[{'suffix':null}]}",
        "{'a':[{'equals-ignore-case':['x']}]}", "{'a':{'prefix':'x'}}", "{'a':[{'exists':'true'}]}", "{'a':[{'exists':1}]}",
        "{'a':[{'exists':[true]}]}", "{'a':{'exists':true}}", "{'a':[{'numeric':5}]}", "{'a':[{'numeric':[]}]}",
        "{'a':[{'numeric':['>']}]}", "{'a':[{'numeric':['>','5']}]}", "{'a':[{'numeric':['!=',5]}]}", "{'a':[{'numeric':['',5]}]}",
        "{'a':[{'numeric':['<',5,'>',1]}]}", "{'a':[{'numeric':['>',5,'<',1]}]}", "{'a':[{'numeric':['>',5,'<',5]}]}",
        "{'a':[{'numeric':['>',1,'>',2]}]}", "{'a':[{'numeric':['=',1,'<',2]}]}", "{'a':[{'numeric':['>',1,'<',2,'<',3]}]}",
        "{'a':[{'numeric':['>',1,'']}]}", "{'a':[{'numeric':['>',1,'<']}]}", "{'a':[{'anything-but':[]}]}", "{'a':[{'anything-but':['x',5]}]}",
        "{'a':[{'anything-but':true}]}", "{'a':[{'anything-but':null}]}", "{'a':[{'anything-but':[['x']]}]}",
        "{'a':[{'anything-but':{'prefix':'x'}}]}", "{'a':[{'wildcard':'x*'}]}", "{'a':[{'cidr':'10.0.0.0/24'}]}", "{'a':[{'like':'x'}]}",
        "{'$or':[{'a':['x']}]}", "{'$or':[]}", "{'$or':[{'a':['x']},{'b':'y'}]}", "{'$or':[{'a':['x']},{}]}",
        "{'$or':[{'a':['x']},{'prefix':['y']}]}", "{'$or':[{'a':['x']},'y']}", "{'$or':'x'}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *pattern = quoted(wrong[i]);
        const char *const patterns[] = {pattern};
        struct filter *filter;
        cr_expect_eq(compile(patterns, 1, &filter), LEAT_INVALID_PARAMETER_VALUE, "%s", pattern);
        filter_free(filter);
        free(pattern);
    }
}

Test(filter, criteria_without_a_pattern_are_refused) {
    static const char *const wrong[] = {"{\"Filters\":[{}]}", "{\"Filters\":[{\"Pattern\":null}]}", "{\"Filters\":[5]}", "{\"Filters\":{}}", "[]", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct filter *filter;
        struct leat_fault fault;
        cr_expect_eq(filter_new(slice_text(wrong[i]), &filter, &fault), LEAT_INVALID_PARAMETER_VALUE, "%s", wrong[i]);
    }
}

Test(filter, deep_patterns_and_records_are_answered) {
    char pattern[5 * 200 + 1] = "", record[4096] = "";
    for (unsigned i = 0; i < 200; i++) strcat(pattern, "{\"a\":");
    const char *const patterns[] = {pattern};
    struct filter *filter;
    cr_assert_eq(compile(patterns, 1, &filter), LEAT_INVALID_PARAMETER_VALUE);
    const char *const shallow[] = {"{\"a\":[\"x\"]}"};
    cr_assert_eq(compile(shallow, 1, &filter), LEAT_OK);
    strcat(record, "{\"a\":");
    for (unsigned i = 0; i < 100; i++) strcat(record, "[");
    strcat(record, "\"x\"");
    for (unsigned i = 0; i < 100; i++) strcat(record, "]");
    strcat(record, "}");
    cr_assert(filter_passes(filter, slice_text(record)));
    filter_free(filter);
}
