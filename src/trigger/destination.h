/* Where failure records go: which resolver is asked for an ARN. */
#ifndef TRIGGER_DESTINATION_H
#define TRIGGER_DESTINATION_H

#include "trigger/target.h"

/* The one of `all` (may be NULL) whose service the ARN names. NULL: none. */
const struct trigger_destination_resolver *destination_resolver(const struct trigger_destination_resolver *all,
                                                                struct leat_slice arn);

#endif
