#include <stdlib.h>

#include "base/slice.h"
#include "trigger/runner.h"

enum { KEY_BYTES_MAX = 1024 };

struct forgetting {
    struct net_task task;
    struct runner_world *world;
    struct buf key;
};

static void came_back(struct net_task *task) {
    struct forgetting *forgetting = (struct forgetting *)(void *)task;
    struct runner_world *world = forgetting->world;
    buf_fini(&forgetting->key);
    free(forgetting);
    if (--world->saves == 0) world->saves_ended(world);
}

/* On leat's writing thread. */
static void ended(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *fault) {
    struct forgetting *forgetting = context;
    (void)code;
    (void)fault;
    leat_result_free(result);
    net_loop_post(forgetting->world->loop, &forgetting->task);
}

void runner_forget_checkpoint(struct runner_world *world, struct leat_slice uuid, const char *shard) {
    struct forgetting *forgetting = calloc(1, sizeof *forgetting);
    struct leat_write write;
    if (forgetting == NULL) return;
    forgetting->task.run = came_back;
    forgetting->world = world;
    buf_init(&forgetting->key, KEY_BYTES_MAX);
    world->saves++;
    if (store_checkpoint_forget(uuid, shard, &forgetting->key, &write) &&
        leat_write_start(world->db, &write, 1, LEAT_EACH, slice_of(NULL, 0), ended, forgetting, NULL) == LEAT_OK) {
        return;
    }
    world->saves--;
    buf_fini(&forgetting->key);
    free(forgetting);
}
