#include "store/journal.h"

#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

enum { JOURNAL_ENTRIES_FIRST = 64, JOURNAL_ENTRIES_KEPT = 4096, JOURNAL_BYTES_KEPT = 1024 * 1024 };

void store_journal_init(struct store_journal *journal) {
    *journal = (struct store_journal){.only_removes = true};
    arena_init(&journal->arena, STORE_TRANSACTION_MAX);
    journal->arena.keep = JOURNAL_BYTES_KEPT;
}

void store_journal_fini(struct store_journal *journal) {
    arena_fini(&journal->arena);
    free(journal->entries);
    free(journal->heads);
    store_journal_init(journal);
}

void store_journal_clear(struct store_journal *journal) {
    if (journal->capacity > JOURNAL_ENTRIES_KEPT || journal->head_capacity > JOURNAL_ENTRIES_KEPT) {
        store_journal_fini(journal);
        return;
    }
    arena_reset(&journal->arena);
    journal->count = 0;
    journal->head_count = 0;
    journal->only_removes = true;
}

/* Room for one more in an array of members of `size` bytes. */
static bool journal_room(void **array, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) return true;
    size_t next = *capacity == 0 ? JOURNAL_ENTRIES_FIRST : *capacity * 2, bytes;
    if (__builtin_mul_overflow(next, size, &bytes)) return false;
    void *bigger = realloc(*array, bytes);
    if (bigger == NULL) return false;
    *array = bigger;
    *capacity = next;
    return true;
}

static enum leat_code journal_copy(struct store_journal *journal, struct leat_slice source, struct leat_slice *copy,
                                   struct leat_fault *fault) {
    *copy = arena_copy(&journal->arena, source);
    if (copy->data != NULL) return LEAT_OK;
    if (source.size >= STORE_TRANSACTION_MAX - journal->arena.used) {
        return fault_set(fault, LEAT_LIMIT_EXCEEDED, "a storage transaction is larger than %d bytes", STORE_TRANSACTION_MAX);
    }
    return fault_memory(fault);
}

static enum leat_code journal_add(struct store_journal *journal, struct store_journal_entry entry,
                                  struct leat_fault *fault) {
    if (entry.key.size > STORE_KEY_MAX) {
        return fault_set(fault, LEAT_VALIDATION, "a storage key of %zu bytes; at most %d", entry.key.size, STORE_KEY_MAX);
    }
    if (entry.value.size > STORE_VALUE_MAX) {
        return fault_set(fault, LEAT_VALIDATION, "a storage value of %zu bytes; at most %d", entry.value.size,
                         STORE_VALUE_MAX);
    }
    if (!journal_room((void **)&journal->entries, journal->count, &journal->capacity, sizeof *journal->entries)) {
        return fault_memory(fault);
    }
    TRY(journal_copy(journal, entry.key, &entry.key, fault));
    if (entry.value.data != NULL) TRY(journal_copy(journal, entry.value, &entry.value, fault));
    entry.order = journal->count;
    journal->entries[journal->count++] = entry;
    if (entry.value.data != NULL) journal->only_removes = false;
    return LEAT_OK;
}

enum leat_code store_journal_put(struct store_journal *journal, store_part part, struct leat_slice key,
                                 struct leat_slice value, struct leat_fault *fault) {
    if (key.data == NULL || value.data == NULL) {
        return fault_set(fault, LEAT_INTERNAL, "a storage put without key or value");
    }
    return journal_add(journal, (struct store_journal_entry){.part = part, .key = key, .value = value}, fault);
}

enum leat_code store_journal_del(struct store_journal *journal, store_part part, struct leat_slice key,
                                 struct leat_fault *fault) {
    if (key.data == NULL) return fault_set(fault, LEAT_INTERNAL, "a storage delete without key");
    return journal_add(journal, (struct store_journal_entry){.part = part, .key = key}, fault);
}

/* Where part stands among the heads, or would stand. */
static size_t journal_head_place(const struct store_journal *journal, store_part part) {
    size_t low = 0, high = journal->head_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (journal->heads[middle].part < part) low = middle + 1;
        else high = middle;
    }
    return low;
}

struct store_head *store_journal_head(struct store_journal *journal, store_part part) {
    size_t place = journal_head_place(journal, part);
    if (place == journal->head_count || journal->heads[place].part != part) return NULL;
    return &journal->heads[place].head;
}

enum leat_code store_journal_head_add(struct store_journal *journal, store_part part, struct store_head head,
                                      struct leat_fault *fault) {
    if (!journal_room((void **)&journal->heads, journal->head_count, &journal->head_capacity, sizeof *journal->heads)) {
        return fault_memory(fault);
    }
    size_t place = journal_head_place(journal, part);
    struct store_journal_head *at = journal->heads + place;
    memmove(at + 1, at, (journal->head_count - place) * sizeof *at);
    *at = (struct store_journal_head){part, head};
    journal->head_count++;
    return LEAT_OK;
}

enum leat_code store_journal_append(struct store_journal *journal, store_part part, struct leat_slice record,
                                    store_sequence *sequence, struct leat_fault *fault) {
    struct store_head *head = store_journal_head(journal, part);
    if (head == NULL || record.data == NULL) {
        return fault_set(fault, LEAT_INTERNAL, "a storage append without head or record");
    }
    struct store_journal_entry entry = {
        .part = part, .sequence = head->next, .key = SLICE(""), .value = record};
    TRY(journal_add(journal, entry, fault));
    if (sequence != NULL) *sequence = head->next;
    head->next++;
    return LEAT_OK;
}

static int journal_compare(const struct store_journal_entry *a, const struct store_journal_entry *b) {
    if (a->part != b->part) return a->part < b->part ? -1 : 1;
    if (a->sequence != b->sequence) return a->sequence < b->sequence ? -1 : 1;
    return slice_compare(a->key, b->key);
}

static int journal_order(const void *left, const void *right) {
    const struct store_journal_entry *a = left, *b = right;
    int order = journal_compare(a, b);
    return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

void store_journal_sort(struct store_journal *journal) {
    struct store_journal_entry *entries = journal->entries;
    size_t kept = 0;
    if (journal->count > 1) qsort(entries, journal->count, sizeof *entries, journal_order);
    for (size_t i = 0; i < journal->count; i++) {
        bool superseded = i + 1 < journal->count && journal_compare(&entries[i], &entries[i + 1]) == 0;
        if (!superseded) entries[kept++] = entries[i];
    }
    journal->count = kept;
}
