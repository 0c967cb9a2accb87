/* DynamoDB JSON ({"S":"text"}, {"N":"1"}, ...) to and from the compact encoding. Source: DynamoDB API Reference, AttributeValue. */
#ifndef ITEM_ITEM_JSON_H
#define ITEM_ITEM_JSON_H

#include "base/json.h"
#include "item/value.h"

/* Reads a map of names to AttributeValues; the reader's newest token is its JSON_OBJECT; afterwards it stands behind the
 * object's end. Appends the item's bytes to out. LEAT_SERIALIZATION for JSON of the wrong shape (AWS's words, e.g.
 * "NUMBER_VALUE cannot be converted to String"); LEAT_VALIDATION for what a well-typed request says wrongly ("Supplied
 * AttributeValue is empty, must contain exactly one of the supported datatypes", number faults, "One or more parameter
 * values were invalid: Input collection [a, a] contains duplicates." ..., empty sets, nesting over 32). After LEAT_VALIDATION the
 * reader stands behind the object's end all the same, so that the caller may keep the fault and find what AWS looks at earlier.
 * After a fault out is as it was. A name that comes twice: the last one stays. The reader needs an arena. */
enum leat_code item_from_json(struct json_reader *reader, struct buf *out, struct leat_fault *fault) LEAT_MUST_USE;

/* One AttributeValue, likewise. */
enum leat_code item_value_from_json(struct json_reader *reader, struct buf *out, struct leat_fault *fault) LEAT_MUST_USE;

/* Java's name of a scalar token: STRING_VALUE, NUMBER_VALUE, DECIMAL_VALUE, TRUE_VALUE, FALSE_VALUE. */
const char *item_json_scalar_name(const struct json_reader *reader);
/* The words that AWS's parser takes for a boolean; false: not one of them. */
bool item_json_boolean(struct leat_slice text, bool *value);

void item_to_json(struct json_writer *writer, struct leat_slice item);
void item_value_to_json(struct json_writer *writer, const struct item_value *value);

#endif
