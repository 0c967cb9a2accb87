#include "transfer/loader.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/slice.h"

enum {
    SLOTS = 512,               /* as many as the executor takes into one group */
    FLIGHT_BYTES_MAX = 8 << 20,
    SLOT_BYTES_MAX = 16 << 20, /* an item too large is refused by the table, in its own words */
    RETRY_MS = 2
};

/* The table's slots are used in turn: slots[first] is the oldest in flight. */
struct slot {
    struct loader *loader;
    struct buf item;
    uint64_t number;
    bool done; /* under the lock */
    enum leat_code code;
    struct leat_result result;
    char words[256];
};

struct loader {
    struct leat *db;
    struct leat_slice table;
    loader_refused_fn refused;
    void *context;
    pthread_mutex_t lock;
    pthread_cond_t done;
    size_t first, count; /* in flight */
    size_t bytes;
    uint64_t written;
    struct slot slots[SLOTS];
};

enum leat_code loader_new(struct leat *db, struct leat_slice table, loader_refused_fn refused, void *context, struct loader **out,
                          struct leat_fault *fault) {
    struct loader *loader = calloc(1, sizeof *loader);
    if (loader == NULL) return fault_memory(fault);
    loader->db = db;
    loader->table = table;
    loader->refused = refused;
    loader->context = context;
    pthread_mutex_init(&loader->lock, NULL);
    pthread_cond_init(&loader->done, NULL);
    for (size_t i = 0; i < SLOTS; i++) {
        loader->slots[i].loader = loader;
        buf_init(&loader->slots[i].item, SLOT_BYTES_MAX);
    }
    *out = loader;
    return LEAT_OK;
}

uint64_t loader_written(const struct loader *loader) { return loader->written; }

/* ---- on the writing thread ---- */

static void written(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *fault) {
    struct slot *slot = context;
    pthread_mutex_lock(&slot->loader->lock);
    slot->code = code;
    if (result != NULL) slot->result = *result;
    if (code != LEAT_OK && fault != NULL) {
        memcpy(slot->words, fault->message, sizeof slot->words - 1);
        slot->words[sizeof slot->words - 1] = 0;
    }
    slot->done = true;
    pthread_cond_signal(&slot->loader->done);
    pthread_mutex_unlock(&slot->loader->lock);
}

/* ---- on the caller's ---- */

/* What an item can be refused for; anything else is the database's fault. */
static bool item_fault(enum leat_code code) {
    return code == LEAT_VALIDATION || code == LEAT_ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED;
}

/* Waits for the oldest write. */
static enum leat_code reap(struct loader *loader, struct leat_fault *fault) {
    struct slot *slot = &loader->slots[loader->first];
    pthread_mutex_lock(&loader->lock);
    while (!slot->done) pthread_cond_wait(&loader->done, &loader->lock);
    pthread_mutex_unlock(&loader->lock);
    leat_result_free(&slot->result);
    loader->first = (loader->first + 1) % SLOTS;
    loader->count--;
    loader->bytes -= slot->item.size;
    if (slot->code == LEAT_OK) loader->written++;
    else if (item_fault(slot->code)) loader->refused(loader->context, slot->number, slot->words);
    else return fault_set(fault, slot->code, "%s", slot->words);
    return LEAT_OK;
}

enum leat_code loader_drain(struct loader *loader, struct leat_fault *fault) {
    enum leat_code code = LEAT_OK;
    while (loader->count > 0) {
        enum leat_code one = reap(loader, code == LEAT_OK ? fault : NULL);
        if (code == LEAT_OK) code = one;
    }
    return code;
}

void loader_free(struct loader *loader) {
    if (loader == NULL) return;
    (void)!loader_drain(loader, NULL);
    for (size_t i = 0; i < SLOTS; i++) buf_fini(&loader->slots[i].item);
    pthread_mutex_destroy(&loader->lock);
    pthread_cond_destroy(&loader->done);
    free(loader);
}

static enum leat_code start(struct loader *loader, struct slot *slot, struct leat_fault *fault) {
    const struct leat_write write = {.kind = LEAT_PUT, .table = loader->table, .item = buf_view(&slot->item), .load = true};
    for (;;) {
        enum leat_code code = leat_write_start(loader->db, &write, 1, LEAT_EACH, slice_of(NULL, 0), written, slot, fault);
        if (code != LEAT_BUSY) return code;
        (void)nanosleep(&(struct timespec){.tv_nsec = RETRY_MS * 1000000L}, NULL); /* others write too */
    }
}

enum leat_code loader_put(struct loader *loader, struct leat_slice item, uint64_t number, struct leat_fault *fault) {
    while (loader->count == SLOTS || (loader->count > 0 && loader->bytes + item.size > FLIGHT_BYTES_MAX)) TRY(reap(loader, fault));
    struct slot *slot = &loader->slots[(loader->first + loader->count) % SLOTS];
    struct leat_fault own;
    buf_clear(&slot->item);
    buf_slice(&slot->item, item);
    if (!buf_ok(&slot->item)) return fault_memory(fault);
    slot->number = number;
    slot->done = false;
    slot->code = LEAT_OK;
    slot->words[0] = 0;
    fault_clear(&own);
    enum leat_code code = start(loader, slot, &own);
    if (code == LEAT_OK) {
        loader->count++;
        loader->bytes += slot->item.size;
        return LEAT_OK;
    }
    if (!item_fault(code)) return fault_set(fault, code, "%s", own.message);
    loader->refused(loader->context, number, own.message);
    return LEAT_OK;
}
