#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/slice.h"
#include "item/item_json.h"
#include "transfer/format.h"
#include "transfer/ion.h"

struct scene {
    struct arena arena;
    struct buf item, text;
    struct leat_fault fault;
};

static void begin(struct scene *scene) {
    arena_init(&scene->arena, 64 << 20);
    buf_init(&scene->item, 16 << 20);
    buf_init(&scene->text, 64 << 20);
    fault_clear(&scene->fault);
}

static void end(struct scene *scene) {
    arena_fini(&scene->arena);
    buf_fini(&scene->item);
    buf_fini(&scene->text);
}

/* JSON with ' for " */
static void item_of(struct scene *scene, const char *json) {
    struct json_reader reader;
    char *copy = strdup(json);
    for (char *at = copy; *at != 0; at++)
        if (*at == '\'') *at = '"';
    json_reader_init(&reader, slice_text(copy), &scene->arena);
    cr_assert_eq(json_next(&reader), JSON_OBJECT);
    buf_clear(&scene->item);
    cr_assert_eq(item_from_json(&reader, &scene->item, &scene->fault), LEAT_OK, "%s: %s", json, scene->fault.message);
    free(copy);
}

static void expect_line(const char *json, const char *line) {
    struct scene scene;
    begin(&scene);
    item_of(&scene, json);
    transfer_write_item(TRANSFER_ION, buf_view(&scene.item), &scene.text);
    cr_assert(buf_ok(&scene.text));
    cr_assert(slice_is(buf_view(&scene.text), line), "%.*s is not %s", SLICE_FORMAT(buf_view(&scene.text)), line);
    end(&scene);
}

/* The item, written in either format and read back, is the same bytes. */
static void expect_round_trip(const char *json) {
    struct scene scene;
    struct buf again;
    begin(&scene);
    buf_init(&again, 16 << 20);
    item_of(&scene, json);
    transfer_write_item(TRANSFER_ION, buf_view(&scene.item), &scene.text);
    enum leat_code code = ion_read_item(buf_view(&scene.text), &scene.arena, &again, &scene.fault);
    cr_assert_eq(code, LEAT_OK, "%.*s: %s", SLICE_FORMAT(buf_view(&scene.text)), scene.fault.message);
    cr_assert(slice_equal(buf_view(&scene.item), buf_view(&again)), "%.*s", SLICE_FORMAT(buf_view(&scene.text)));
    buf_fini(&again);
    end(&scene);
}

static void expect_read(const char *text, const char *json) {
    struct scene scene;
    struct buf read;
    begin(&scene);
    buf_init(&read, 16 << 20);
    enum leat_code code = ion_read_item(slice_text(text), &scene.arena, &read, &scene.fault);
    cr_assert_eq(code, LEAT_OK, "%s: %s", text, scene.fault.message);
    item_of(&scene, json);
    cr_assert(slice_equal(buf_view(&scene.item), buf_view(&read)), "%s is not %s", text, json);
    buf_fini(&read);
    end(&scene);
}

static void expect_refused(const char *text, enum leat_code wanted) {
    struct scene scene;
    begin(&scene);
    buf_byte(&scene.item, 'x');
    enum leat_code code = ion_read_item(slice_text(text), &scene.arena, &scene.item, &scene.fault);
    cr_assert_eq(code, wanted, "%s: %s %s", text, fault_name(code), scene.fault.message);
    cr_assert_neq(scene.fault.message[0], 0);
    cr_assert_eq(scene.item.size, 1u);
    end(&scene);
}

/* The example of the Developer Guide, on one line. */
Test(ion, writes_what_aws_shows) {
    expect_line("{'Authors':{'SS':['Author1','Author2']},'Dimensions':{'S':'8.5 x 11.0 x 1.5'},'ISBN':{'S':'333-3333333333'},"
                "'Id':{'N':'103'},'InPublication':{'BOOL':false},'PageCount':{'N':'600'},'Price':{'N':'2000'},"
                "'ProductCategory':{'S':'Book'},'Title':{'S':'Book 103 Title'}}",
                "$ion_1_0 {Item:{Authors:$dynamodb_SS::[\"Author1\",\"Author2\"],Dimensions:\"8.5 x 11.0 x 1.5\","
                "ISBN:\"333-3333333333\",Id:103.,InPublication:false,PageCount:6d2,Price:2d3,ProductCategory:\"Book\","
                "Title:\"Book 103 Title\"}}\n");
}

Test(ion, writes_numbers_as_decimals) {
    expect_line("{'n':{'L':[{'N':'0'},{'N':'-1.5'},{'N':'0.00012'},{'N':'0.000000012'},{'N':'-0.5'},{'N':'1E125'}]}}",
                "$ion_1_0 {Item:{n:[0.,-1.5,0.00012,12d-9,-0.5,1d125]}}\n");
    expect_line("{'n':{'NS':['3','-20']}}", "$ion_1_0 {Item:{n:$dynamodb_NS::[-2d1,3.]}}\n");
}

Test(ion, quotes_names_that_are_no_identifiers) {
    expect_line("{'a b':{'NULL':true},'null':{'S':''},'$12':{'B':'aGk='},'it\\u0027s':{'M':{}},'0':{'BS':['AA==']}}",
                "$ion_1_0 {Item:{'$12':{{aGk=}},'0':$dynamodb_BS::[{{AA==}}],'a b':null,'it\\'s':{},'null':\"\"}}\n");
}

Test(ion, escapes_what_would_end_a_line) {
    expect_line("{'s':{'S':'a\\nb\\t\\u0001\\\\\\u0022'}}", "$ion_1_0 {Item:{s:\"a\\nb\\t\\x01\\\\\\\"\"}}\n");
}

Test(ion, round_trips_every_type) {
    expect_round_trip("{'s':{'S':'plain'},'e':{'S':''},'u':{'S':'\\u00e9\\u4e2d\\ud83d\\ude00'},'n':{'N':'12.5'},'b':{'B':'AAECAw=='},"
                      "'t':{'BOOL':true},'f':{'BOOL':false},'z':{'NULL':true},'l':{'L':[{'S':'x'},{'L':[]},{'N':'-7'}]},"
                      "'m':{'M':{'k':{'M':{}},'k 2':{'S':'v'}}},'ss':{'SS':['a','b\\n']},'ns':{'NS':['1','2.5']},'bs':{'BS':['AQ==','Ag==']},"
                      "'eb':{'B':''}}");
}

Test(ion, round_trips_numbers_to_the_limits) {
    expect_round_trip("{'n':{'L':[{'N':'12345678901234567890123456789012345678'},{'N':'-0.12345678901234567890123456789012345678'},"
                      "{'N':'9.9999999999999999999999999999999999999E125'},{'N':'1E-130'},{'N':'-9.9999999999999999999999999999999999999E125'},"
                      "{'N':'100000'},{'N':'0.1'},{'N':'1E38'}]}}");
}

Test(ion, round_trips_32_levels) {
    char json[1024] = "{'a':";
    for (int i = 0; i < 31; i++) strncat(json, "{'L':[", sizeof json - strlen(json) - 1);
    strncat(json, "{'S':'x'}", sizeof json - strlen(json) - 1);
    for (int i = 0; i < 31; i++) strncat(json, "]}", sizeof json - strlen(json) - 1);
    strncat(json, "}", sizeof json - strlen(json) - 1);
    expect_round_trip(json);
}

Test(ion, reads_comments_markers_and_what_is_beside_the_item) {
    expect_read("// a comment\n$ion_1_0 /* and one */ { Before:[1,{a:2}], Item : { a : 5 , \"b\":\"x\",} , Other: \"}\" }",
                "{'a':{'N':'5'},'b':{'S':'x'}}");
}

Test(ion, reads_integers_and_underscores) {
    expect_read("{Item:{a:5,b:0x1F,c:1_000.50,d:0b101,e:-12,f:1d+2,g:7.,h:7.d1}}",
                "{'a':{'N':'5'},'b':{'N':'31'},'c':{'N':'1000.5'},'d':{'N':'5'},'e':{'N':'-12'},'f':{'N':'100'},'g':{'N':'7'},'h':{'N':'70'}}");
}

Test(ion, reads_all_kinds_of_strings) {
    expect_read("{Item:{a:'''long '''  '''text''',b:\"\\u00e9\\x41\\U0001F600\\/\",c:\"one\\\nline\",'d':'''it's'''}}",
                "{'a':{'S':'long text'},'b':{'S':'\\u00e9A\\ud83d\\ude00/'},'c':{'S':'oneline'},'d':{'S':'it\\u0027s'}}");
}

Test(ion, reads_blobs_with_white_space_and_typed_nulls) {
    expect_read("{Item:{a:{{ aGVs bG8= }},b:null.string,c:null,d:x::y::\"s\"}}",
                "{'a':{'B':'aGVsbG8='},'b':{'NULL':true},'c':{'NULL':true},'d':{'S':'s'}}");
}

Test(ion, slashes_in_blobs_begin_no_comments) {
    expect_round_trip("{'a':{'B':'//8/'},'b':{'BS':['//NJ','/w==']}}");
    expect_read("{Item:{a:{{ //NJ\n}}}}", "{'a':{'B':'//NJ'}}");
}

Test(ion, the_last_of_equal_names_stays) { expect_read("{Item:{a:\"1\",a:\"2\"}}", "{'a':{'S':'2'}}"); }

Test(ion, refuses_types_that_items_do_not_have) {
    const char *const texts[] = {"{Item:{a:1e3}}",       "{Item:{a:nan}}", "{Item:{a:+inf}}",   "{Item:{a:2020-01-01T}}", "{Item:{a:symbol}}",
                                 "{Item:{a:'symbol'}}",  "{Item:{a:(1)}}", "{Item:{a:{{\"c\"}}}}", "{Other:{a:1}}",        "{Item:5}",
                                 "{Item:{a:$dynamodb_SS::[]}}", "{Item:{a:$dynamodb_SS::[1]}}", "{Item:{a:$dynamodb_NS::[1,1.0]}}",
                                 "{Item:{a:1d126}}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) expect_refused(texts[i], LEAT_VALIDATION);
}

Test(ion, refuses_what_is_not_ion) {
    const char *const texts[] = {"",          "{",         "{Item:{a:1}",   "{Item:{a:\"x}}", "{Item:{a:'''x''}}", "{Item:{a 1}}",
                                 "{Item:{a:1 b:2}}", "{Item:{a:{{??}}}}", "{Item:{a:\"\\q\"}}", "{Item:{a:\"\\ud800\"}}", "{Item:{a:1}} x",
                                 "[1]",       "{Item:{a:12x}}", "{Item:{/* a:1}}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) expect_refused(texts[i], LEAT_SERIALIZATION);
}

Test(ion, writes_changes) {
    struct scene scene;
    struct buf keys;
    begin(&scene);
    item_of(&scene, "{'k':{'S':'1'}}");
    buf_init(&keys, 1024);
    buf_slice(&keys, buf_view(&scene.item));
    item_of(&scene, "{'k':{'S':'1'},'v':{'N':'2'}}");
    const struct transfer_change change = {.written_us = 1684374845117899, .keys = buf_view(&keys), .new_image = buf_view(&scene.item)};
    transfer_write_change(TRANSFER_ION, &change, &scene.text);
    transfer_write_change(TRANSFER_DYNAMODB_JSON, &change, &scene.text);
    cr_assert(slice_is(buf_view(&scene.text),
                       "$ion_1_0 {Record:{Metadata:{WriteTimestampMicros:1684374845117899.},Keys:{k:\"1\"},NewImage:{k:\"1\",v:2.}}}\n"
                       "{\"Metadata\":{\"WriteTimestampMicros\":{\"N\":\"1684374845117899\"}},\"Keys\":{\"k\":{\"S\":\"1\"}},"
                       "\"NewImage\":{\"k\":{\"S\":\"1\"},\"v\":{\"N\":\"2\"}}}\n"),
              "%.*s", SLICE_FORMAT(buf_view(&scene.text)));
    buf_fini(&keys);
    end(&scene);
}
