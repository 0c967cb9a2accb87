/* What the operations of SQS share. Source: Amazon SQS API Reference. */
#ifndef API_SQS_SQS_H
#define API_SQS_SQS_H

#include "api/api.h"
#include "api/query.h"

extern const struct api_service api_sqs_service;

struct sqs_pair { struct leat_slice name, value; }; /* as struct queue_pair: an element of a map */
_Static_assert(sizeof(struct sqs_pair) == sizeof(struct queue_pair), "maps of strings are handed over as they are");

extern const struct api_field sqs_text_element, sqs_pair_element;

#define SQS_QUEUE_URL(structure) API_FIELD(structure, url, "QueueUrl", API_STRING, .required = true)
/* a map of strings whose entries are <query>.1.Name and .Value, or .Key and .Value */
#define SQS_MAP(structure, member, wire, list, key, ...)                                                            \
    API_FIELD(structure, member, wire, API_MAP, .element = &sqs_pair_element, .size = sizeof(struct sqs_pair),      \
              .query = (list), .query_key = (key), .query_value = "Value", ##__VA_ARGS__)
#define SQS_TEXTS(structure, member, wire, list, ...)                                                               \
    API_FIELD(structure, member, wire, API_LIST, .element = &sqs_text_element, .size = sizeof(struct leat_slice),   \
              .query = (list), ##__VA_ARGS__)

/* The queue's name out of its URL (or out of the request's path, where old clients say it); false: the call has been answered. */
bool sqs_queue_name(struct api_call *call, struct leat_slice url, struct leat_slice *name);
/* "http://host:port/account/name", with the host that the client knows us by. Absent: no memory. */
struct leat_slice sqs_queue_url(struct api_call *call, struct leat_slice name);

/* Hands an operation (its first member is a struct queue_operation, its name is set) over to the queues' loop, and answers on the call's
 * own: `finish` writes the answer when it has worked, and ends the call. */
typedef void (*sqs_start_fn)(struct queue_service *service, struct queue_operation *operation);
typedef void (*sqs_finish_fn)(struct api_call *call, struct queue_operation *operation);
void sqs_run(struct api_call *call, struct queue_operation *operation, sqs_start_fn start, sqs_finish_fn finish);
/* The same, but finish is called after faults, too, and answers them. */
void sqs_run_always(struct api_call *call, struct queue_operation *operation, sqs_start_fn start, sqs_finish_fn finish);
/* A finish for answers without members. */
void sqs_done(struct api_call *call, struct queue_operation *operation);
/* Zeroed, in the call's arena; NULL: the call has been answered. */
void *sqs_new(struct api_call *call, size_t size);

void sqs_fail(struct api_call *call, enum queue_error error, const char *format, ...) __attribute__((format(printf, 3, 4)));
void sqs_fail_as(struct api_call *call, const struct queue_fault *fault);
const char *sqs_error_code(enum queue_error error); /* in the Query protocol, and in batches */

/* ---- batches ---- */

/* Elements begin with their Id. False: the call has been answered. entry: AWS's name of an element. */
bool sqs_check_batch(struct api_call *call, const struct api_list *entries, size_t size, const char *entry);
void sqs_write_failed(struct json_writer *json, struct leat_slice id, const struct queue_fault *fault);

extern const struct api_xml sqs_send_xml[], sqs_delete_xml[], sqs_change_xml[];

#endif
