/* Queues and messages as items of reserved tables (docs/FORMAT.md).
 *
 *   leat:queues      name -> the queue: its id, times, attributes, tags
 *   leat:messages    (store, number * 8 + part): a message's first part has what the index wants to know, all have a piece of the content
 *   leat:deliveries  (store, number): a message that has been received: how often, and until when it is not visible
 *
 * The store's name is the queue's id and how often it has been purged: emptying a queue is one write to leat:queues. */
#ifndef QUEUE_STORE_H
#define QUEUE_STORE_H

#include "queue/attributes.h"
#include "queue/batch.h"
#include "queue/index.h"
#include "queue/queue.h"

enum { STORE_NAME_SIZE = RANDOM_UUID_SIZE + 12, STORE_PARTS_MAX = 8, STORE_PIECE_BYTES = 380 * 1024 };

struct store_queue {
    char id[RANDOM_UUID_SIZE];
    uint64_t purges;
    uint64_t created_ms, modified_ms, purged_ms; /* 0: never */
};
/* A message's id as bytes and as a UUID. */
void store_id_text(const uint8_t id[INDEX_ID_SIZE], char out[RANDOM_UUID_SIZE]);
void store_id_bytes(const char *text, uint8_t out[INDEX_ID_SIZE]);
void store_name(const struct store_queue *queue, char out[STORE_NAME_SIZE]);

enum leat_code store_make_tables(struct leat *db, struct leat_fault *fault) LEAT_MUST_USE; /* blocks */

void store_put_queue(struct batch *batch, struct leat_slice name, const struct store_queue *queue, const struct settings *settings);
void store_delete_queue(struct batch *batch, struct leat_slice name);
bool store_read_queue(struct leat_slice item, struct leat_slice *name, struct store_queue *queue); /* without settings */

/* Is there a queue of that name, and is it FIFO? Any thread. */
enum leat_code store_find_queue(struct leat *db, struct leat_slice name, bool *found, bool *fifo, struct leat_fault *fault) LEAT_MUST_USE;

/* A message's contents: body, attributes, and what else only receivers want to know. */
bool store_content(struct buf *out, const struct queue_entry *entry, struct leat_slice source);
/* Writes the parts of a message whose content is given; answers how many (0: too large). */
uint8_t store_put_message(struct batch *batch, const char *store, const struct index_message *message, struct leat_slice group,
                          struct leat_slice deduplication, struct leat_slice content);
void store_put_delivery(struct batch *batch, const char *store, const struct index_message *message);
/* And its delivery; stone: a stone takes the place of the first part. */
void store_delete_message(struct batch *batch, const char *store, const struct index_message *message, bool stone);
/* What stays of a message in a FIFO queue while its deduplication id counts: a first part that says parts 0. */
void store_put_stone(struct batch *batch, const char *store, const struct index_message *message, struct leat_slice group,
                     struct leat_slice deduplication);
void store_delete_stone(struct batch *batch, const char *store, uint64_t number);

/* Of an item of leat:messages: which message and part. */
struct leat_slice store_key_of(struct leat_slice item, uint64_t *number, unsigned *part);
void store_read_message(struct leat_slice item, struct index_message *out, struct leat_slice *group, struct leat_slice *deduplication);
void store_read_delivery(struct leat_slice item, struct index_message *message);

/* Reads the items of some messages: result->items has each one's parts, in order, one message behind the other. */
struct store_wanted { uint64_t number; uint8_t parts; };
enum leat_code store_read_parts(struct leat *db, const char *store, const struct store_wanted *wanted, size_t count, struct arena *arena,
                                struct leat_result *result, struct leat_fault *fault) LEAT_MUST_USE;
/* The content of `count` parts, joined in the arena where there are several; absent when one is missing. */
struct leat_slice store_join(const struct leat_slice *parts, unsigned count, struct arena *arena);

/* The next keys of a store's messages or deliveries, up to `limit`; count 0: there are no more. */
enum leat_code store_list_keys(struct leat *db, const char *table, const char *store, uint32_t limit, struct leat_result *result,
                               struct leat_fault *fault) LEAT_MUST_USE;

#define STORE_QUEUES "leat:queues"
#define STORE_MESSAGES "leat:messages"
#define STORE_DELIVERIES "leat:deliveries"

#endif
