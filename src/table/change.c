#include "table/change.h"

#include <assert.h>

#include "base/slice.h"

enum { RECORD_MAX = 4 * 1024 * 1024 };

static const struct leat_slice ABSENT = {NULL, 0};

void change_drop(struct change *change, uint32_t id, uint32_t parts) {
    assert(change->drop_count < CHANGE_DROPS_MAX);
    change->drops[change->drop_count].id = id;
    change->drops[change->drop_count++].parts = parts;
}

void change_add(struct change *change, struct work *work) {
    assert(change->added_count < CHANGE_WORKS_MAX);
    change->added[change->added_count++] = work;
}

void change_discard(struct change *change) {
    for (size_t i = 0; i < change->put_count; i++) table_release(change->puts[i]);
    for (size_t i = 0; i < change->added_count; i++) work_free(change->added[i]);
}

static enum leat_code put_entry(struct store_transaction *transaction, const char *prefix, struct leat_slice name,
                                struct leat_slice value, struct leat_fault *fault) {
    struct buf key;
    buf_init(&key, STORE_KEY_MAX);
    buf_slice(&key, slice_text(prefix));
    buf_slice(&key, name);
    enum leat_code code = !buf_ok(&key)       ? fault_memory(fault)
                          : value.data == NULL ? store_del(transaction, CATALOGUE_PART, buf_view(&key), fault)
                                               : store_put(transaction, CATALOGUE_PART, buf_view(&key), value, fault);
    buf_fini(&key);
    return code;
}

static enum leat_code put_table(struct store_transaction *transaction, const struct table *table, struct leat_fault *fault) {
    struct buf record;
    buf_init(&record, RECORD_MAX);
    enum leat_code code = table_to_record(table, &record, fault);
    if (code == LEAT_OK) code = put_entry(transaction, "t", table->spec.name, buf_view(&record), fault);
    buf_fini(&record);
    return code;
}

static enum leat_code put_next_id(struct engine *engine, struct store_transaction *transaction, struct leat_fault *fault) {
    struct buf next_id;
    buf_init(&next_id, 64);
    item_put_int(&next_id, engine->catalogue.next_id);
    enum leat_code code = put_entry(transaction, "i", SLICE(""), buf_view(&next_id), fault);
    buf_fini(&next_id);
    return code;
}

static enum leat_code put_dropped(struct store_transaction *transaction, uint32_t id, uint32_t parts, struct leat_fault *fault) {
    for (uint32_t i = 0; i < parts; i++) {
        uint64_t part = (uint64_t)id << 16 | i;
        uint8_t name[8];
        for (int k = 0; k < 8; k++) name[k] = (uint8_t)(part >> (56 - 8 * k));
        TRY(put_entry(transaction, "d", slice_of(name, sizeof name), SLICE("1"), fault));
    }
    return LEAT_OK;
}

static enum leat_code put_all(struct engine *engine, const struct change *change, struct store_transaction *transaction,
                              struct leat_fault *fault) {
    for (size_t i = 0; i < change->put_count; i++) TRY(put_table(transaction, change->puts[i], fault));
    if (change->removed.data != NULL) TRY(put_entry(transaction, "t", change->removed, ABSENT, fault));
    for (size_t i = 0; i < change->drop_count; i++)
        TRY(put_dropped(transaction, change->drops[i].id, change->drops[i].parts, fault));
    for (size_t i = 0; i < change->added_count; i++) TRY(work_put(change->added[i], transaction, fault));
    if (change->ended != NULL) TRY(work_del(change->ended, transaction, fault));
    return put_next_id(engine, transaction, fault);
}

static enum leat_code store_all(struct engine *engine, const struct change *change, struct leat_fault *fault) {
    struct store_transaction *transaction;
    const store_part part = CATALOGUE_PART;
    TRY(store_begin(engine->store, &part, 1, &transaction, fault));
    enum leat_code code = put_all(engine, change, transaction, fault);
    if (code == LEAT_OK) return store_commit(transaction, fault);
    store_abort(transaction);
    return code;
}

enum leat_code change_commit(struct engine *engine, struct change *change, struct leat_fault *fault) {
    enum leat_code code = store_all(engine, change, fault);
    if (code != LEAT_OK) {
        change_discard(change);
        return code;
    }
    for (size_t i = 0; i < change->added_count; i++) works_add(engine, change->added[i]);
    if (change->removed.data != NULL) catalogue_remove(&engine->catalogue, change->removed);
    for (size_t i = 0; i < change->put_count; i++) {
        enum leat_code installed = catalogue_install(&engine->catalogue, change->puts[i], fault);
        if (installed != LEAT_OK) code = installed;
    }
    if (change->ended != NULL) works_remove(engine, change->ended);
    if (change->drop_count > 0) housekeeping_soon(engine, false);
    return code;
}
