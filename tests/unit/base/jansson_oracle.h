/* jansson's opinion. A file of its own, since jansson and base/json.h use the same names. */
#ifndef TESTS_JANSSON_ORACLE_H
#define TESTS_JANSSON_ORACLE_H

#include <stdbool.h>

#include "leat_types.h"

/* jansson gives up at a number too large for a double and at a zero in a name, which are JSON all the same: no opinion then. */
enum jansson_verdict { JANSSON_REFUSES, JANSSON_ACCEPTS, JANSSON_UNSURE };

enum jansson_verdict jansson_judge(struct leat_slice text);
bool jansson_equal(struct leat_slice a, struct leat_slice b); /* do both say the same? */

#endif
