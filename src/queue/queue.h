/* Queues: SQS's messages, kept in reserved tables through leat.h.
 *
 * Everything belongs to the service's loop, unless a call says "any thread". An operation is a struct that the caller fills, hands over
 * on the loop, and gets back through `done`, on the loop, at once or later; in between it and its arena belong to the room. What is
 * acknowledged is durable: sending, deleting, changing and control calls answer after their commit. That a message was received is
 * written behind the answer: after a crash it may come again, sooner than its visibility timeout said. */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/random.h"
#include "leat.h"
#include "net/loop.h"

/* SQS API Reference and Developer Guide, "Amazon SQS quotas" */
enum {
    QUEUE_NAME_MAX = 80,
    QUEUE_BATCH_MAX = 10,              /* entries of a batch, messages of a receive */
    QUEUE_MESSAGE_BYTES_MAX = 1048576, /* body and attributes; of a batch too */
    QUEUE_ATTRIBUTES_MAX = 10,         /* of a message */
    QUEUE_TAGS_MAX = 50,
    QUEUE_IN_FLIGHT_MAX = 120000,
    QUEUE_VISIBILITY_S_MAX = 43200,
    QUEUE_DELAY_S_MAX = 900,
    QUEUE_WAIT_S_MAX = 20,
    QUEUE_DEDUPLICATION_MS = 300000,
    QUEUE_PURGE_PAUSE_MS = 60000,
    /* leat's own */
    QUEUE_QUEUES_MAX = 100000,
    QUEUE_MESSAGES_MAX = 16 << 20, /* in all queues: what is known of each stays in memory */
    QUEUE_HANDLE_SIZE = 65,
    QUEUE_MD5_SIZE = 33,
    QUEUE_SEQUENCE_SIZE = 24
};

/* name, AWS's error type, its code in the Query protocol, status there */
#define QUEUE_ERRORS(X)                                                                                          \
    X(OK, "", "", 200)                                                                                           \
    X(INVALID_PARAMETER_VALUE, "InvalidParameterValueException", "InvalidParameterValue", 400)                   \
    X(MISSING_PARAMETER, "MissingRequiredParameterException", "MissingParameter", 400)                           \
    X(DOES_NOT_EXIST, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", 400)                       \
    X(NAME_EXISTS, "QueueNameExists", "QueueAlreadyExists", 400)                                                 \
    X(INVALID_ATTRIBUTE_NAME, "InvalidAttributeName", "InvalidAttributeName", 400)                               \
    X(INVALID_ATTRIBUTE_VALUE, "InvalidAttributeValue", "InvalidAttributeValue", 400)                            \
    X(RECEIPT_HANDLE_IS_INVALID, "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 400)                        \
    X(MESSAGE_NOT_IN_FLIGHT, "MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight", 400)             \
    X(INVALID_MESSAGE_CONTENTS, "InvalidMessageContents", "InvalidMessageContents", 400)                         \
    X(UNSUPPORTED_OPERATION, "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", 400)         \
    X(OVER_LIMIT, "OverLimit", "OverLimit", 403)                                                                 \
    X(TOO_MANY_ENTRIES, "TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", 400) \
    X(EMPTY_BATCH, "EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest", 400)                         \
    X(IDS_NOT_DISTINCT, "BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", 400)      \
    X(BATCH_TOO_LONG, "BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong", 400)                  \
    X(INVALID_ENTRY_ID, "InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId", 400)                \
    X(PURGE_IN_PROGRESS, "PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress", 403)             \
    X(INVALID_ADDRESS, "InvalidAddress", "InvalidAddress", 404)                                                  \
    X(RESOURCE_NOT_FOUND, "ResourceNotFoundException", "ResourceNotFoundException", 404)                         \
    X(THROTTLED, "RequestThrottled", "RequestThrottled", 403)                                                    \
    X(INTERNAL, "InternalError", "InternalError", 500)

enum queue_error {
#define QUEUE_ERROR_NAME(name, type, code, status) QUEUE_##name,
    QUEUE_ERRORS(QUEUE_ERROR_NAME)
#undef QUEUE_ERROR_NAME
};

struct queue_fault {
    enum queue_error error;
    char message[512];
};
/* Words that were cut may end, or be cut inside, in the middle of a character: what is no UTF-8 becomes '?'. */
void queue_fault_clean(struct queue_fault *fault);
/* Sets both, answers false. */
bool queue_fault_set(struct queue_fault *fault, enum queue_error error, const char *format, ...) __attribute__((format(printf, 3, 4)));

struct queue_service;
struct queue;
struct recent;

struct queue_service_options {
    struct leat *db;
    struct net_loop *loop;
    const char *region, *account; /* kept */
};
/* Reads what there is; blocks. */
enum leat_code queue_service_new(const struct queue_service_options *options, struct queue_service **out,
                                 struct leat_fault *fault) LEAT_MUST_USE;
/* Receivers that wait are answered, and none waits any more: before the server is stopped. Any thread but the loop's. */
void queue_service_drain(struct queue_service *service);
/* Any thread but the loop's, which must be running. */
void queue_service_free(struct queue_service *service);

/* ------------------------------------------------------------------ operations */

struct queue_operation {
    void (*done)(struct queue_operation *operation);
    struct leat_slice name;   /* the queue's */
    struct arena *arena;      /* what is answered lives here */
    struct queue_fault fault; /* error OK: it worked */
    void *context;            /* the caller's own */
    /* the room's own */
    struct queue_service *service;
    struct queue *queue; /* held until done */
    struct queue_operation *next;
};

struct queue_pair { struct leat_slice name, value; };

/* ---- control: one after another */

enum queue_change { QUEUE_CREATE, QUEUE_SET, QUEUE_TAG, QUEUE_UNTAG, QUEUE_PURGE, QUEUE_DELETE };

struct queue_control {
    struct queue_operation operation;
    enum queue_change change;
    const struct queue_pair *attributes, *tags; /* UNTAG: only names of tags */
    size_t attribute_count, tag_count;
    bool found; /* CREATE: was there already, with the same attributes */
};
void queue_control(struct queue_service *service, struct queue_control *control);

struct queue_description {
    struct queue_operation operation;
    const struct leat_slice *wanted; /* names of attributes, "All" */
    size_t wanted_count;
    struct queue_pair *attributes, *tags; /* answer */
    size_t attribute_count, tag_count;
};
void queue_describe(struct queue_service *service, struct queue_description *description);

struct queue_list {
    struct queue_operation operation; /* name: with dead_letter, the queue whose sources are asked for */
    struct leat_slice prefix, after;  /* after: the last name of the page before */
    bool dead_letter;
    size_t limit;
    struct leat_slice *names; /* answer */
    size_t count;
    bool more;
};
void queue_list(struct queue_service *service, struct queue_list *list);

/* ---- sending */

struct queue_attribute { struct leat_slice name, type, value; bool binary; };

struct queue_entry {
    struct leat_slice body, group, deduplication, trace_header; /* absent: not given */
    const struct queue_attribute *attributes; /* of the message, ascending by name */
    size_t attribute_count;
    bool has_delay;
    int64_t delay_s;
    /* answer */
    struct queue_fault fault;
    char id[RANDOM_UUID_SIZE];
    char md5_body[QUEUE_MD5_SIZE], md5_attributes[QUEUE_MD5_SIZE], md5_system[QUEUE_MD5_SIZE]; /* "": there are none */
    char sequence[QUEUE_SEQUENCE_SIZE]; /* FIFO; else "" */
    /* the room's own */
    uint64_t number, due_ms;
    struct recent *recent;
    uint8_t parts;
    bool duplicate;
};

struct queue_send {
    struct queue_operation operation;
    struct queue_entry *entries;
    size_t count;
};
void queue_send(struct queue_service *service, struct queue_send *send);

/* ---- receiving */

struct queue_message {
    uint64_t number, sent_ms, first_received_ms;
    uint32_t received;
    uint8_t parts;
    char id[RANDOM_UUID_SIZE], handle[QUEUE_HANDLE_SIZE];
    /* filled by queue_read */
    bool gone; /* deleted in the meantime */
    struct leat_slice body, group, deduplication, trace_header, source; /* source: ARN of the queue that gave it up */
    struct queue_attribute *attributes;
    size_t attribute_count;
    char sequence[QUEUE_SEQUENCE_SIZE];
};

struct queue_receive {
    struct queue_operation operation;
    int64_t max;
    bool has_visibility, has_wait;
    int64_t visibility_s, wait_s;
    struct queue_message messages[QUEUE_BATCH_MAX]; /* answer */
    size_t count;
    /* the room's own */
    bool fifo, waiting;
    uint64_t deadline_ms; /* the loop's time */
    char store[RANDOM_UUID_SIZE + 12];
    struct leat_result result; /* of queue_read */
};
void queue_receive(struct queue_service *service, struct queue_receive *receive);
/* The receiver has gone: it stops waiting, or what it got is as if it had not been received. Before or after `done`. */
void queue_receive_undo(struct queue_service *service, struct queue_receive *receive);
/* After `done`, any thread: bodies and attributes. They live until queue_read_end. */
enum leat_code queue_read(struct queue_service *service, struct queue_receive *receive, struct leat_fault *fault) LEAT_MUST_USE;
void queue_read_end(struct queue_receive *receive);

/* ---- deleting, and changing visibility */

struct queue_touched {
    struct leat_slice handle;
    int64_t visibility_s; /* changing */
    struct queue_fault fault;
    uint64_t marked; /* the room's own: the message whose delivery is to be written; 0: none */
};
struct queue_touch {
    struct queue_operation operation;
    struct queue_touched *entries;
    size_t count;
};
void queue_delete(struct queue_service *service, struct queue_touch *touch);
void queue_change_visibility(struct queue_service *service, struct queue_touch *touch);

/* ------------------------------------------------------------------ digests and names; any thread */

void queue_md5(struct leat_slice bytes, char out[QUEUE_MD5_SIZE]);
/* SQS Developer Guide, "Calculating the MD5 message digest for message attributes". */
void queue_md5_attributes(const struct queue_attribute *attributes, size_t count, char out[QUEUE_MD5_SIZE]);

struct net_loop *queue_loop(const struct queue_service *service);

#endif
