/* A compiled filter, as filter_compile.c makes and filter_match.c uses it. All of it lies in the filter's arena. */
#ifndef TRIGGER_FILTER_INSIDE_H
#define TRIGGER_FILTER_INSIDE_H

#include "base/arena.h"
#include "trigger/filter.h"

enum filter_test_kind {
    FILTER_STRING,
    FILTER_LITERAL, /* a number as written, true, false, null */
    FILTER_PREFIX,
    FILTER_SUFFIX,
    FILTER_IGNORE_CASE,
    FILTER_NUMERIC,
    FILTER_BUT_STRINGS,
    FILTER_BUT_NUMBERS,
    FILTER_EXISTS,
    FILTER_MISSING
};

struct filter_bound {
    bool there, inclusive;
    double value;
};

struct filter_test { /* one alternative of a leaf */
    struct filter_test *next;
    enum filter_test_kind kind;
    struct leat_slice text;           /* STRING, LITERAL, PREFIX, SUFFIX, IGNORE_CASE */
    struct filter_bound lower, upper; /* NUMERIC */
    struct filter_but *but;           /* BUT_... */
};

struct filter_but {
    struct filter_but *next;
    struct leat_slice text;
    double number;
};

struct filter_field {
    struct filter_field *next;
    struct leat_slice name;
    struct filter_object *object; /* NULL: a leaf */
    struct filter_test *tests;
};

struct filter_or {
    struct filter_or *next;
    struct filter_object *alternatives; /* a list */
};

struct filter_object {
    struct filter_object *next; /* in the list of filters, or of an $or's alternatives */
    struct filter_field *fields;
    size_t field_count;
    struct filter_or *ors;
};

struct filter {
    struct arena arena;   /* the patterns */
    struct arena scratch; /* of the record that is being looked at */
    struct filter_object *patterns;
};

#endif
