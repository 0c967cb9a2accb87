/* One event source mapping as a value: its settings and what is known about it; to and from an item of "leat:mappings".
 * A mapping owns its texts; single owner. Threads get copies. */
#ifndef TRIGGER_MAPPING_H
#define TRIGGER_MAPPING_H

#include "base/buf.h"
#include "trigger/trigger.h"

enum mapping_result { MAPPING_NO_RECORDS, MAPPING_OK, MAPPING_PROBLEM };

struct mapping {
    struct trigger_settings settings; /* complete: defaults are filled in; function_name is the ARN */
    struct leat_slice table;          /* of the stream, borrowed from event_source_arn */
    uint64_t last_modified_ms;
    enum mapping_result result;
    void *text; /* what the slices of the settings point to */
};

/* Copies what `settings` points to. NULL: no memory. */
struct mapping *mapping_new(const struct trigger_settings *settings, uint64_t last_modified_ms);
struct mapping *mapping_copy(const struct mapping *mapping);
void mapping_free(struct mapping *mapping); /* NULL is allowed */

/* Members not given get AWS's defaults. */
void mapping_fill_defaults(struct trigger_settings *settings);
/* Takes the given members of `change` over. */
void mapping_apply(struct trigger_settings *settings, const struct trigger_settings *change);

void mapping_to_item(const struct mapping *mapping, struct buf *out);
/* NULL: no memory, or not an item that mapping_to_item has made. */
struct mapping *mapping_from_item(struct leat_slice item);

/* arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE/stream/LABEL -> TABLE; absent when it is no stream's ARN. */
struct leat_slice mapping_table_of(struct leat_slice stream_arn);
/* arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER] -> NAME; absent when it is no function's ARN. */
struct leat_slice mapping_function_of(struct leat_slice function_arn);

#endif
