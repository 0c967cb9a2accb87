/* Inside of `queue`: what its files share. Everything belongs to the service's loop.
 *
 *   service ── queues (by name) ── index of messages, those who wait for one
 *      ├── control operations: one at a time, each with its commit
 *      └── garbage: stores of deleted and purged queues, emptied bit by bit */
#ifndef QUEUE_SERVICE_H
#define QUEUE_SERVICE_H

#include "queue/attributes.h"
#include "queue/batch.h"
#include "queue/index.h"
#include "queue/queue.h"
#include "queue/store.h"

enum {
    SERVICE_SWEEP_EVERY_MS = 5000 /* messages that are too old, garbage */
};

/* FIFO: what was sent within the last five minutes. */
struct recent {
    struct recent *next_in_bucket;
    struct recent *newer; /* in the order of sending */
    uint64_t sent_ms, number;
    bool stone; /* the message is gone; what is stored in its place goes with this */
    char id[RANDOM_UUID_SIZE]; /* the MessageId */
    size_t name_size;
    uint8_t name[]; /* with the group, where the group is the scope */
};
enum { RECENT_BUCKETS = 8192 };

struct queue {
    struct queue_service *service;
    char name[QUEUE_NAME_MAX + 1];
    struct store_queue stored; /* what is durable beside the settings */
    char store[STORE_NAME_SIZE];
    struct settings *settings;
    struct index index;
    uint64_t newest; /* sequence number */
    struct recent *oldest_recent, *newest_recent;
    struct recent **recents; /* RECENT_BUCKETS; NULL: none yet */
    struct queue_operation *waiting, **last_waiting;
    uv_timer_t timer;
    bool timer_made, gone;
    unsigned references;
};

struct queue_service {
    struct leat *db;
    struct net_loop *loop;
    const char *region, *account;
    struct queue **queues; /* ascending by name */
    size_t count, capacity;
    size_t loaded_last; /* at the start: the queue whose messages are being read */
    size_t message_count;
    struct queue_operation *control, **last_control; /* the first is being worked on */
    bool tables_made, control_busy;
    uv_work_t tables_work;
    struct leat_fault tables_fault;
    enum leat_code tables_code;
    struct garbage *garbage;
    bool sweeping;
    uv_timer_t sweeper;
    struct leat_waiter *waiter;
    struct net_task moved; /* the clock has been moved */
    atomic_bool moved_posted;
    unsigned pending; /* open handles, writes under way */
    bool draining, closing;
    uv_sem_t *closed;
};

static inline uint64_t service_now_ms(const struct queue_service *service) { return leat_now_ms(service->db); }

/* ---- service.c: queues and operations */
struct queue *service_find(const struct queue_service *service, struct leat_slice name);
/* Finds the operation's queue and holds it; without one the operation is answered, and NULL. */
struct queue *service_begin(struct queue_service *service, struct queue_operation *operation);
void service_end(struct queue_operation *operation); /* lets go of the queue, calls done */
/* A write's failure in the operation's words. */
void service_failed(struct queue_fault *fault, enum leat_code code, const struct leat_fault *why);
void service_release(struct queue_service *service); /* one less of `pending` */
void queue_hold(struct queue *queue);
void queue_drop(struct queue *queue);
struct queue *service_add(struct queue_service *service, struct leat_slice name, const struct store_queue *stored,
                          struct settings *settings); /* owns settings; NULL: no memory */
void service_take_out(struct queue_service *service, struct queue *queue);
uint64_t queue_next_number(struct queue *queue);
void queue_print_number(uint64_t number, char out[QUEUE_SEQUENCE_SIZE]); /* 20 digits that grow, as AWS's */

/* ---- load.c */
enum leat_code load_all(struct queue_service *service, struct leat_fault *fault) LEAT_MUST_USE;

/* ---- control.c */
void control_next(struct queue_service *service);

/* ---- receive.c */
void receive_wake(struct queue *queue);     /* messages may have become visible */
void receive_clock(struct queue_service *service); /* tells a virtual clock when the next does for which somebody waits */
void receive_end_all(struct queue *queue);  /* it is gone, or the server stops */

/* ---- move.c: to the dead-letter queue; `message` is not used afterwards */
bool move_dead(struct queue *queue, struct index_message *message, struct queue *target);

/* ---- digest.c */
bool queue_sha256(struct leat_slice bytes, struct buf *out); /* as hexadecimal; false: no memory */

/* ---- recent.c: deduplication */
struct recent *recent_find(struct queue *queue, const struct queue_entry *entry, uint64_t now_ms);
struct recent *recent_add(struct queue *queue, struct leat_slice group, struct leat_slice deduplication, const char *id, uint64_t number,
                          uint64_t sent_ms); /* NULL: no memory */
struct recent *recent_of(struct queue *queue, uint64_t number);
/* The writes that take a message out of the store, but for what others must not repeat. */
void recent_unwrite(struct queue *queue, struct batch *batch, struct index_message *message);
void recent_sweep(struct queue *queue, uint64_t now_ms); /* those that are old */
void recent_forget_all(struct queue *queue);
void recent_forget(struct queue *queue, uint64_t number); /* it could not be sent after all */

/* ---- sweep.c */
bool sweep_add(struct queue_service *service, const char *store); /* its messages are to go; false: no memory */
void sweep_run(struct queue_service *service);
void sweep_expired(struct queue *queue, uint64_t now_ms);
void sweep_forget_all(struct queue_service *service);

/* ---- handle.c: receipt handles */
void handle_write(const struct queue *queue, const struct index_message *message, char out[QUEUE_HANDLE_SIZE]);
/* false: it is none of this queue's. */
bool handle_read(const struct queue *queue, struct leat_slice text, uint64_t *sequence, uint32_t *received);

#endif
