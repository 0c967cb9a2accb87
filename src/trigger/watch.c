#include "trigger/watch.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/slice.h"

static struct watch **bucket_of(struct watch_list *list, struct leat_slice table) {
    return &list->buckets[hash_bytes(table) % WATCH_BUCKETS];
}

static struct watch *find(struct watch_list *list, struct leat_slice table) {
    struct watch *watch = *bucket_of(list, table);
    while (watch != NULL && !slice_equal(slice_of(watch->name, watch->name_size), table)) watch = watch->next;
    return watch;
}

void watch_list_init(struct watch_list *list, struct leat *db, struct net_loop *loop, void (*ended)(struct watch_list *list)) {
    memset(list, 0, sizeof *list);
    pthread_mutex_init(&list->lock, NULL);
    list->db = db;
    list->loop = loop;
    list->ended = ended;
}

void watch_list_fini(struct watch_list *list) { pthread_mutex_destroy(&list->lock); }

void watch_committed(void *context, struct leat_slice table) {
    struct watch_list *list = context;
    pthread_mutex_lock(&list->lock);
    struct watch *watch = find(list, table);
    if (watch != NULL && !atomic_exchange(&watch->posted, true)) {
        leat_clock_hold(list->db); /* what was written now is seen now */
        net_loop_post(list->loop, &watch->task);
    }
    pthread_mutex_unlock(&list->lock);
}

/* Cleared before the watchers read: what is committed after their look posts again. */
static void watch_run(struct net_task *task) {
    struct watch *watch = (struct watch *)(void *)task;
    struct watch_list *list = watch->list;
    atomic_store(&watch->posted, false);
    watch->runs = true;
    watch->generation++;
    watch->running = watch->watchers;
    while (watch->running != NULL) {
        struct watcher *watcher = watch->running;
        watch->running = watcher->next;
        watcher->grown(watcher);
    }
    watch->runs = false;
    leat_clock_release(list->db);
    if (!watch->dead || atomic_load(&watch->posted)) return;
    free(watch);
    if (--list->pending == 0) list->ended(list);
}

static struct watch *watch_new(struct watch_list *list, struct leat_slice table) {
    struct watch *watch = calloc(1, sizeof *watch + table.size);
    if (watch == NULL) return NULL;
    watch->task.run = watch_run;
    watch->list = list;
    watch->name_size = table.size;
    memcpy(watch->name, table.data, table.size);
    pthread_mutex_lock(&list->lock);
    struct watch **bucket = bucket_of(list, table);
    watch->next = *bucket;
    *bucket = watch;
    pthread_mutex_unlock(&list->lock);
    return watch;
}

bool watch_add(struct watch_list *list, struct leat_slice table, struct watcher *watcher) {
    struct watch *watch = find(list, table); /* chains change on this thread only */
    if (watch == NULL) watch = watch_new(list, table);
    if (watch == NULL) return false;
    watcher->watch = watch;
    watcher->next = watch->watchers;
    watcher->at = &watch->watchers;
    if (watcher->next != NULL) watcher->next->at = &watcher->next;
    watch->watchers = watcher;
    return true;
}

static void watch_end(struct watch *watch) {
    struct watch_list *list = watch->list;
    pthread_mutex_lock(&list->lock);
    struct watch **at = bucket_of(list, slice_of(watch->name, watch->name_size));
    while (*at != watch) at = &(*at)->next;
    *at = watch->next;
    bool waits = atomic_load(&watch->posted);
    pthread_mutex_unlock(&list->lock);
    if (!waits && !watch->runs) {
        free(watch);
        return;
    }
    watch->dead = true; /* the task that waits or runs frees it */
    list->pending++;
}

void watch_remove(struct watcher *watcher) {
    struct watch *watch = watcher->watch;
    if (watch == NULL) return;
    if (watch->running == watcher) watch->running = watcher->next;
    *watcher->at = watcher->next;
    if (watcher->next != NULL) watcher->next->at = watcher->at;
    watcher->watch = NULL;
    if (watch->watchers == NULL) watch_end(watch);
}
