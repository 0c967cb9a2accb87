#include "table/reasons.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/slice.h"

enum { WORDS_MAX = 8192 };

void reasons_set(struct leat_reason *reason, enum leat_code code, const struct leat_fault *fault) {
    reason->code = code;
    (void)snprintf(reason->message, sizeof reason->message, "%.*s", (int)sizeof reason->message - 1, fault->message);
}

enum leat_code reasons_cancel(const struct leat_reason *reasons, size_t count, struct leat_fault *fault) {
    struct buf words;
    buf_init(&words, WORDS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct leat_slice name = fault_reason(reasons[i].code);
        buf_print(&words, "%s%.*s", i == 0 ? "" : ", ", SLICE_FORMAT(name));
    }
    enum leat_code code = fault_set(fault, LEAT_TRANSACTION_CANCELED,
                                    "Transaction cancelled, please refer cancellation reasons for specific reasons [%.*s]",
                                    SLICE_FORMAT(buf_view(&words)));
    buf_fini(&words);
    return code;
}
