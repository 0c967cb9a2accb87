/* The event's JSON, member for member as recorded. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/json.h"
#include "base/slice.h"
#include "item/item_json.h"
#include "trigger/event.h"

static struct arena arena;
static struct buf items;

static void setup(void) {
    arena_init(&arena, 1 << 20);
    buf_init(&items, 1 << 20);
    cr_assert(buf_reserve(&items, 1 << 16)); /* slices of it stay where they are */
}

static void teardown(void) {
    arena_fini(&arena);
    buf_fini(&items);
}

static struct leat_slice item(const char *json) {
    struct json_reader reader;
    size_t before = items.size;
    json_reader_init(&reader, slice_text(json), &arena);
    cr_assert_eq(json_next(&reader), JSON_OBJECT);
    cr_assert_eq(item_from_json(&reader, &items, NULL), LEAT_OK);
    return slice_of(items.data + before, items.size - before);
}

static void expect(const struct leat_record *record, const char *json) {
    const struct event_source source = {SLICE("arn:aws:dynamodb:eu-west-1:000000000000:table/t/stream/l"), SLICE("eu-west-1")};
    struct buf out;
    buf_init(&out, 1 << 20);
    event_record(&out, record, &source);
    cr_assert(buf_ok(&out));
    cr_assert(slice_is(buf_view(&out), json), "%.*s", SLICE_FORMAT(buf_view(&out)));
    buf_fini(&out);
}

static struct leat_record record_of(enum leat_event event) {
    struct leat_record record = {.event = event, .created_ms = 1732300000999, .view = LEAT_NEW_AND_OLD_IMAGES, .size_bytes = 46};
    strcpy(record.event_id, "0123456789abcdef0123456789abcdef");
    strcpy(record.sequence, "800000000003126276362");
    return record;
}

#define HEAD(name)                                                                                                    \
    "{\"eventID\":\"0123456789abcdef0123456789abcdef\",\"eventName\":\"" name "\",\"eventVersion\":\"1.1\","          \
    "\"eventSource\":\"aws:dynamodb\",\"awsRegion\":\"eu-west-1\",\"dynamodb\":{"                                     \
    "\"ApproximateCreationDateTime\":1732300000.0,"
#define TAIL(view)                                                                                                    \
    "\"SequenceNumber\":\"800000000003126276362\",\"SizeBytes\":46,\"StreamViewType\":\"" view "\"},"                 \
    "\"eventSourceARN\":\"arn:aws:dynamodb:eu-west-1:000000000000:table/t/stream/l\""

Test(event, a_change_has_both_images_in_the_recorded_order, .init = setup, .fini = teardown) {
    struct leat_record record = record_of(LEAT_MODIFY);
    record.keys = item("{\"id\":{\"S\":\"a\"}}");
    record.new_image = item("{\"id\":{\"S\":\"a\"},\"n\":{\"N\":\"42\"}}");
    record.old_image = item("{\"id\":{\"S\":\"a\"}}");
    expect(&record, HEAD("MODIFY") "\"Keys\":{\"id\":{\"S\":\"a\"}},\"NewImage\":{\"id\":{\"S\":\"a\"},\"n\":{\"N\":\"42\"}},"
                                   "\"OldImage\":{\"id\":{\"S\":\"a\"}}," TAIL("NEW_AND_OLD_IMAGES") "}");
}

Test(event, an_image_that_is_not_there_is_left_out, .init = setup, .fini = teardown) {
    struct leat_record record = record_of(LEAT_INSERT);
    record.view = LEAT_KEYS_ONLY;
    record.keys = item("{\"id\":{\"S\":\"a\"}}");
    expect(&record, HEAD("INSERT") "\"Keys\":{\"id\":{\"S\":\"a\"}}," TAIL("KEYS_ONLY") "}");
}

Test(event, binary_is_base64, .init = setup, .fini = teardown) {
    struct leat_record record = record_of(LEAT_INSERT);
    record.keys = item("{\"id\":{\"B\":\"Zm9vYmFy\"}}");
    record.view = LEAT_NEW_IMAGE;
    expect(&record, HEAD("INSERT") "\"Keys\":{\"id\":{\"B\":\"Zm9vYmFy\"}}," TAIL("NEW_IMAGE") "}");
}

Test(event, an_expired_item_is_told_apart_by_its_user_identity, .init = setup, .fini = teardown) {
    struct leat_record record = record_of(LEAT_REMOVE);
    record.keys = item("{\"id\":{\"S\":\"a\"}}");
    record.view = LEAT_OLD_IMAGE;
    record.expired = true;
    expect(&record, HEAD("REMOVE") "\"Keys\":{\"id\":{\"S\":\"a\"}}," TAIL("OLD_IMAGE")
                        ",\"userIdentity\":{\"principalId\":\"dynamodb.amazonaws.com\",\"type\":\"Service\"}}");
}
