/* GET /_leat/clock: the time of the database's clock. POST /_leat/clock {"AdvanceMilliseconds": n} or {"SetMilliseconds": since 1970}:
 * moves a virtual one on, and answers when all that fell into the time has happened. */
#include "api/leat/leat.h"
#include "base/clock.h"
#include "base/slice.h"

#define MS_MAX (8000ll * 365 * 24 * 3600 * 1000) /* years have four digits */

static void answer(struct api_call *call) {
    struct json_writer *json = &call->json;
    char text[CLOCK_ISO_SIZE];
    uint64_t now_ms = leat_now_ms(call->server->db);
    clock_iso(now_ms, text);
    json_object(json);
    json_key(json, "Time");
    json_string(json, arena_print(call->arena, "%sZ", text));
    json_key(json, "Milliseconds");
    json_int(json, (int64_t)now_ms);
    json_key(json, "Virtual");
    json_bool(json, leat_clock_virtual(call->server->db));
    json_object_end(json);
    api_done(call);
}

static void run_get(struct api_call *call, void *input) {
    (void)input;
    answer(call);
}

const struct api_operation leat_clock_get = {
    .name = "Clock", .method = "GET", .path = "/_leat/clock", .content_type = "application/json", .run = run_get};

struct input { struct api_integer advance, set; };

static const struct api_field fields[] = {
    API_FIELD(struct input, advance, "AdvanceMilliseconds", API_INTEGER, .min = 0, .max = MS_MAX),
    API_FIELD(struct input, set, "SetMilliseconds", API_INTEGER, .min = 0, .max = MS_MAX),
    API_FIELDS_END,
};

static void run_move(struct api_call *call, void *input) {
    const struct input *in = input;
    enum leat_code code = LEAT_OK;
    if (in->advance.given == in->set.given) {
        code = fault_set(&call->fault, LEAT_VALIDATION, "either AdvanceMilliseconds or SetMilliseconds");
    } else {
        uint64_t to_ms = in->set.given ? (uint64_t)in->set.value : leat_now_ms(call->server->db) + (uint64_t)in->advance.value;
        code = leat_clock_set(call->server->db, to_ms, &call->fault);
    }
    if (code == LEAT_OK) answer(call);
    else api_fail(call, code, &call->fault);
}

const struct api_operation leat_clock_move = {
    .name = "MoveClock", .method = "POST", .path = "/_leat/clock", .fields = fields, .input_size = sizeof(struct input),
    .content_type = "application/json", .place = API_POOL, .run = run_move};
