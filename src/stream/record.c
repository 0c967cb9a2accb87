#include "stream/record.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/little.h"
#include "base/slice.h"
#include "item/value.h"

enum { RECORD_VERSION = 1, RECORD_HEAD = 11, RECORD_EXPIRED = 0x10 };
static const uint32_t RECORD_ABSENT = UINT32_MAX;

static void put_little(struct buf *out, uint64_t value, unsigned bytes) {
    uint8_t little[8];
    little_set(little, value, bytes);
    buf_append(out, little, bytes);
}

static void put_image(struct buf *out, struct leat_slice image, bool wanted) {
    bool there = wanted && image.data != NULL;
    put_little(out, there ? (uint32_t)image.size : RECORD_ABSENT, 4);
    if (there) buf_slice(out, image);
}

void stream_record_encode(struct buf *out, const struct stream_change *change) {
    enum leat_view view = change->view;
    (void)buf_reserve(out, RECORD_HEAD + 3 * 4 + change->keys.size + change->new_image.size + change->old_image.size);
    buf_byte(out, RECORD_VERSION);
    buf_byte(out, (uint8_t)((uint8_t)change->event | (change->expired ? RECORD_EXPIRED : 0)));
    buf_byte(out, (uint8_t)view);
    put_little(out, change->created_ms, 8);
    put_image(out, change->keys, true);
    put_image(out, change->new_image, view == LEAT_NEW_IMAGE || view == LEAT_NEW_AND_OLD_IMAGES);
    put_image(out, change->old_image, view == LEAT_OLD_IMAGE || view == LEAT_NEW_AND_OLD_IMAGES);
}

static bool get_image(struct leat_slice *rest, struct leat_slice *image) {
    *image = (struct leat_slice){NULL, 0};
    if (rest->size < 4) return false;
    uint32_t size = (uint32_t)little_get(rest->data, 4);
    *rest = slice_of(rest->data + 4, rest->size - 4);
    if (size == RECORD_ABSENT) return true;
    if (rest->size < size) return false;
    *image = slice_of(rest->data, size);
    *rest = slice_of(rest->data + size, rest->size - size);
    return true;
}

uint64_t stream_record_created_ms(struct leat_slice bytes) {
    if (bytes.size < RECORD_HEAD || bytes.data[0] != RECORD_VERSION) return 0;
    return little_get(bytes.data + 3, 8);
}

bool stream_record_decode(struct leat_slice bytes, struct leat_record *out) {
    if (bytes.size < RECORD_HEAD || bytes.data[0] != RECORD_VERSION) return false;
    out->event = (enum leat_event)(bytes.data[1] & 0x0f);
    out->expired = (bytes.data[1] & RECORD_EXPIRED) != 0;
    out->view = (enum leat_view)bytes.data[2];
    out->created_ms = little_get(bytes.data + 3, 8);
    struct leat_slice rest = slice_of(bytes.data + RECORD_HEAD, bytes.size - RECORD_HEAD);
    if (!get_image(&rest, &out->keys) || !get_image(&rest, &out->new_image) || !get_image(&rest, &out->old_image)) return false;
    out->size_bytes = item_size(out->keys);
    if (out->new_image.data != NULL) out->size_bytes += item_size(out->new_image);
    if (out->old_image.data != NULL) out->size_bytes += item_size(out->old_image);
    return true;
}

void stream_record_event_id(struct leat_slice stream_arn, uint16_t part, store_sequence sequence,
                            char out[LEAT_EVENT_ID_SIZE]) {
    uint64_t place[3] = {hash_bytes(stream_arn), part, sequence};
    uint64_t high = hash_bytes(slice_of(place, sizeof place));
    place[1] += 65536; /* a second, independent half */
    uint64_t low = hash_bytes(slice_of(place, sizeof place));
    (void)snprintf(out, LEAT_EVENT_ID_SIZE, "%016" PRIx64 "%016" PRIx64, high, low);
}
