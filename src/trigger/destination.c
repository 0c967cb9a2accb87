#include "trigger/destination.h"

#include "base/slice.h"

/* arn:PARTITION:SERVICE:... */
static struct leat_slice service_of(struct leat_slice arn) {
    size_t colons = 0, begin = 0, end = 0;
    for (size_t i = 0; i < arn.size && colons < 3; i++) {
        if (arn.data[i] != ':') continue;
        colons++;
        if (colons == 2) begin = i + 1;
        end = i;
    }
    return colons < 3 || !slice_starts(arn, SLICE("arn:")) ? slice_of(NULL, 0) : slice_of(arn.data + begin, end - begin);
}

const struct trigger_destination_resolver *destination_resolver(const struct trigger_destination_resolver *all,
                                                                struct leat_slice arn) {
    struct leat_slice service = service_of(arn);
    while (all != NULL && all->service != NULL && !slice_is(service, all->service)) all++;
    return all == NULL || all->service == NULL ? NULL : all;
}
