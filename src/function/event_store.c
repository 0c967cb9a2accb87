/* Events as items of the reserved table "leat:function-events": id S, part S ("0", "1" ...), payload B; and with part 0
 * name context S · accepted attempts pieces N. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/slice.h"
#include "function/events.h"
#include "function/parts.h"
#include "item/value.h"

enum { STORE_ITEM_MAX = 400 << 10, STORE_PAGE_ITEMS = 200, STORE_KEY_MAX = 256 };

static const struct leat_slice TABLE = SLICE("leat:function-events");

enum leat_code function_event_make_table(struct function_service *service, struct leat_fault *fault) {
    return function_make_table(service, TABLE, SLICE("id"), SLICE("part"), fault);
}

struct function_event *function_event_new(struct function_events *events, struct leat_slice name, struct leat_slice payload,
                                          struct leat_slice client_context, size_t payload_max) {
    struct function_event *event = malloc(sizeof *event + payload_max + client_context.size + 1);
    if (event == NULL) return NULL;
    *event = (struct function_event){.events = events, .accepted_ms = leat_now_ms(function_events_service(events)->db)};
    uint8_t *bytes = (uint8_t *)(event + 1);
    if (payload.size > 0) memcpy(bytes, payload.data, payload.size);
    event->payload = slice_of(bytes, payload.size);
    if (client_context.data != NULL) {
        memcpy(bytes + payload_max, client_context.data, client_context.size);
        event->client_context = slice_of(bytes + payload_max, client_context.size);
    }
    (void)snprintf(event->name, sizeof event->name, "%.*s", SLICE_FORMAT(name));
    random_uuid(event->id);
    return event;
}

static size_t pieces_of(const struct function_event *event) {
    size_t pieces = (event->payload.size + FUNCTION_EVENT_PIECE_BYTES - 1) / FUNCTION_EVENT_PIECE_BYTES;
    return pieces > 0 ? pieces : 1;
}

static void put_key(struct buf *out, const struct function_event *event, size_t piece) {
    char part[2] = {(char)('0' + piece), 0};
    function_item_put_text(out, "id", slice_text(event->id));
    function_item_put_text(out, "part", slice_text(part));
}

static enum leat_code put_piece(struct buf *out, const struct function_event *event, size_t piece, struct leat_fault *fault) {
    size_t from = piece * FUNCTION_EVENT_PIECE_BYTES, left = event->payload.size - from;
    put_key(out, event, piece);
    item_put_name(out, SLICE("payload"));
    item_put_binary(out, slice_of(event->payload.data + from, left < FUNCTION_EVENT_PIECE_BYTES ? left : FUNCTION_EVENT_PIECE_BYTES));
    if (piece == 0) {
        function_item_put_text(out, "name", slice_text(event->name));
        function_item_put_text(out, "context", event->client_context);
        function_item_put_int(out, "accepted", (int64_t)event->accepted_ms);
        function_item_put_int(out, "attempts", event->attempts);
        function_item_put_int(out, "pieces", (int64_t)pieces_of(event));
    }
    return item_close(out, 0) == LEAT_OK && buf_ok(out) ? LEAT_OK : fault_memory(fault);
}

/* The writes are copied by what they are handed to: nothing here outlives the call. */
static enum leat_code start(struct function_event *event, enum leat_write_kind kind, leat_done_fn done, void *context,
                            struct leat_fault *fault) {
    struct leat_write writes[FUNCTION_EVENT_PIECES_MAX] = {0};
    struct buf items[FUNCTION_EVENT_PIECES_MAX];
    size_t pieces = pieces_of(event);
    enum leat_code code = LEAT_OK;
    for (size_t i = 0; i < pieces; i++) {
        buf_init(&items[i], 2 * STORE_ITEM_MAX);
        if (kind == LEAT_DELETE) {
            put_key(&items[i], event, i);
            if (item_close(&items[i], 0) != LEAT_OK || !buf_ok(&items[i])) code = fault_memory(fault);
        } else if (code == LEAT_OK) {
            code = put_piece(&items[i], event, i, fault);
        }
        writes[i] = (struct leat_write){.kind = kind, .table = TABLE};
        *(kind == LEAT_DELETE ? &writes[i].key : &writes[i].item) = buf_view(&items[i]);
    }
    if (code == LEAT_OK)
        code = leat_write_start(function_events_service(event->events)->db, writes, pieces, pieces > 1 ? LEAT_ATOMIC : LEAT_EACH,
                                (struct leat_slice){NULL, 0}, done, context, fault);
    for (size_t i = 0; i < pieces; i++) buf_fini(&items[i]);
    return code;
}

enum leat_code function_event_store(struct function_event *event, leat_done_fn done, struct leat_fault *fault) {
    return start(event, LEAT_PUT, done, event, fault);
}

static void not_waited_for(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *fault) {
    (void)context;
    if (code != LEAT_OK && code != LEAT_CONDITIONAL_CHECK_FAILED)
        log_warning("an asynchronous invocation may be run again after a restart: %s", fault != NULL ? fault->message : "");
    if (result != NULL) leat_result_free(result);
}

void function_event_forget(struct function_event *event) {
    struct leat_fault fault = {0};
    enum leat_code code = start(event, LEAT_DELETE, not_waited_for, NULL, &fault);
    if (code != LEAT_OK) not_waited_for(NULL, code, NULL, &fault);
}

void function_event_store_attempts(struct function_event *event) {
    struct leat_fault fault = {0};
    struct buf key, values;
    buf_init(&key, STORE_KEY_MAX);
    buf_init(&values, STORE_KEY_MAX);
    put_key(&key, event, 0);
    function_item_put_int(&values, ":n", event->attempts);
    enum leat_code code = item_close(&key, 0) == LEAT_OK && item_close(&values, 0) == LEAT_OK && buf_ok(&key) && buf_ok(&values)
                              ? LEAT_OK
                              : fault_memory(&fault);
    struct leat_write write = {
        .kind = LEAT_UPDATE,
        .table = TABLE,
        .key = buf_view(&key),
        .update = SLICE("SET attempts = :n"),
        .condition = SLICE("attribute_exists(id)"),
        .values = buf_view(&values),
    };
    if (code == LEAT_OK)
        code = leat_write_start(function_events_service(event->events)->db, &write, 1, LEAT_EACH, (struct leat_slice){NULL, 0},
                                not_waited_for, NULL, &fault);
    if (code != LEAT_OK) not_waited_for(NULL, code, NULL, &fault);
    buf_fini(&key);
    buf_fini(&values);
}

/* ---- what a former life left behind ---- */

static struct function_event *first_piece(struct function_events *events, struct leat_slice item, struct leat_slice payload) {
    struct leat_slice name = {NULL, 0}, context = {NULL, 0}, id;
    if (!leat_item_text(item, "name", &name) || !leat_item_text(item, "id", &id)) return NULL;
    if (!leat_item_text(item, "context", &context)) context = (struct leat_slice){NULL, 0};
    size_t pieces = (size_t)function_item_int(item, "pieces");
    struct function_event *event =
        function_event_new(events, name, payload, context, pieces > 1 ? FUNCTION_EVENT_PAYLOAD_MAX : payload.size);
    if (event == NULL) return NULL;
    (void)snprintf(event->id, sizeof event->id, "%.*s", SLICE_FORMAT(id));
    event->accepted_ms = (uint64_t)function_item_int(item, "accepted");
    event->attempts = (unsigned)function_item_int(item, "attempts");
    return event;
}

/* Pieces of an event come one behind the other, the first one first. */
static enum leat_code take_piece(struct function_events *events, struct leat_slice item, struct function_event **last,
                                 size_t *count, struct leat_fault *fault) {
    struct item_value payload = {.payload = {NULL, 0}};
    struct leat_slice part, id;
    struct function_event *event = *last;
    (void)item_find(item, SLICE("payload"), &payload);
    if (!leat_item_text(item, "part", &part) || !leat_item_text(item, "id", &id)) return LEAT_OK;
    if (!slice_is(part, "0")) {
        if (event == NULL || !slice_is(id, event->id) || payload.payload.size > FUNCTION_EVENT_PAYLOAD_MAX - event->payload.size)
            return LEAT_OK;
        memcpy((uint8_t *)(event + 1) + event->payload.size, payload.payload.data, payload.payload.size);
        event->payload.size += payload.payload.size;
        return LEAT_OK;
    }
    event = first_piece(events, item, payload.payload);
    if (event == NULL) return fault_memory(fault);
    event->next = *last;
    *last = event;
    (*count)++;
    return LEAT_OK;
}

static int by_age(const void *a, const void *b) {
    const struct function_event *x = *(struct function_event *const *)a, *y = *(struct function_event *const *)b;
    return (x->accepted_ms > y->accepted_ms) - (x->accepted_ms < y->accepted_ms);
}

static enum leat_code sort(struct function_event **list, size_t count, struct leat_fault *fault) {
    struct function_event **all = calloc(count + 1, sizeof *all), *event = *list;
    if (all == NULL) return fault_memory(fault);
    for (size_t i = 0; i < count; i++, event = event->next) all[i] = event;
    qsort(all, count, sizeof *all, by_age);
    for (size_t i = 0; i < count; i++) all[i]->next = all[i + 1];
    *list = all[0];
    free(all);
    return LEAT_OK;
}

enum leat_code function_event_load(struct function_events *events, struct function_event **out, struct leat_fault *fault) {
    struct leat *db = function_events_service(events)->db;
    struct leat_result result = {0}, before = {0};
    size_t count = 0;
    enum leat_code code;
    *out = NULL;
    do {
        struct leat_query query = {.table = TABLE, .limit = STORE_PAGE_ITEMS, .consistent = true, .start = before.last_key};
        code = leat_query(db, &query, &result, fault);
        for (size_t i = 0; code == LEAT_OK && i < result.count; i++)
            code = take_piece(events, result.items[i], out, &count, fault);
        leat_result_free(&before);
        before = result;
        result = (struct leat_result){0};
    } while (code == LEAT_OK && before.last_key.data != NULL);
    leat_result_free(&before);
    if (code == LEAT_RESOURCE_NOT_FOUND) { /* nobody has ever called asynchronously */
        fault_clear(fault);
        return LEAT_OK;
    }
    TRY(code);
    return sort(out, count, fault);
}
