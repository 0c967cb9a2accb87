/* A database, a work loop, the trigger service, and functions that keep what they are given and answer as they are told. */
#ifndef TESTS_UNIT_TRIGGER_RIG_H
#define TESTS_UNIT_TRIGGER_RIG_H

#include <pthread.h>
#include <stdatomic.h>

#include "../db/fixture.h"
#include "base/arena.h"
#include "trigger/trigger.h"

enum { RIG_RECORDS_MAX = 20000, RIG_KEY_SIZE = 32, RIG_SENT_MAX = 100 };

#define RIG_QUEUE "arn:aws:test:us-east-1:000000000000:dead"

struct rig_record { /* one that a function has been given */
    char key[RIG_KEY_SIZE], function[RIG_KEY_SIZE];
    long value;
    unsigned batch; /* the number of the delivery */
};

struct rig {
    struct fixture f;
    struct net_loop *loop;
    struct trigger_service *service;
    struct arena arena;
    struct leat_fault fault;
    pthread_mutex_t lock;
    struct rig_record records[RIG_RECORDS_MAX];
    size_t record_count;
    unsigned deliveries, successes, batch_largest;
    atomic_int failures_left;  /* so many deliveries from now on fail */
    atomic_bool missing;       /* no function can be opened */
    atomic_bool silent;        /* deliveries are not answered until the rig is asked to */
    atomic_bool at_once;       /* answers from within deliver */
    struct rig_delivery *unanswered;
    /* What a function makes of an event, under the lock: a failure, or success with the text (on the heap) as its answer;
     * NULL: as failures_left says, without an answer. */
    enum trigger_outcome_kind (*respond)(struct rig *rig, const char *event, char **payload);
    char *sent[RIG_SENT_MAX]; /* failure records that the destination took */
    size_t sent_count;
    atomic_int unsent_left; /* so many failure records from now on do not get through */
    bool at_timestamp;
    unsigned under_way, under_way_most; /* deliveries */
    char stream[256];
};

void rig_open(struct rig *rig, const char *backend); /* with a table "t" (keys pk, value v) */
void rig_close(struct rig *rig);
void rig_service_start(struct rig *rig);
void rig_service_stop(struct rig *rig);
void rig_restart(struct rig *rig); /* service and database */

void rig_put(struct rig *rig, const char *key, long value);
/* A mapping of t's stream; the UUID lives in the rig's arena. The settings are completed. */
struct leat_slice rig_map(struct rig *rig, const char *function, const char *position, struct trigger_settings settings);
struct trigger_description rig_get(struct rig *rig, struct leat_slice uuid);
void rig_update(struct rig *rig, struct leat_slice uuid, struct trigger_settings change);

/* Waits until so many records (again counted) / deliveries have come; fails the test after some seconds. */
void rig_wait_records(struct rig *rig, size_t count);
void rig_wait_sent(struct rig *rig, size_t count);
void rig_wait_deliveries(struct rig *rig, unsigned count);
void rig_wait_result(struct rig *rig, struct leat_slice uuid, const char *result);
void rig_expect_no_more(struct rig *rig); /* within a short time */
void rig_answer(struct rig *rig);         /* those that are unanswered, with success */

/* Every key's values as the function got them are 1, 2, 3 ... up to `values`, each once. */
void rig_expect_in_order(struct rig *rig, const char *function, unsigned keys, long values);

#endif
