#include "trigger/driver.h"

#include <assert.h>
#include <stdlib.h>

#include "base/slice.h"
#include "trigger/lineage.h"

enum { EVENT_BYTES_MAX = 24 * 1024 * 1024, ANSWER_BYTES_MAX = 64 * 1024 * 1024, ANSWER_IDLE_BYTES_MAX = 64 * 1024 };

struct entry {
    struct entry *next;
    struct lineage *lineage;
};

struct driver {
    struct lineage_world world;
    struct entry *entries;
    struct leat_hook *hook;
    struct waiter *stopping;
    bool timer_closed;
};

/* A thread that waits for the loop. */
struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
};

enum command_kind { COMMAND_BEGIN, COMMAND_ADD, COMMAND_CHANGE, COMMAND_REMOVE, COMMAND_STOP };

struct command {
    struct net_task task;
    struct runner_farewell farewell;
    struct driver *driver;
    enum command_kind kind;
    struct mapping *mapping; /* ADD, CHANGE */
    struct leat_slice uuid;  /* REMOVE */
    struct waiter waiter;    /* REMOVE, STOP: the command is on the waiting thread's stack */
};

/* ------------------------------------------------------------------ waiting */

static void waiter_init(struct waiter *waiter) {
    pthread_mutex_init(&waiter->lock, NULL);
    pthread_cond_init(&waiter->changed, NULL);
    waiter->done = false;
}

static void waiter_wake(struct waiter *waiter) {
    pthread_mutex_lock(&waiter->lock);
    waiter->done = true;
    pthread_cond_signal(&waiter->changed);
    pthread_mutex_unlock(&waiter->lock);
}

static void waiter_wait(struct waiter *waiter) {
    pthread_mutex_lock(&waiter->lock);
    while (!waiter->done) pthread_cond_wait(&waiter->changed, &waiter->lock);
    pthread_mutex_unlock(&waiter->lock);
    pthread_cond_destroy(&waiter->changed);
    pthread_mutex_destroy(&waiter->lock);
}

/* ------------------------------------------------------------------ on the loop */

static struct entry **find(struct driver *driver, struct leat_slice uuid) {
    struct entry **at = &driver->entries;
    while (*at != NULL && !slice_equal(lineage_mapping((*at)->lineage)->settings.uuid, uuid)) at = &(*at)->next;
    return at;
}

static void entry_add(struct driver *driver, struct mapping *mapping) {
    struct entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        mapping_free(mapping);
        return;
    }
    entry->lineage = lineage_new(&driver->world, mapping);
    if (entry->lineage == NULL) {
        free(entry);
        return;
    }
    entry->next = driver->entries;
    driver->entries = entry;
}

static void entry_change(struct driver *driver, struct mapping *mapping) {
    struct entry *entry = *find(driver, mapping->settings.uuid);
    if (entry != NULL) lineage_change(entry->lineage, mapping);
    else entry_add(driver, mapping); /* there was no memory for it before */
}

static void entry_remove(struct entry **at, struct runner_farewell *farewell) {
    struct entry *entry = *at;
    *at = entry->next;
    lineage_free(entry->lineage, farewell);
    free(entry);
}

static void removed(struct runner_farewell *farewell) {
    struct command *command = (struct command *)(void *)((char *)farewell - offsetof(struct command, farewell));
    waiter_wake(&command->waiter);
}

/* Last on the loop: after the wake-up the driver's memory may be gone. */
static void stop_when_quiet(struct driver *driver) {
    if (driver->stopping == NULL || driver->world.runners.saves > 0 || driver->world.watches.pending > 0) return;
    if (driver->timer_closed) waiter_wake(driver->stopping);
}

static void saves_ended(struct runner_world *world) { stop_when_quiet((struct driver *)(void *)world); }
static void watches_ended(struct watch_list *list) {
    stop_when_quiet((struct driver *)(void *)((char *)list - offsetof(struct driver, world.watches)));
}

static void timer_closed(uv_handle_t *timer) {
    struct driver *driver = timer->data;
    driver->timer_closed = true;
    stop_when_quiet(driver);
}

static void stop(struct driver *driver, struct waiter *waiter) {
    while (driver->entries != NULL) entry_remove(&driver->entries, NULL);
    feed_fini(&driver->world.runners.feed);
    driver->stopping = waiter;
    driver->world.runners.schedule.timer.data = driver;
    schedule_fini(&driver->world.runners.schedule, timer_closed);
}

static void command_run(struct net_task *task) {
    struct command *command = (struct command *)(void *)task;
    struct driver *driver = command->driver;
    struct entry **at;
    switch (command->kind) {
    case COMMAND_BEGIN:
        schedule_init(&driver->world.runners.schedule, driver->world.runners.db, driver->world.runners.loop);
        free(command);
        break;
    case COMMAND_ADD:
        entry_add(driver, command->mapping);
        free(command);
        break;
    case COMMAND_CHANGE:
        entry_change(driver, command->mapping);
        free(command);
        break;
    case COMMAND_REMOVE:
        at = find(driver, command->uuid);
        if (*at != NULL) entry_remove(at, &command->farewell);
        if (command->farewell.open == 0) waiter_wake(&command->waiter);
        break;
    case COMMAND_STOP: stop(driver, &command->waiter); break;
    }
}

/* ------------------------------------------------------------------ from other threads */

static enum leat_code hand_over(struct driver *driver, enum command_kind kind, struct mapping *mapping,
                                struct leat_fault *fault) {
    struct command *command = calloc(1, sizeof *command);
    if (command == NULL) {
        mapping_free(mapping);
        return fault_memory(fault);
    }
    *command = (struct command){.task.run = command_run, .driver = driver, .kind = kind, .mapping = mapping};
    net_loop_post(driver->world.runners.loop, &command->task);
    return LEAT_OK;
}

enum leat_code driver_add(struct driver *driver, struct mapping *mapping, struct leat_fault *fault) {
    return hand_over(driver, COMMAND_ADD, mapping, fault);
}

enum leat_code driver_change(struct driver *driver, struct mapping *mapping, struct leat_fault *fault) {
    return hand_over(driver, COMMAND_CHANGE, mapping, fault);
}

static void call_and_wait(struct driver *driver, struct command *command) {
    assert(!net_loop_here(driver->world.runners.loop));
    command->task.run = command_run;
    command->driver = driver;
    waiter_init(&command->waiter);
    net_loop_post(driver->world.runners.loop, &command->task);
    waiter_wait(&command->waiter);
}

void driver_remove(struct driver *driver, struct leat_slice uuid) {
    struct command command = {.kind = COMMAND_REMOVE, .uuid = uuid, .farewell.ended = removed};
    call_and_wait(driver, &command);
}

enum leat_code driver_new(const struct driver_options *options, struct driver **out, struct leat_fault *fault) {
    struct driver *driver = calloc(1, sizeof *driver);
    if (driver == NULL) return fault_memory(fault);
    struct lineage_world *world = &driver->world;
    world->runners = (struct runner_world){.db = options->db,
                                           .loop = options->loop,
                                           .region = options->region,
                                           .saves_ended = saves_ended};
    world->resolver = options->resolver;
    world->destinations = options->destinations;
    world->retry_ms_first = options->retry_ms_first;
    world->retry_ms_max = options->retry_ms_max;
    world->result = options->result;
    world->result_context = options->result_context;
    buf_init(&world->runners.event, EVENT_BYTES_MAX);
    arena_init(&world->runners.arena, ANSWER_BYTES_MAX);
    world->runners.arena.keep = ANSWER_IDLE_BYTES_MAX;
    feed_init(&world->runners.feed, options->db, options->region, &world->runners.schedule);
    watch_list_init(&world->watches, options->db, options->loop, watches_ended);
    enum leat_code code = hand_over(driver, COMMAND_BEGIN, NULL, fault);
    if (code != LEAT_OK) {
        free(driver);
        return code;
    }
    *out = driver;
    driver->hook = leat_hook_add(options->db, watch_committed, &world->watches);
    if (driver->hook != NULL) return LEAT_OK;
    driver_free(driver);
    return fault_memory(fault);
}

void driver_free(struct driver *driver) {
    if (driver == NULL) return;
    struct command command = {.kind = COMMAND_STOP};
    if (driver->hook != NULL) leat_hook_remove(driver->world.runners.db, driver->hook);
    call_and_wait(driver, &command);
    watch_list_fini(&driver->world.watches);
    buf_fini(&driver->world.runners.event);
    arena_fini(&driver->world.runners.arena);
    free(driver);
}
