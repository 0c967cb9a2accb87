#include "table/catalogue.h"

#include <stdlib.h>

#include "base/slice.h"

enum leat_code catalogue_init(struct catalogue *catalogue, const char *region, const char *account) {
    *catalogue = (struct catalogue){.next_id = 1, .region = region, .account = account};
    return pthread_rwlock_init(&catalogue->lock, NULL) == 0 ? LEAT_OK : LEAT_NO_MEMORY;
}

void catalogue_fini(struct catalogue *catalogue) {
    for (size_t i = 0; i < catalogue->count; i++) table_release(catalogue->tables[i]);
    free(catalogue->tables);
    pthread_rwlock_destroy(&catalogue->lock);
}

void table_release(struct table *table) {
    if (table == NULL || atomic_fetch_sub_explicit(&table->references, 1, memory_order_acq_rel) != 1) return;
    arena_fini(&table->arena);
    free(table);
}

struct leat_slice catalogue_name(struct leat_slice name_or_arn) {
    if (!slice_starts(name_or_arn, SLICE("arn:"))) return name_or_arn;
    for (size_t i = 0; i + 7 <= name_or_arn.size; i++)
        if (memcmp(name_or_arn.data + i, ":table/", 7) == 0) {
            struct leat_slice name = slice_of(name_or_arn.data + i + 7, name_or_arn.size - i - 7);
            const uint8_t *slash = name.size == 0 ? NULL : memchr(name.data, '/', name.size);
            return slash == NULL ? name : slice_of(name.data, (size_t)(slash - name.data));
        }
    return name_or_arn;
}

/* The first position whose name is >= name. */
static size_t catalogue_position(const struct catalogue *catalogue, struct leat_slice name, bool *found) {
    size_t low = 0, high = catalogue->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_compare(catalogue->tables[middle]->spec.name, name);
        if (order == 0) *found = true;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

struct table *catalogue_find(struct catalogue *catalogue, struct leat_slice name_or_arn) {
    bool found;
    struct table *table = NULL;
    pthread_rwlock_rdlock(&catalogue->lock);
    size_t position = catalogue_position(catalogue, catalogue_name(name_or_arn), &found);
    if (found) table = table_hold(catalogue->tables[position]);
    pthread_rwlock_unlock(&catalogue->lock);
    return table;
}

enum leat_code catalogue_need(struct catalogue *catalogue, struct leat_slice name_or_arn, struct table **out,
                              struct leat_fault *fault) {
    *out = catalogue_find(catalogue, name_or_arn);
    if (*out != NULL && table_ready(*out)) return LEAT_OK;
    table_release(*out);
    *out = NULL;
    return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "Requested resource not found");
}

void catalogue_each(struct catalogue *catalogue, struct leat_slice after, bool (*each)(void *context, struct table *table),
                    void *context) {
    bool found = false;
    pthread_rwlock_rdlock(&catalogue->lock);
    size_t at = after.data == NULL ? 0 : catalogue_position(catalogue, after, &found);
    for (at += found; at < catalogue->count; at++)
        if (!each(context, catalogue->tables[at])) break;
    pthread_rwlock_unlock(&catalogue->lock);
}

enum leat_code catalogue_install(struct catalogue *catalogue, struct table *table, struct leat_fault *fault) {
    bool found;
    struct table *old = NULL;
    enum leat_code code = LEAT_OK;
    pthread_rwlock_wrlock(&catalogue->lock);
    size_t position = catalogue_position(catalogue, table->spec.name, &found);
    if (found) {
        old = catalogue->tables[position];
        old->current = false;
        catalogue->tables[position] = table;
    } else {
        if (catalogue->count == catalogue->capacity) {
            size_t capacity = catalogue->capacity == 0 ? 16 : catalogue->capacity * 2;
            struct table **tables = realloc(catalogue->tables, capacity * sizeof *tables);
            if (tables == NULL) code = fault_memory(fault);
            else {
                catalogue->tables = tables;
                catalogue->capacity = capacity;
            }
        }
        if (code == LEAT_OK) {
            memmove(catalogue->tables + position + 1, catalogue->tables + position,
                    (catalogue->count - position) * sizeof *catalogue->tables);
            catalogue->tables[position] = table;
            catalogue->count++;
        }
    }
    table->current = code == LEAT_OK;
    pthread_rwlock_unlock(&catalogue->lock);
    table_release(code == LEAT_OK ? old : table);
    return code;
}

void catalogue_remove(struct catalogue *catalogue, struct leat_slice name) {
    bool found;
    struct table *old = NULL;
    pthread_rwlock_wrlock(&catalogue->lock);
    size_t position = catalogue_position(catalogue, name, &found);
    if (found) {
        old = catalogue->tables[position];
        old->current = false;
        catalogue->count--;
        memmove(catalogue->tables + position, catalogue->tables + position + 1,
                (catalogue->count - position) * sizeof *catalogue->tables);
    }
    pthread_rwlock_unlock(&catalogue->lock);
    table_release(old);
}

/* ---- loading ---- */

struct load { struct catalogue *catalogue; struct leat_fault *fault; enum leat_code code; };

static bool load_table(void *context, struct leat_slice key, struct leat_slice value) {
    struct load *load = context;
    struct table *table;
    (void)key;
    load->code = table_from_record(value, load->catalogue, &table, load->fault);
    if (load->code == LEAT_OK) load->code = catalogue_install(load->catalogue, table, load->fault);
    return load->code == LEAT_OK;
}

static bool load_next_id(void *context, struct leat_slice key, struct leat_slice value) {
    struct load *load = context;
    struct item_value id = item_value_at(value);
    struct item_number number;
    int64_t integer;
    (void)key;
    if (id.type == ITEM_N && item_number_decode(id.payload, &number) && item_number_int64(&number, &integer))
        load->catalogue->next_id = (uint32_t)integer;
    return false;
}

enum leat_code catalogue_load(struct catalogue *catalogue, struct store *store, struct leat_fault *fault) {
    struct load load = {catalogue, fault, LEAT_OK};
    TRY(store_scan(store, CATALOGUE_PART, SLICE("i"), SLICE("j"), false, load_next_id, &load, fault));
    TRY(store_scan(store, CATALOGUE_PART, SLICE("t"), SLICE("u"), false, load_table, &load, fault));
    return load.code;
}
