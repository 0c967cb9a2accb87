/* Declared fields: decoding, and AWS's words for what is wrong. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "api/fields.h"
#include "base/slice.h"
#include "item/value.h"

enum { ARENA_BYTES_MAX = 1 << 22 };

struct throughput { struct api_integer read, write; };
struct element { struct leat_slice name; struct api_enum type; };
struct entry { struct leat_slice key; struct api_list names; };
struct input {
    struct leat_slice table, item, names, values, blob, raw, value;
    struct api_enum returns;
    struct api_integer limit, at;
    struct api_boolean consistent;
    struct throughput *throughput;
    struct api_list schema, map;
};

static const struct api_choice returns_choices[] = {{"ALL_OLD", 1}, {"NONE", 0}, {NULL, 0}};
static const struct api_choice type_choices[] = {{"HASH", 1}, {"RANGE", 2}, {NULL, 0}};
static const struct api_field throughput_fields[] = {
    API_FIELD(struct throughput, read, "ReadCapacityUnits", API_INTEGER, .required = true, .min = 1),
    API_FIELD(struct throughput, write, "WriteCapacityUnits", API_INTEGER, .required = true, .min = 1),
    API_FIELDS_END,
};
static const struct api_field element_fields[] = {
    API_FIELD(struct element, name, "AttributeName", API_STRING, .required = true, .min = 1, .max = 255),
    API_FIELD(struct element, type, "KeyType", API_ENUM, .required = true, .choices = type_choices),
    API_FIELDS_END,
};
static const struct api_field element = {.name = "", .kind = API_STRUCT, .fields = element_fields, .type = "KeySchemaElement"};
static const struct api_field string_element = {.name = "", .kind = API_STRING, .min = 1};
static const struct api_field names_element = {
    .name = "", .kind = API_LIST, .offset = offsetof(struct entry, names), .element = &string_element, .size = sizeof(struct leat_slice),
    .max = 2};
static const struct api_field input_fields[] = {
    API_FIELD(struct input, table, "TableName", API_STRING, .required = true, .alone = true, .or_arn = true, .min = 1, .max = 255,
              .pattern = "[a-zA-Z0-9_.-]+"),
    API_FIELD(struct input, item, "Item", API_ITEM, .required = true),
    API_FIELD(struct input, names, "ExpressionAttributeNames", API_NAMES),
    API_FIELD(struct input, values, "ExpressionAttributeValues", API_VALUES),
    API_FIELD(struct input, blob, "Blob", API_BLOB),
    API_FIELD(struct input, raw, "Raw", API_RAW),
    API_FIELD(struct input, returns, "ReturnValues", API_ENUM, .choices = returns_choices),
    API_FIELD(struct input, limit, "Limit", API_INTEGER, .min = 1, .max = 100),
    API_FIELD(struct input, at, "At", API_TIMESTAMP),
    API_FIELD(struct input, consistent, "ConsistentRead", API_BOOLEAN),
    API_FIELD(struct input, throughput, "ProvisionedThroughput", API_STRUCT, .fields = throughput_fields,
              .size = sizeof(struct throughput), .type = "ProvisionedThroughput"),
    API_FIELD(struct input, schema, "KeySchema", API_LIST, .element = &element, .size = sizeof(struct element), .min = 1, .max = 2),
    API_FIELD(struct input, map, "Map", API_MAP, .element = &names_element, .size = sizeof(struct entry)),
    API_FIELD(struct input, value, "Value", API_VALUE),
    API_FIELDS_END,
};

static struct arena arena;
static struct api_decoder decoder;
static struct input input;
static struct leat_fault fault;
static struct buf message;

static void setup(void) {
    arena_init(&arena, ARENA_BYTES_MAX);
    buf_init(&message, 1 << 20);
}
static void teardown(void) {
    api_decoder_fini(&decoder);
    buf_fini(&message);
    arena_fini(&arena);
}
TestSuite(api_fields, .init = setup, .fini = teardown);

static enum leat_code decode(const char *json) {
    cr_assert_eq(api_decoder_init(&decoder, &arena, strlen(json), &fault), LEAT_OK);
    return api_decode(&decoder, input_fields, slice_text(json), &input, &fault);
}

static const char *complaint(const char *json) {
    enum leat_code code = decode(json);
    cr_assert_eq(code, LEAT_OK, "%s", fault.message);
    if (api_validate(input_fields, &input, &message) == LEAT_OK) return "";
    buf_byte(&message, 0);
    return (const char *)message.data;
}

#define GOOD "\"TableName\":\"abc\",\"Item\":{}"
static void cr_expect_text(struct leat_slice text, const char *wanted) {
    cr_expect(slice_is(text, wanted), "'%.*s' is not '%s'", SLICE_FORMAT(text), wanted);
}

Test(api_fields, decodes_every_kind_into_the_struct) {
    cr_assert_eq(decode("{\"TableName\":\"t\",\"Item\":{\"a\":{\"S\":\"x\"}},\"Unknown\":[{\"deep\":[1,2]}],\"Blob\":\"aGk=\",\"Raw\":{\"b\": [1]},"
                        "\"ReturnValues\":\"ALL_OLD\",\"Limit\":7,\"At\":12.5,\"ConsistentRead\":true,"
                        "\"ProvisionedThroughput\":{\"ReadCapacityUnits\":1,\"WriteCapacityUnits\":2},"
                        "\"KeySchema\":[{\"AttributeName\":\"p\",\"KeyType\":\"HASH\"},{\"AttributeName\":\"s\",\"KeyType\":\"RANGE\"}],"
                        "\"Map\":{\"k\":[\"v\",\"w\"]}}"),
                 LEAT_OK, "%s", fault.message);
    cr_expect_text(input.table, "t");
    struct item_value value;
    cr_assert(item_find(input.item, SLICE("a"), &value));
    cr_expect_text(value.payload, "x");
    cr_expect_text(input.blob, "hi");
    cr_expect_text(input.raw, "{\"b\": [1]}");
    cr_expect_eq(input.returns.value, 1);
    cr_expect(input.limit.given && input.limit.value == 7);
    cr_expect(input.at.given && input.at.value == 12500);
    cr_expect(input.consistent.given && input.consistent.value);
    cr_assert_not_null(input.throughput);
    cr_expect_eq(input.throughput->write.value, 2);
    cr_assert_eq(input.schema.count, 2);
    cr_expect_text(((struct element *)input.schema.elements)[1].name, "s");
    cr_expect_eq(((struct element *)input.schema.elements)[1].type.value, 2);
    cr_assert_eq(input.map.count, 1);
    struct entry *entry = input.map.elements;
    cr_expect_text(entry->key, "k");
    cr_expect_text(((struct leat_slice *)entry->names.elements)[1], "w");
}

Test(api_fields, null_is_absent) {
    cr_expect_str_eq(complaint("{" GOOD ",\"Limit\":null,\"KeySchema\":null,\"ReturnValues\":null}"), "");
    cr_expect(!input.limit.given && !input.schema.given);
}

Test(api_fields, names_and_values_become_items) {
    cr_assert_eq(decode("{\"ExpressionAttributeNames\":{\"#b\":\"x\",\"#a\":\"y\"},\"ExpressionAttributeValues\":{\":v\":{\"N\":\"1\"}}}"),
                 LEAT_OK);
    struct item_value value;
    cr_assert(item_find(input.names, SLICE("#a"), &value));
    cr_expect_text(value.payload, "y");
    cr_assert(item_find(input.values, SLICE(":v"), &value));
    cr_expect_eq(value.type, ITEM_N);
}

Test(api_fields, one_attribute_value_keeps_its_type) {
    cr_assert_eq(decode("{\"Value\":{\"SS\":[\"b\",\"a\"]},\"TableName\":\"after\"}"), LEAT_OK);
    struct item_value value = item_value_at(input.value);
    cr_expect_eq(value.type, ITEM_SS);
    cr_expect(item_set_has(value.payload, SLICE("a")));
    cr_expect_text(input.table, "after");
}

Test(api_fields, one_bad_attribute_value_is_kept_for_later_and_still_given) {
    cr_assert_eq(decode("{\"Value\":{\"N\":\"x\"},\"TableName\":\"after\"}"), LEAT_OK);
    cr_expect_eq(decoder.item_code, LEAT_VALIDATION);
    cr_expect_not_null(input.value.data);
    cr_expect_text(input.table, "after");
}

Test(api_fields, missing_members_are_listed) {
    cr_expect_str_eq(complaint("{}"), "2 validation errors detected: Value null at 'tableName' failed to satisfy constraint: Member must not be "
                                      "null; Value null at 'item' failed to satisfy constraint: Member must not be null");
}

Test(api_fields, one_violation_is_singular) {
    cr_expect_str_eq(complaint("{\"TableName\":\"abc\"}"),
                     "1 validation error detected: Value null at 'item' failed to satisfy constraint: Member must not be null");
}

Test(api_fields, lengths_and_values_are_bounded) {
    cr_expect_str_eq(complaint("{" GOOD ",\"Limit\":0,\"KeySchema\":[]}"),
                     "2 validation errors detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or "
                     "equal to 1; Value '[]' at 'keySchema' failed to satisfy constraint: Member must have length greater than or equal to 1");
}

Test(api_fields, upper_bounds_too) {
    cr_expect_str_eq(complaint("{" GOOD ",\"Limit\":101}"), "1 validation error detected: Value '101' at 'limit' failed to satisfy constraint: "
                                                            "Member must have value less than or equal to 100");
}

Test(api_fields, enum_sets_are_listed_in_order) {
    cr_expect_str_eq(complaint("{" GOOD ",\"ReturnValues\":\"x\"}"), "1 validation error detected: Value 'x' at 'returnValues' failed to satisfy "
                                                                     "constraint: Member must satisfy enum value set: [ALL_OLD, NONE]");
}

Test(api_fields, a_name_that_is_wrong_is_told_alone) {
    cr_expect_str_eq(complaint("{\"TableName\":\"x!\",\"ReturnValues\":\"x\"}"),
                     "1 validation error detected: Value 'x!' at 'tableName' failed to satisfy constraint: Member must satisfy regular "
                     "expression pattern: [a-zA-Z0-9_.-]+");
}

Test(api_fields, an_empty_name_is_too_short) {
    cr_expect_str_eq(complaint("{\"TableName\":\"\",\"Item\":{}}"), "1 validation error detected: Value '' at 'tableName' failed to satisfy "
                                                                    "constraint: Member must have length greater than or equal to 1");
}

Test(api_fields, an_arn_is_not_held_to_the_pattern_of_names) {
    cr_expect_str_eq(complaint("{\"TableName\":\"arn:aws:dynamodb:us-east-1:000000000000:table/a\",\"Item\":{}}"), "");
}

Test(api_fields, members_of_lists_have_places) {
    cr_expect_str_eq(complaint("{" GOOD ",\"KeySchema\":[{\"AttributeName\":\"p\",\"KeyType\":\"HASH\"},{\"KeyType\":\"X\"}]}"),
                     "2 validation errors detected: Value null at 'keySchema.2.member.attributeName' failed to satisfy constraint: Member must "
                     "not be null; Value 'X' at 'keySchema.2.member.keyType' failed to satisfy constraint: Member must satisfy enum value set: "
                     "[HASH, RANGE]");
}

Test(api_fields, lists_are_printed_as_java_prints_them) {
    const char *one = "{\"AttributeName\":\"p\",\"KeyType\":\"HASH\"}";
    char json[512];
    snprintf(json, sizeof json, "{" GOOD ",\"KeySchema\":[%s,%s,%s]}", one, one, one);
#define ONE "KeySchemaElement(attributeName=p, keyType=HASH)"
    cr_expect_str_eq(complaint(json), "1 validation error detected: Value '[" ONE ", " ONE ", " ONE "]' at 'keySchema' failed to satisfy "
                                      "constraint: Member must have length less than or equal to 2");
}

Test(api_fields, members_of_maps_have_their_key) {
    cr_expect_str_eq(complaint("{" GOOD ",\"Map\":{\"K\":[\"\"]}}"),
                     "1 validation error detected: Value '' at 'map.K.member.1.member' failed to satisfy constraint: Member must have length "
                     "greater than or equal to 1");
}

Test(api_fields, members_of_structs_have_paths) {
    cr_expect_str_eq(complaint("{" GOOD ",\"ProvisionedThroughput\":{\"ReadCapacityUnits\":0,\"WriteCapacityUnits\":1}}"),
                     "1 validation error detected: Value '0' at 'provisionedThroughput.readCapacityUnits' failed to satisfy constraint: Member "
                     "must have value greater than or equal to 1");
}

Test(api_fields, wrong_json_types_are_serialization_faults) {
    static const struct { const char *json, *words; } cases[] = {
        {"{\"TableName\":1}", "NUMBER_VALUE cannot be converted to String"},
        {"{\"TableName\":true}", "TRUE_VALUE cannot be converted to String"},
        {"{\"TableName\":[]}", "Unrecognized collection type class java.lang.String"},
        {"{\"TableName\":{}}", "Start of structure or map found where not expected"},
        {"{\"Limit\":\"1\"}", "STRING_VALUE cannot be converted to Integer"},
        {"{\"ConsistentRead\":\"maybe\"}", "Unexpected token received from parser"},
        {"{\"KeySchema\":{}}", "Start of structure or map found where not expected"},
        {"{\"KeySchema\":\"\"}", "Unexpected field type"},
        {"{\"KeySchema\":[1]}", "Unexpected value type in payload"},
        {"{\"ProvisionedThroughput\":[]}", "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.ProvisionedThroughput"},
        {"{\"Blob\":\"a\"}", "Invalid Base64 value"},
        {"[]", "Unexpected value type in payload"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(decode(cases[i].json), LEAT_SERIALIZATION, "%s", cases[i].json);
        cr_expect_str_eq(fault.message, cases[i].words);
        api_decoder_fini(&decoder);
    }
}

Test(api_fields, broken_json_is_a_serialization_fault) {
    static const char *const cases[] = {"", "{", "{\"TableName\"}", "{\"TableName\":\"a\"} x", "{\"KeySchema\":[", "{\"Map\":{\"a\":["};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(decode(cases[i]), LEAT_SERIALIZATION, "%s", cases[i]);
        api_decoder_fini(&decoder);
    }
}

Test(api_fields, a_bad_attribute_value_is_kept_for_later_and_the_rest_is_read) {
    cr_assert_eq(decode("{\"Item\":{\"a\":{\"N\":\"x\"},\"b\":{\"S\":\"\"}},\"TableName\":\"after\"}"), LEAT_OK);
    cr_expect_eq(decoder.item_code, LEAT_VALIDATION);
    cr_expect_text(input.table, "after");
}

Test(api_fields, a_bad_expression_value_is_named) {
    cr_assert_eq(decode("{\"ExpressionAttributeValues\":{\":v\":{\"SS\":[]},\":w\":{\"S\":\"\"}}}"), LEAT_OK);
    cr_expect_eq(decoder.values_code, LEAT_VALIDATION);
    const char *words = decoder.values_fault.message;
    cr_expect_not_null(strstr(words, "ExpressionAttributeValues contains invalid value: "), "%s", words);
    cr_expect_not_null(strstr(words, " for key :v"), "%s", words);
}

Test(api_fields, text_from_paths_and_queries) {
    cr_assert_eq(api_decoder_init(&decoder, &arena, 0, &fault), LEAT_OK);
    cr_expect_eq(api_decode_text(&decoder, &input_fields[7], SLICE("42"), &input, &fault), LEAT_OK);
    cr_expect(input.limit.given && input.limit.value == 42);
    cr_expect_eq(api_decode_text(&decoder, &input_fields[7], SLICE("4x"), &input, &fault), LEAT_SERIALIZATION);
    cr_expect_eq(api_decode_text(&decoder, &input_fields[9], SLICE("true"), &input, &fault), LEAT_OK);
    cr_expect(input.consistent.value);
    cr_expect_eq(api_decode_text(&decoder, &input_fields[0], SLICE("name"), &input, &fault), LEAT_OK);
    cr_expect_text(input.table, "name");
}

Test(api_pattern, matches_whole_texts) {
    static const struct { const char *pattern, *text; bool matches; } cases[] = {
        {"[a-z]+", "abc", true},      {"[a-z]+", "", false},          {"[a-z]+", "abC", false},    {"[a-z]*", "", true},
        {"a[0-9]*b", "ab", true},     {"a[0-9]*b", "a12b", true},     {"a[0-9]*b", "a12", false},  {"[a-b]*b", "abb", true},
        {"[a-zA-Z0-9_.-]+", "a-b_c.D9", true}, {"[a-zA-Z0-9_.-]+", "a/b", false}, {"[a-z]", "ab", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(api_pattern_matches(cases[i].pattern, slice_text(cases[i].text)), cases[i].matches, "%s on '%s'", cases[i].pattern,
                     cases[i].text);
}
