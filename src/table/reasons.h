/* Why a transaction was cancelled: one reason for each of its operations. */
#ifndef TABLE_REASONS_H
#define TABLE_REASONS_H

#include <stddef.h>

#include "base/fault.h"

void reasons_set(struct leat_reason *reason, enum leat_code code, const struct leat_fault *fault);
/* LEAT_TRANSACTION_CANCELED with AWS's words, which name the reasons in order. */
enum leat_code reasons_cancel(const struct leat_reason *reasons, size_t count, struct leat_fault *fault) LEAT_MUST_USE;

#endif
