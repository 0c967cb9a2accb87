/* One change as it lies in a partition's log.
 *
 *   byte 0      1, the version of this layout
 *   byte 1      event (0 INSERT, 1 MODIFY, 2 REMOVE), + 0x10 when removed by time to live
 *   byte 2      view type of the stream (enum leat_view)
 *   bytes 3-10  creation time, milliseconds since 1970, little-endian
 *   then        keys, new image, old image: each 4 bytes length, little-endian (0xFFFFFFFF: absent), and the item's bytes
 *
 * The sequence number is not in it: the store gives it at commit. Images that the view leaves out are not stored. */
#ifndef STREAM_RECORD_H
#define STREAM_RECORD_H

#include "base/buf.h"
#include "leat_types.h"
#include "store/store.h"

struct stream_change {
    enum leat_event event;
    bool expired;
    enum leat_view view;
    uint64_t created_ms;
    struct leat_slice keys, new_image, old_image; /* images absent where there is none; the view is applied by encode */
};

void stream_record_encode(struct buf *out, const struct stream_change *change);

/* Fills event, created_ms, view, keys, images, size_bytes and expired; slices borrow from bytes. false: damaged. */
bool stream_record_decode(struct leat_slice bytes, struct leat_record *out);

/* Only the creation time, for trimming. 0: damaged. */
uint64_t stream_record_created_ms(struct leat_slice bytes);

/* 32 hexadecimal digits that depend on nothing but where the record is, so they are the same at every reading. */
void stream_record_event_id(struct leat_slice stream_arn, uint16_t part, store_sequence sequence,
                            char out[LEAT_EVENT_ID_SIZE]);

#endif
