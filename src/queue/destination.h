/* Queues as where a trigger sends the records that it has given up. Source: Lambda Developer Guide, "Retain discarded records for a
 * DynamoDB event source": standard queues only. */
#ifndef QUEUE_DESTINATION_H
#define QUEUE_DESTINATION_H

#include "queue/queue.h"
#include "trigger/target.h"

/* For the triggers' list; the service must live until the triggers have ended. */
struct trigger_destination_resolver queue_destinations(struct queue_service *service);

#endif
