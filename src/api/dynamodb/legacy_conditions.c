/* Expected, QueryFilter, ScanFilter and KeyConditions: comparisons of one attribute with constants, joined by AND or OR. */
#include "api/dynamodb/legacy.h"
#include "base/slice.h"

#define INVALID "One or more parameter values were invalid: "

static const struct api_choice comparison_choices[] = {
    {"IN", DYNAMODB_IN},           {"NULL", DYNAMODB_NULL}, {"BETWEEN", DYNAMODB_BETWEEN},
    {"LT", DYNAMODB_LT},           {"NOT_CONTAINS", DYNAMODB_NOT_CONTAINS}, {"EQ", DYNAMODB_EQ},
    {"GT", DYNAMODB_GT},           {"NOT_NULL", DYNAMODB_NOT_NULL}, {"NE", DYNAMODB_NE},
    {"LE", DYNAMODB_LE},           {"BEGINS_WITH", DYNAMODB_BEGINS_WITH}, {"GE", DYNAMODB_GE},
    {"CONTAINS", DYNAMODB_CONTAINS}, {NULL, 0}};
const struct api_choice dynamodb_operator_choices[] = {{"OR", DYNAMODB_OR}, {"AND", DYNAMODB_AND}, {NULL, 0}};

static const struct api_field value_element = {.name = "", .kind = API_VALUE};
static const struct api_field condition_fields[] = {
    API_FIELD(struct dynamodb_condition, values, "AttributeValueList", API_LIST, .element = &value_element,
              .size = sizeof(struct leat_slice)),
    API_FIELD(struct dynamodb_condition, comparison, "ComparisonOperator", API_ENUM, .required = true, .choices = comparison_choices),
    API_FIELDS_END,
};
static const struct api_field expected_fields[] = {
    API_FIELD(struct dynamodb_condition, values, "AttributeValueList", API_LIST, .element = &value_element,
              .size = sizeof(struct leat_slice)),
    API_FIELD(struct dynamodb_condition, comparison, "ComparisonOperator", API_ENUM, .choices = comparison_choices),
    API_FIELD(struct dynamodb_condition, exists, "Exists", API_BOOLEAN),
    API_FIELD(struct dynamodb_condition, value, "Value", API_VALUE),
    API_FIELDS_END,
};
const struct api_field dynamodb_condition_element = {.name = "", .kind = API_STRUCT, .fields = condition_fields, .type = "Condition"};
const struct api_field dynamodb_expected_element = {
    .name = "", .kind = API_STRUCT, .fields = expected_fields, .type = "ExpectedAttributeValue"};

enum {
    IN_MAX = 100, /* operands of one IN in an expression */
    KIND_ORDERED = 1 << ITEM_S | 1 << ITEM_N | 1 << ITEM_B,
    KIND_SCALAR = KIND_ORDERED | 1 << ITEM_BOOL | 1 << ITEM_NULL,
    KIND_TEXT = 1 << ITEM_S | 1 << ITEM_B,
    KIND_ANY = 0xffff
};

/* What each comparison takes, and the expression that says the same. Developer Guide, "Expected (legacy)". */
static const struct comparison {
    size_t least, most; /* values */
    unsigned kinds;     /* that they may have: bits by type */
    bool of_keys;       /* may be asked of a key */
    const char *form;
} comparisons[] = {
    [DYNAMODB_EQ] = {1, 1, KIND_ANY, true, "# = :"},
    [DYNAMODB_NE] = {1, 1, KIND_ANY, false, "# <> :"},
    [DYNAMODB_LE] = {1, 1, KIND_ORDERED, true, "# <= :"},
    [DYNAMODB_LT] = {1, 1, KIND_ORDERED, true, "# < :"},
    [DYNAMODB_GE] = {1, 1, KIND_ORDERED, true, "# >= :"},
    [DYNAMODB_GT] = {1, 1, KIND_ORDERED, true, "# > :"},
    [DYNAMODB_NOT_NULL] = {0, 0, KIND_ANY, false, "attribute_exists(#)"},
    [DYNAMODB_NULL] = {0, 0, KIND_ANY, false, "attribute_not_exists(#)"},
    [DYNAMODB_CONTAINS] = {1, 1, KIND_SCALAR, false, "contains(#, :)"},
    [DYNAMODB_NOT_CONTAINS] = {1, 1, KIND_SCALAR, false, "NOT contains(#, :)"},
    [DYNAMODB_BEGINS_WITH] = {1, 1, KIND_TEXT, true, "begins_with(#, :)"},
    [DYNAMODB_IN] = {1, API_ELEMENTS_MAX, KIND_ORDERED, false, NULL},
    [DYNAMODB_BETWEEN] = {2, 2, KIND_ORDERED, true, "# BETWEEN : AND :"},
};

/* ---- checks ---- */

enum leat_code dynamodb_check_operator(const struct api_enum *conditional_operator, const struct api_list *conditions,
                                       struct leat_fault *fault) {
    if (conditional_operator->text.data == NULL || conditions->count > 1) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION,
                     conditions->count == 0 ? "ConditionalOperator cannot be used without Filter or Expected"
                                            : "ConditionalOperator can only be used when Filter or Expected has two or more elements");
}

static enum leat_code check_types(const struct api_enum *comparison, const struct leat_slice *values, size_t count,
                                  struct leat_fault *fault) {
    for (size_t i = 1; i < count; i++)
        if (item_value_at(values[i]).type != item_value_at(values[0]).type)
            return fault_set(fault, LEAT_VALIDATION, INVALID "AttributeValues inside AttributeValueList must be of same type");
    enum item_type type = count == 0 ? ITEM_ABSENT : item_value_at(values[0]).type;
    if (count == 0 || (comparisons[comparison->value].kinds & 1u << type) != 0) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION, INVALID "ComparisonOperator %.*s is not valid for %s AttributeValue type",
                     SLICE_FORMAT(comparison->text), item_type_name(type));
}

static enum leat_code check_values(const struct api_enum *comparison, const struct leat_slice *values, size_t count,
                                   struct leat_fault *fault) {
    const struct comparison *rule = &comparisons[comparison->value];
    for (size_t i = 0; i < count; i++)
        if (values[i].data == NULL) /* null in the list */
            return fault_set(fault, LEAT_VALIDATION,
                             "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
    if (count < rule->least || count > rule->most)
        return fault_set(fault, LEAT_VALIDATION, INVALID "Invalid number of argument(s) for the %.*s ComparisonOperator",
                         SLICE_FORMAT(comparison->text));
    TRY(check_types(comparison, values, count, fault));
    if (comparison->value == DYNAMODB_BETWEEN &&
        slice_compare(item_value_at(values[0]).payload, item_value_at(values[1]).payload) > 0) /* numbers compare as bytes too */
        return fault_set(fault, LEAT_VALIDATION,
                         "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound");
    return LEAT_OK;
}

enum leat_code dynamodb_check_conditions(const struct api_list *conditions, struct leat_fault *fault) {
    const struct dynamodb_condition *condition = conditions->elements;
    for (size_t i = 0; i < conditions->count; i++, condition++)
        TRY(check_values(&condition->comparison, condition->values.elements, condition->values.count, fault));
    return LEAT_OK;
}

static enum leat_code wrong(const struct dynamodb_condition *condition, const char *words, struct leat_fault *fault) {
    return fault_set(fault, LEAT_VALIDATION, INVALID "%s for Attribute: %.*s", words, SLICE_FORMAT(condition->name));
}

static enum leat_code check_compared(const struct dynamodb_condition *condition, struct leat_fault *fault) {
    int comparison = condition->comparison.value;
    if (condition->exists.given) return wrong(condition, "Exists and ComparisonOperator cannot be used together", fault);
    bool none = comparison == DYNAMODB_NULL || comparison == DYNAMODB_NOT_NULL;
    if (!none && !condition->values.given && condition->value.data == NULL)
        return fault_set(fault, LEAT_VALIDATION,
                         INVALID "Value or AttributeValueList must be used with ComparisonOperator: %.*s for Attribute: %.*s",
                         SLICE_FORMAT(condition->comparison.text), SLICE_FORMAT(condition->name));
    if (condition->value.data != NULL) return check_values(&condition->comparison, &condition->value, 1, fault);
    return check_values(&condition->comparison, condition->values.elements, condition->values.count, fault);
}

static enum leat_code check_existing(const struct dynamodb_condition *condition, struct leat_fault *fault) {
    bool absent = condition->exists.given && !condition->exists.value;
    if (condition->values.given) return wrong(condition, "AttributeValueList can only be used with a ComparisonOperator", fault);
    if (absent && condition->value.data != NULL) return wrong(condition, "Value cannot be used when Exists is false", fault);
    if (absent || condition->value.data != NULL) return LEAT_OK;
    if (condition->exists.given) return wrong(condition, "Value must be provided when Exists is true", fault);
    return wrong(condition, "Value must be provided when Exists is null", fault);
}

enum leat_code dynamodb_check_expected(const struct api_list *conditions, struct leat_fault *fault) {
    const struct dynamodb_condition *condition = conditions->elements;
    for (size_t i = 0; i < conditions->count; i++, condition++) {
        if (condition->values.given && condition->value.data != NULL)
            return wrong(condition, "Value and AttributeValueList cannot be used together", fault);
        TRY(condition->comparison.text.data != NULL ? check_compared(condition, fault) : check_existing(condition, fault));
    }
    return LEAT_OK;
}

/* ---- translation ---- */

/* An expression's IN takes no more than a hundred operands; this one may have more. */
static void write_in(struct dynamodb_translation *translation, struct buf *text, const struct dynamodb_condition *condition,
                     const struct leat_slice *values, size_t count) {
    bool several = count > IN_MAX;
    if (several) buf_byte(text, '(');
    for (size_t i = 0; i < count; i++) {
        bool first = i % IN_MAX == 0, last = (i + 1) % IN_MAX == 0 || i + 1 == count;
        if (first) dynamodb_translate_form(translation, text, i == 0 ? "# IN (" : " OR # IN (", condition->name, NULL);
        dynamodb_translate_form(translation, text, first ? ":" : ",:", condition->name, &values[i]);
        if (last) buf_byte(text, ')');
    }
    if (several) buf_byte(text, ')');
}

static void write_condition(struct dynamodb_translation *translation, struct buf *text, const struct dynamodb_condition *condition) {
    int comparison = condition->comparison.value;
    bool listed = condition->values.count > 0;
    const struct leat_slice *values = listed ? condition->values.elements : &condition->value;
    if (comparison == 0) comparison = condition->value.data != NULL ? DYNAMODB_EQ : DYNAMODB_NULL; /* Expected with Exists */
    if (comparison == DYNAMODB_IN) write_in(translation, text, condition, values, listed ? condition->values.count : 1);
    else dynamodb_translate_form(translation, text, comparisons[comparison].form, condition->name, values);
}

static void write_group(struct dynamodb_translation *translation, struct buf *text, const void *const *conditions, size_t count,
                        const char *between);

/* Halves, so that a thousand conditions nest ten deep and not a thousand. */
static void write_joined(struct dynamodb_translation *translation, struct buf *text, const void *const *conditions, size_t count,
                         const char *between) {
    size_t half = count / 2;
    write_group(translation, text, conditions, half, between);
    buf_append(text, between, strlen(between));
    write_group(translation, text, conditions + half, count - half, between);
}

static void write_group(struct dynamodb_translation *translation, struct buf *text, const void *const *conditions, size_t count,
                        const char *between) {
    if (count == 1) {
        write_condition(translation, text, conditions[0]);
        return;
    }
    buf_byte(text, '(');
    write_joined(translation, text, conditions, count, between);
    buf_byte(text, ')');
}

struct leat_slice dynamodb_translate_conditions(struct dynamodb_translation *translation, const struct api_list *conditions,
                                                int joined_by) {
    const void *const *sorted = NULL;
    size_t count = dynamodb_translate_sort(translation, conditions, sizeof(struct dynamodb_condition), &sorted);
    struct buf text;
    buf_init(&text, DYNAMODB_TRANSLATION_BYTES_MAX);
    if (count == 1) write_condition(translation, &text, sorted[0]);
    if (count > 1) write_joined(translation, &text, sorted, count, joined_by == DYNAMODB_OR ? " OR " : " AND ");
    return dynamodb_translate_keep(translation, &text);
}

/* A comparison that no key can answer is found late: after the table, its index and the names have been looked at. So it goes down as
 * an equality that cannot be (no key is NULL), and that fault is reworded. */
struct leat_slice dynamodb_translate_keys(struct dynamodb_translation *translation, const struct api_list *conditions) {
    static const uint8_t null[] = {ITEM_NULL, 0};
    static const struct leat_slice impossible = {null, sizeof null};
    const void *const *sorted = NULL;
    size_t count = dynamodb_translate_sort(translation, conditions, sizeof(struct dynamodb_condition), &sorted);
    struct buf text;
    buf_init(&text, DYNAMODB_TRANSLATION_BYTES_MAX);
    if (translation->code == LEAT_OK && (count == 0 || count > 2))
        translation->code = fault_set(translation->fault, LEAT_VALIDATION, "Conditions can be of length 1 or 2 only");
    for (size_t i = 0; i < count && translation->code == LEAT_OK; i++) {
        const struct dynamodb_condition *condition = sorted[i];
        if (i > 0) buf_append(&text, " AND ", 5);
        if (comparisons[condition->comparison.value].of_keys) write_condition(translation, &text, condition);
        else dynamodb_translate_form(translation, &text, "# = :", condition->name, &impossible);
    }
    return dynamodb_translate_keep(translation, &text);
}

bool dynamodb_keys_indexable(const struct api_list *conditions) {
    const struct dynamodb_condition *condition = conditions->elements;
    for (size_t i = 0; i < conditions->count; i++)
        if (!comparisons[condition[i].comparison.value].of_keys) return false;
    return true;
}
