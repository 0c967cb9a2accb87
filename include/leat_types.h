/* leat_types.h: the plain values that every floor and every user of leat shares.
 *
 * Included by leat.h; there is no need to include it directly. Everything here is a plain value: copy it freely. */
#ifndef LEAT_TYPES_H
#define LEAT_TYPES_H

#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes. Whoever hands one out says how long it lives. data == NULL means "absent";
 * present but empty is data != NULL with size 0. */
struct leat_slice {
    const uint8_t *data;
    size_t size; /* bytes */
};

/* Every way in which a call can fail: X(name, AWS's error type where AWS has one).
 * The name becomes LEAT_<name>; leat_code_name() gives the second column. */
#define LEAT_CODES(X)                                                                     \
    X(OK, "OK")                                                                           \
    X(VALIDATION, "ValidationException")                                                  \
    X(SERIALIZATION, "SerializationException")                                            \
    X(RESOURCE_NOT_FOUND, "ResourceNotFoundException")                                    \
    X(RESOURCE_IN_USE, "ResourceInUseException")                                          \
    X(CONDITIONAL_CHECK_FAILED, "ConditionalCheckFailedException")                        \
    X(TRANSACTION_CANCELED, "TransactionCanceledException")                               \
    X(TRANSACTION_CONFLICT, "TransactionConflictException")                               \
    X(IDEMPOTENT_PARAMETER_MISMATCH, "IdempotentParameterMismatchException")              \
    X(ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED, "ItemCollectionSizeLimitExceededException")    \
    X(PROVISIONED_THROUGHPUT_EXCEEDED, "ProvisionedThroughputExceededException")          \
    X(LIMIT_EXCEEDED, "LimitExceededException")                                           \
    X(TRIMMED_DATA_ACCESS, "TrimmedDataAccessException")                                  \
    X(EXPIRED_ITERATOR, "ExpiredIteratorException")                                       \
    X(INVALID_PARAMETER_VALUE, "InvalidParameterValueException")                          \
    X(RESOURCE_CONFLICT, "ResourceConflictException")                                     \
    X(INVALID_REQUEST_CONTENT, "InvalidRequestContentException")                          \
    X(REQUEST_TOO_LARGE, "RequestTooLargeException")                                      \
    X(TOO_MANY_REQUESTS, "TooManyRequestsException")                                      \
    X(UNKNOWN_OPERATION, "UnknownOperationException")                                     \
    X(ACCESS_DENIED, "AccessDeniedException")                                             \
    X(STORE_CONFLICT, "InternalServerError") /* nothing happened, rerun */                \
    X(STORE_UNKNOWN, "InternalServerError")  /* commit outcome not known */               \
    X(STORE_FULL, "InternalServerError")     /* disk or quota full; nothing was changed */ \
    X(STORE_CORRUPT, "InternalServerError")                                               \
    X(STORE_LOCKED, "InternalServerError") /* another process holds the directory */      \
    X(STORE_FORMAT, "InternalServerError") /* written by a newer leat, or not by leat */  \
    X(IO, "InternalServerError")                                                          \
    X(NO_MEMORY, "InternalServerError")                                                   \
    X(BUSY, "ThrottlingException") /* a queue is full; try again */                       \
    X(CLOSED, "InternalServerError")                                                      \
    X(INTERNAL, "InternalServerError")

enum leat_code {
#define LEAT_CODE_ENUM(name, aws) LEAT_##name,
    LEAT_CODES(LEAT_CODE_ENUM)
#undef LEAT_CODE_ENUM
};

/* What went wrong, in words for the user. The function that detects an error sets it, once; callers pass it on.
 * A NULL fault pointer is allowed everywhere: the code alone is returned then. */
struct leat_fault {
    enum leat_code code;
    char message[1024]; /* UTF-8, cut to fit */
};

#if defined(__GNUC__)
#define LEAT_MUST_USE __attribute__((warn_unused_result))
#else
#define LEAT_MUST_USE
#endif

#endif
