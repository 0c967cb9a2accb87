/* Errors: functions return an enum leat_code and put the words into a struct leat_fault, their last argument.
 * Plain values, no ownership, safe on any thread. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include "leat_types.h"

/* Sets code and message (printf form; cut at the size of the message) and returns the code, so that
 * `return fault_set(fault, LEAT_VALIDATION, "...")` reads as one thought. fault may be NULL. */
enum leat_code fault_set(struct leat_fault *fault, enum leat_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* LEAT_IO with "<what>: <strerror(error_number)>"; LEAT_STORE_FULL for ENOSPC and EDQUOT, LEAT_NO_MEMORY for ENOMEM. */
enum leat_code fault_errno(struct leat_fault *fault, int error_number, const char *what);

/* LEAT_NO_MEMORY with the standard message. */
enum leat_code fault_memory(struct leat_fault *fault);

/* Nothing has happened. Clears no more than it must: a fault is a kilobyte, and most are made to stay empty. */
static inline void fault_clear(struct leat_fault *fault) {
    fault->code = LEAT_OK;
    fault->message[0] = 0;
}

/* Copies the words that are there, not the room for them. */
void fault_copy(struct leat_fault *to, const struct leat_fault *from);

/* AWS's error type of a code, e.g. "ValidationException". */
const char *fault_name(enum leat_code code);

/* How AWS calls it in reasons and in members of batches: "ValidationError", "ConditionalCheckFailed"; "None" for LEAT_OK. */
struct leat_slice fault_reason(enum leat_code code);

/* Returns from the enclosing function when the call failed. */
#define TRY(call)                                  \
    do {                                           \
        enum leat_code try_code_ = (call);         \
        if (try_code_ != LEAT_OK) return try_code_; \
    } while (0)

#endif
