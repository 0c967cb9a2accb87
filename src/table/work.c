#include "table/work.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/slice.h"
#include "item/member.h"
#include "table/collections.h"
#include "table/copy.h"
#include "table/engine.h"
#include "table/expiry.h"
#include "table/fill.h"
#include "table/states.h"

enum {
    WORK_ARENA_MAX = 8 * 1024 * 1024, /* the record of the source */
    RETRY_MS = 1000,                  /* after a step that failed: a full disk may have room again */
    STEPS_AT_ONCE = 8
};

/* How each kind does a step: one transaction, in which it also writes its entry, or the end of the work (states.h). */
static enum leat_code (*const steps[])(struct engine *engine, struct work *work, struct table *table, struct leat_fault *fault) = {
    [WORK_SETTLE] = states_settle_step, [WORK_FILL] = fill_step, [WORK_EXPIRY] = expiry_step, [WORK_COPY] = copy_step,
    [WORK_COUNT] = collections_step};

/* ---- one piece of work ---- */

static struct work *work_alloc(void) {
    struct work *work = calloc(1, sizeof *work);
    if (work == NULL) return NULL;
    arena_init(&work->arena, WORK_ARENA_MAX);
    buf_init(&work->place.from, STORE_KEY_MAX + 1);
    return work;
}

void work_free(struct work *work) {
    if (work == NULL) return;
    table_release(work->source);
    buf_fini(&work->place.from);
    arena_fini(&work->arena);
    free(work);
}

enum leat_code work_new(struct engine *engine, enum work_kind kind, const struct table *table, struct work **out,
                        struct leat_fault *fault) {
    struct work *work = work_alloc();
    if (work == NULL) return fault_memory(fault);
    work->number = engine->catalogue.next_id++;
    work->kind = kind;
    work->table = arena_copy(&work->arena, table->spec.name);
    work->table_id = table->id;
    if (work->table.data == NULL) {
        work_free(work);
        return fault_memory(fault);
    }
    *out = work;
    return LEAT_OK;
}

/* ---- as an entry of the catalogue ---- */

static struct leat_slice entry_key(const struct work *work, uint8_t key[5]) {
    key[0] = 'w';
    for (int i = 0; i < 4; i++) key[1 + i] = (uint8_t)(work->number >> (24 - 8 * i));
    return slice_of(key, 5);
}

static enum leat_code put_source(const struct work *work, struct buf *entry, struct leat_fault *fault) {
    struct buf record;
    if (work->source == NULL) return LEAT_OK;
    buf_init(&record, WORK_ARENA_MAX);
    enum leat_code code = table_to_record(work->source, &record, fault);
    if (code == LEAT_OK) {
        item_put_name(entry, SLICE("source"));
        item_put_binary(entry, buf_view(&record));
        item_put_name(entry, SLICE("cuts"));
        size_t list = item_begin(entry, ITEM_L);
        for (uint16_t i = 0; i < work->source->part_count; i++) item_put_int(entry, (int64_t)work->cuts[i]);
        code = item_end(entry, list);
    }
    buf_fini(&record);
    return code;
}

enum leat_code work_put(const struct work *work, struct store_transaction *transaction, struct leat_fault *fault) {
    struct buf entry;
    uint8_t key[5];
    buf_init(&entry, WORK_ARENA_MAX);
    item_put_member_int(&entry, "kind", (int64_t)work->kind);
    item_put_member_text(&entry, "table", work->table);
    item_put_member_int(&entry, "table_id", (int64_t)work->table_id);
    item_put_member_int(&entry, "index_id", (int64_t)work->index_id);
    item_put_member_int(&entry, "due", (int64_t)work->due_ms);
    item_put_member_int(&entry, "phase", (int64_t)work->phase);
    item_put_member_int(&entry, "part", (int64_t)work->place.part);
    item_put_name(&entry, SLICE("from"));
    item_put_binary(&entry, buf_view(&work->place.from));
    item_put_member_int(&entry, "done", (int64_t)work->done);
    item_put_member_int(&entry, "total", (int64_t)work->total);
    item_put_member_int(&entry, "undone", (int64_t)work->undone);
    enum leat_code code = put_source(work, &entry, fault);
    if (code == LEAT_OK) code = item_close(&entry, 0);
    if (code == LEAT_OK && !buf_ok(&entry)) code = fault_memory(fault);
    if (code == LEAT_OK) code = store_put(transaction, CATALOGUE_PART, entry_key(work, key), buf_view(&entry), fault);
    buf_fini(&entry);
    return code;
}

enum leat_code work_del(const struct work *work, struct store_transaction *transaction, struct leat_fault *fault) {
    uint8_t key[5];
    return store_del(transaction, CATALOGUE_PART, entry_key(work, key), fault);
}

static enum leat_code read_source(struct engine *engine, struct work *work, struct leat_slice entry, struct leat_fault *fault) {
    struct leat_slice record = item_member_text(entry, "source");
    struct item_value cuts, cut;
    struct item_number number;
    if (record.data == NULL || !item_find(entry, SLICE("cuts"), &cuts)) return LEAT_OK;
    TRY(table_from_record(record, &engine->catalogue, &work->source, fault));
    work->cuts = ARENA_ARRAY(&work->arena, store_sequence, work->source->part_count);
    if (work->cuts == NULL) return fault_memory(fault);
    struct item_iterator at = item_iterate(cuts.payload);
    for (uint16_t i = 0; i < work->source->part_count && item_list_next(&at, &cut); i++) {
        int64_t value = 0;
        if (item_number_decode(cut.payload, &number)) (void)item_number_int64(&number, &value);
        work->cuts[i] = (store_sequence)value;
    }
    return LEAT_OK;
}

static enum leat_code work_from_entry(struct engine *engine, struct leat_slice key, struct leat_slice entry, struct work *work,
                                      struct leat_fault *fault) {
    for (size_t i = 1; i < key.size; i++) work->number = work->number << 8 | key.data[i];
    int64_t kind = item_member_int(entry, "kind");
    if (kind < 0 || kind > WORK_COUNT) return fault_set(fault, LEAT_STORE_FORMAT, "work of an unknown kind: a newer leat wrote it");
    work->kind = (enum work_kind)kind;
    work->table = arena_copy(&work->arena, item_member_text(entry, "table"));
    work->table_id = (uint32_t)item_member_int(entry, "table_id");
    work->index_id = (uint32_t)item_member_int(entry, "index_id");
    work->due_ms = (uint64_t)item_member_int(entry, "due");
    work->phase = (uint32_t)item_member_int(entry, "phase");
    work->place.part = (uint32_t)item_member_int(entry, "part");
    buf_slice(&work->place.from, item_member_text(entry, "from"));
    work->done = (uint64_t)item_member_int(entry, "done");
    work->total = (uint64_t)item_member_int(entry, "total");
    work->undone = (store_sequence)item_member_int(entry, "undone");
    if (work->table.data == NULL || !buf_ok(&work->place.from)) return fault_memory(fault);
    return read_source(engine, work, entry, fault);
}

struct loading { struct engine *engine; struct leat_fault *fault; enum leat_code code; };

static bool load_one(void *context, struct leat_slice key, struct leat_slice value) {
    struct loading *loading = context;
    struct work *work = work_alloc();
    loading->code = work == NULL ? fault_memory(loading->fault) : work_from_entry(loading->engine, key, value, work, loading->fault);
    if (loading->code == LEAT_OK) works_add(loading->engine, work);
    else work_free(work);
    return loading->code == LEAT_OK;
}

enum leat_code works_load(struct engine *engine, struct leat_fault *fault) {
    struct loading loading = {engine, fault, LEAT_OK};
    TRY(store_scan(engine->store, CATALOGUE_PART, SLICE("w"), SLICE("x"), false, load_one, &loading, fault));
    return loading.code;
}

/* ---- the list ---- */

static void link_last(struct engine *engine, struct work *work) {
    struct work **at = &engine->works;
    while (*at != NULL) at = &(*at)->next;
    work->next = NULL;
    *at = work;
}

static void unlink_work(struct engine *engine, const struct work *work) {
    struct work **at = &engine->works;
    while (*at != NULL && *at != work) at = &(*at)->next;
    if (*at != NULL) *at = work->next;
}

void works_add(struct engine *engine, struct work *work) {
    pthread_mutex_lock(&engine->works_lock);
    link_last(engine, work);
    pthread_mutex_unlock(&engine->works_lock);
}

void works_remove(struct engine *engine, struct work *work) {
    pthread_mutex_lock(&engine->works_lock);
    unlink_work(engine, work);
    pthread_mutex_unlock(&engine->works_lock);
    work_free(work);
}

void works_fini(struct engine *engine) {
    while (engine->works != NULL) works_remove(engine, engine->works);
}

struct work *works_find(struct engine *engine, enum work_kind kind, uint32_t table_id, uint32_t index_id) {
    for (struct work *work = engine->works; work != NULL; work = work->next)
        if (work->kind == kind && work->table_id == table_id && work->index_id == index_id) return work;
    return NULL;
}

bool works_read(const struct engine *engine, uint32_t id) {
    for (const struct work *work = engine->works; work != NULL; work = work->next)
        if (work->source != NULL && (work->source->id == id || work->source->history_id == id)) return true;
    return false;
}

bool works_copied(struct engine *engine, uint32_t table_id) {
    bool found = false;
    pthread_mutex_lock(&engine->works_lock);
    for (const struct work *work = engine->works; work != NULL; work = work->next)
        found |= work->source != NULL && work->source->id == table_id;
    pthread_mutex_unlock(&engine->works_lock);
    return found;
}

bool works_progress(struct engine *engine, enum work_kind kind, uint32_t table_id, uint32_t index_id, uint64_t *done, uint64_t *total) {
    pthread_mutex_lock(&engine->works_lock);
    const struct work *work = works_find(engine, kind, table_id, index_id);
    if (work != NULL) {
        *done = work->done;
        *total = work->total < work->done ? work->done : work->total;
    }
    pthread_mutex_unlock(&engine->works_lock);
    return work != NULL;
}

void work_advance(struct engine *engine, struct work *work, uint64_t rows) {
    pthread_mutex_lock(&engine->works_lock);
    work->done += rows;
    pthread_mutex_unlock(&engine->works_lock);
}

/* ---- steps ---- */

uint64_t works_due_ms(const struct engine *engine) {
    uint64_t due_ms = UINT64_MAX;
    for (const struct work *work = engine->works; work != NULL; work = work->next)
        if (work->due_ms < due_ms) due_ms = work->due_ms;
    return due_ms;
}

/* The work of a table that is gone is gone with it. */
static void step(struct engine *engine, struct work *work, uint64_t now_ms) {
    struct leat_fault fault = {.code = LEAT_OK};
    uint64_t number = work->number;
    struct table *table = catalogue_find(&engine->catalogue, work->table);
    enum leat_code code;
    if (table == NULL || table->id != work->table_id) code = states_forget(engine, work, &fault);
    else code = steps[work->kind](engine, work, table, &fault);
    table_release(table);
    if (code == LEAT_OK) return; /* the work may be gone */
    log_warning("background work %llu: %s", (unsigned long long)number, fault.message);
    work->due_ms = now_ms + RETRY_MS;
}

void works_step(struct engine *engine, uint64_t now_ms) {
    struct work *work = engine->works;
    while (work != NULL && work->due_ms > now_ms) work = work->next;
    if (work == NULL) return;
    pthread_mutex_lock(&engine->works_lock);
    unlink_work(engine, work);
    link_last(engine, work); /* the next step is another's */
    pthread_mutex_unlock(&engine->works_lock);
    step(engine, work, now_ms);
}

void works_begin(struct engine *engine, uint32_t table_id) {
    uint64_t now_ms = engine_now_ms(engine);
    for (int i = 0; i < STEPS_AT_ONCE; i++) {
        struct work *work = engine->works;
        while (work != NULL && (work->table_id != table_id || work->due_ms > now_ms)) work = work->next;
        if (work == NULL) return;
        step(engine, work, now_ms);
    }
}
