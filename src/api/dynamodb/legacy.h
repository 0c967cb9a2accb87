/* The parameters that expressions replaced: AttributesToGet, AttributeUpdates, Expected, KeyConditions, QueryFilter, ScanFilter and
 * ConditionalOperator. They are declared as fields, checked here, and translated into the expressions of leat.h; nothing below knows
 * of them. What the expressions word differently is reworded on the way back.
 * Source: DynamoDB Developer Guide, "Legacy DynamoDB conditional parameters". */
#ifndef API_DYNAMODB_LEGACY_H
#define API_DYNAMODB_LEGACY_H

#include "api/fields.h"
#include "item/value.h"

/* ---- as decoded ---- */

enum dynamodb_comparison {
    DYNAMODB_EQ = 1, DYNAMODB_NE, DYNAMODB_LE, DYNAMODB_LT, DYNAMODB_GE, DYNAMODB_GT, DYNAMODB_NOT_NULL, DYNAMODB_NULL,
    DYNAMODB_CONTAINS, DYNAMODB_NOT_CONTAINS, DYNAMODB_BEGINS_WITH, DYNAMODB_IN, DYNAMODB_BETWEEN
};
/* An entry of KeyConditions, QueryFilter, ScanFilter or Expected. */
struct dynamodb_condition {
    struct leat_slice name;
    struct api_enum comparison;
    struct api_list values;    /* of struct leat_slice: encoded values */
    struct leat_slice value;   /* Expected only, like exists */
    struct api_boolean exists;
};
enum dynamodb_action { DYNAMODB_PUT = 1, DYNAMODB_ADD, DYNAMODB_DELETE };
/* An entry of AttributeUpdates. */
struct dynamodb_attribute_update {
    struct leat_slice name;
    struct api_enum action; /* absent: PUT */
    struct leat_slice value;
};
enum { DYNAMODB_AND = 1, DYNAMODB_OR = 2 };

extern const struct api_field dynamodb_condition_element, dynamodb_expected_element, dynamodb_attribute_update_element;
extern const struct api_field dynamodb_attribute_name_element;
extern const struct api_choice dynamodb_operator_choices[];

#define DYNAMODB_CONDITIONS(structure, member, wire_name) \
    API_FIELD(structure, member, wire_name, API_MAP, .element = &dynamodb_condition_element, .size = sizeof(struct dynamodb_condition))
#define DYNAMODB_OPERATOR(structure) \
    API_FIELD(structure, conditional_operator, "ConditionalOperator", API_ENUM, .choices = dynamodb_operator_choices)
#define DYNAMODB_ATTRIBUTES_TO_GET(structure)                                                                                    \
    API_FIELD(structure, attributes_to_get, "AttributesToGet", API_LIST, .min = 1, .element = &dynamodb_attribute_name_element, \
              .size = sizeof(struct leat_slice))

/* ---- checks, in AWS's words. Values must have been decoded without a fault ---- */

enum leat_code dynamodb_check_attributes(struct arena *arena, const struct api_list *names, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code dynamodb_check_operator(const struct api_enum *conditional_operator, const struct api_list *conditions,
                                       struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code dynamodb_check_conditions(const struct api_list *conditions, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code dynamodb_check_expected(const struct api_list *conditions, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code dynamodb_check_updates(const struct api_list *updates, struct leat_fault *fault) LEAT_MUST_USE;

/* ---- translation ---- */

/* Placeholders given out so far. Begin, translate each parameter, end; end also after a fault. */
struct dynamodb_translation {
    struct arena *arena;
    struct buf names, values; /* entries, not yet closed; those of the request's own expressions among them */
    unsigned underscores;     /* our placeholders begin with: one more than any of the request's own does */
    size_t name_count, value_count;
    struct leat_fault *fault;
    enum leat_code code; /* the first fault: nothing is translated any more */
};
void dynamodb_translate_begin(struct dynamodb_translation *translation, struct arena *arena, struct leat_slice names,
                              struct leat_slice values, struct leat_fault *fault);
enum leat_code dynamodb_translate_end(struct dynamodb_translation *translation, struct leat_slice *names,
                                      struct leat_slice *values) LEAT_MUST_USE;

/* Each gives the text of an expression in the arena; absent when there is nothing to say or after a fault. */
struct leat_slice dynamodb_translate_attributes(struct dynamodb_translation *translation, const struct api_list *names);
struct leat_slice dynamodb_translate_updates(struct dynamodb_translation *translation, const struct api_list *updates);
struct leat_slice dynamodb_translate_conditions(struct dynamodb_translation *translation, const struct api_list *conditions, int joined_by);
struct leat_slice dynamodb_translate_keys(struct dynamodb_translation *translation, const struct api_list *conditions);
bool dynamodb_keys_indexable(const struct api_list *conditions); /* may every comparison be asked of a key? */

/* Check and translation of an AttributesToGet that stands alone (GetItem, BatchGetItem). */
enum leat_code dynamodb_translate_projection(struct arena *arena, const struct api_list *attributes, struct leat_slice *projection,
                                             struct leat_slice *names, struct leat_fault *fault) LEAT_MUST_USE;

/* A fault that begins with `from` begins with `to` instead. */
void dynamodb_reword(struct leat_fault *fault, const char *from, const char *to);

/* ---- for the files of the translation ---- */

/* The entries of a map (elements that begin with their name) in order of names; of those with one name the last, as JSON has it.
 * *out is an array of pointers in the arena. Faults for a name that is empty. */
size_t dynamodb_translate_sort(struct dynamodb_translation *translation, const struct api_list *map, size_t size, const void *const **out);

/* Appends form to text: '#' stands for the attribute's name, each ':' for the next of values. */
void dynamodb_translate_form(struct dynamodb_translation *translation, struct buf *text, const char *form, struct leat_slice name,
                             const struct leat_slice *values);

/* Moves the text into the arena and ends the buf. */
struct leat_slice dynamodb_translate_keep(struct dynamodb_translation *translation, struct buf *text);

enum { DYNAMODB_TRANSLATION_BYTES_MAX = 256 * 1024 * 1024 }; /* of each buf; requests have 16 MB */

#endif
