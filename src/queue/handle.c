/* Receipt handles: the queue's id, the message's number and which receive it was, with a check, as base64. They say all that is needed,
 * so that one given out before a restart is as good as one given out since. */
#include <string.h>

#include "base/encode.h"
#include "base/hash.h"
#include "base/little.h"
#include "base/slice.h"
#include "queue/service.h"

enum { NUMBER = 16, RECEIVED = 24, CHECK = 28, SIZE = 36, TEXT = 48 };

static void set_check(const uint8_t bytes[SIZE], uint8_t out[SIZE - CHECK]) {
    little_set(out, hash_bytes(slice_of(bytes, CHECK)), SIZE - CHECK);
}

void handle_write(const struct queue *queue, const struct index_message *message, char out[QUEUE_HANDLE_SIZE]) {
    uint8_t bytes[SIZE];
    uint8_t room[TEXT + 1];
    struct buf text = {.data = room, .capacity = TEXT, .max = TEXT};
    store_id_bytes(queue->stored.id, bytes);
    little_set(bytes + NUMBER, message->sequence, RECEIVED - NUMBER);
    little_set(bytes + RECEIVED, message->received, CHECK - RECEIVED);
    set_check(bytes, bytes + CHECK);
    base64_encode(&text, slice_of(bytes, SIZE));
    memcpy(out, text.data, text.size);
    out[text.size] = 0;
}

bool handle_read(const struct queue *queue, struct leat_slice text, uint64_t *sequence, uint32_t *received) {
    uint8_t check[SIZE - CHECK], id[INDEX_ID_SIZE], room[256];
    struct arena arena;
    if (text.size != TEXT) return false;
    arena_init_inside(&arena, room, sizeof room, 1024);
    struct leat_slice bytes = base64_decode(&arena, text);
    store_id_bytes(queue->stored.id, id);
    bool own = bytes.size == SIZE && memcmp(bytes.data, id, sizeof id) == 0;
    if (own) {
        set_check(bytes.data, check);
        own = memcmp(bytes.data + CHECK, check, sizeof check) == 0;
        *sequence = little_get(bytes.data + NUMBER, RECEIVED - NUMBER);
        *received = (uint32_t)little_get(bytes.data + RECEIVED, CHECK - RECEIVED);
    }
    arena_fini(&arena);
    return own;
}
