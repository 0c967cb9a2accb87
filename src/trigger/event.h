/* The event that a function gets: {"Records":[...]}, byte for byte in the order of members that AWS uses (recorded). */
#ifndef TRIGGER_EVENT_H
#define TRIGGER_EVENT_H

#include "base/buf.h"
#include "leat_types.h"

#define EVENT_HEAD "{\"Records\":["
#define EVENT_TAIL "]}"

struct event_source {
    struct leat_slice arn, region;
};

/* Appends one record. The caller puts commas between records, and head and tail around them. */
void event_record(struct buf *out, const struct leat_record *record, const struct event_source *source);

#endif
