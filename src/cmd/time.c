/* Points in time as arguments, and what a server's clock says. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/slice.h"
#include "cmd/cmd.h"
#include "cmd/time.h"

enum { ANSWER_BYTES_MAX = 4096, REAL_SECONDS_MAX = 100000000 }; /* the year 5138 */

/* ".490Z": the fraction of a second and the zone, both of which may be missing. */
static bool read_fraction(const char *text, uint64_t *milliseconds) {
    char *end = (char *)text;
    double fraction = *text == '.' ? strtod(text, &end) : 0;
    *milliseconds = (uint64_t)(fraction * 1000 + 0.5);
    return end[0] == 0 || (end[0] == 'Z' && end[1] == 0);
}

bool cmd_time_ms(const char *text, uint64_t *milliseconds) {
    struct tm parts = {0};
    uint64_t rest_ms;
    char *end;
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == NULL && (rest = strptime(text, "%Y-%m-%d", &parts)) != NULL && *rest != 0) rest = NULL;
    if (rest != NULL && read_fraction(rest, &rest_ms)) {
        time_t seconds = timegm(&parts);
        *milliseconds = (uint64_t)seconds * 1000 + rest_ms;
        return seconds >= 0;
    }
    double seconds = strtod(text, &end);
    bool good = end != text && *end == 0 && isfinite(seconds) && seconds >= 0 && seconds < 1e11;
    *milliseconds = good ? (uint64_t)(seconds * 1000 + 0.5) : 0;
    return good;
}

static enum leat_code read_answer(struct leat_slice text, struct cmd_clock *out, struct leat_fault *fault) {
    struct arena arena;
    struct json_reader reader;
    arena_init(&arena, ANSWER_BYTES_MAX);
    json_reader_init(&reader, text, &arena);
    *out = (struct cmd_clock){.now_ms = 0};
    if (json_next(&reader) == JSON_OBJECT) {
        while (json_next(&reader) == JSON_KEY) {
            struct leat_slice name = reader.text;
            enum json_token token = json_next(&reader);
            if (token == JSON_NUMBER && slice_is(name, "Milliseconds")) out->now_ms = strtoull((const char *)reader.text.data, NULL, 10);
            if (slice_is(name, "Virtual")) out->is_virtual = token == JSON_TRUE;
            if (!json_skip(&reader)) break;
        }
    }
    arena_fini(&arena);
    return out->now_ms != 0 ? LEAT_OK : fault_set(fault, LEAT_INTERNAL, "the server's answer has no time");
}

enum leat_code cmd_clock_call(struct net_client *client, struct leat_slice request, struct cmd_clock *out, struct leat_fault *fault) {
    struct buf answer;
    unsigned status = 0;
    buf_init(&answer, ANSWER_BYTES_MAX);
    const char *method = request.data == NULL ? "GET" : "POST";
    enum leat_code code = net_client_request(client, method, "/_leat/clock", "Content-Type: application/json\r\n", request, &status,
                                             &answer, fault);
    struct leat_slice body = buf_view(&answer);
    if (code == LEAT_OK && status == 200) code = read_answer(body, out, fault);
    else if (code == LEAT_OK) code = fault_set(fault, LEAT_VALIDATION, "the server answers %u: %.*s", status, SLICE_FORMAT(body));
    buf_fini(&answer);
    return code;
}
