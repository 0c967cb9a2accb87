/* FilterCriteria: which records reach the function. Compiled once, then asked for every record.
 *
 * A pattern is an object whose fields must all match; a field's value is an object (go deeper) or a list of alternatives:
 *   "text", 5, true, null                  the same; numbers as they are written (300 and 3.0e2 differ)
 *   {"prefix": "a"}, {"suffix": "a"}, {"equals-ignore-case": "a"}
 *   {"numeric": [">", 0, "<=", 5]}         one bound, a lower and an upper one, or "="; JSON numbers alone
 *   {"anything-but": "a"}                  or a list of texts, or of numbers; the field must be there
 *   {"exists": true}                       of leaves: `false` for what is an object in the record, too
 *   "$or": [{...}, {...}]                  beside other fields: one of the patterns matches
 * A list in the record matches when one of its elements does. Several filters: one of them matches.
 *
 * Source: AWS Lambda Developer Guide, "Control which events Lambda sends to your function"; EventBridge User Guide,
 * "Comparison operators"; where they are silent, aws/event-ruler. Wildcards, CIDR and nested operators are EventBridge's
 * alone and refused, as an invalid pattern. */
#ifndef TRIGGER_FILTER_H
#define TRIGGER_FILTER_H

#include <stdbool.h>

#include "base/fault.h"
#include "leat_types.h"

struct filter;

/* criteria: {"Filters":[{"Pattern":"<JSON>"}, ...]}. No filters: *out is NULL, which lets everything through.
 * LEAT_INVALID_PARAMETER_VALUE in AWS's words. */
enum leat_code filter_new(struct leat_slice criteria, struct filter **out, struct leat_fault *fault) LEAT_MUST_USE;
void filter_free(struct filter *filter); /* NULL is allowed */

/* record: JSON, whole and well-formed. One thread at a time. Without memory to look, a record passes. */
bool filter_passes(struct filter *filter, struct leat_slice record);

#endif
