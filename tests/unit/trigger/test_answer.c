/* What answers of functions mean: all recorded shapes, and what else may come. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "trigger/answer.h"

static const char *const sequences[] = {"900", "1000", "1100", "1200"};

static struct step_answer ask(const char *payload, bool report, bool windowed, struct leat_slice *state) {
    const struct answer_question question = {report, windowed, sequences, 4};
    static struct arena arena;
    arena_fini(&arena);
    arena_init(&arena, 64 << 20);
    return answer_read(slice_text(payload), &question, &arena, state);
}

struct shape {
    const char *payload;
    enum step_outcome outcome;
    uint32_t taken;
};

static void expect_shape(const struct shape *shape) {
    struct leat_slice state;
    struct step_answer answer = ask(shape->payload, true, false, &state);
    cr_expect(answer.outcome == shape->outcome && answer.taken == shape->taken, "%s: outcome %d, %u taken", shape->payload,
              answer.outcome, answer.taken);
    cr_expect_null(state.data);
}

Test(answer, every_shape_of_a_partial_answer) {
    static const struct shape shapes[] = {
        {"", STEP_SUCCESS, 0},
        {"null", STEP_SUCCESS, 0},
        {"{}", STEP_SUCCESS, 0},
        {"[]", STEP_SUCCESS, 0},
        {"\"\"", STEP_SUCCESS, 0},
        {"{\"batchItemFailures\":[]}", STEP_SUCCESS, 0},
        {"{\"batchItemFailures\":null}", STEP_SUCCESS, 0},
        {"{\"other\":[1,{\"itemIdentifier\":\"1\"}]}", STEP_SUCCESS, 0},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"1100\"}]}", STEP_PARTIAL, 2},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"900\"}]}", STEP_PARTIAL, 0},
        {" {\"x\":{}, \"batchItemFailures\" : [ {\"itemIdentifier\":\"1200\"}, {\"a\":[], \"itemIdentifier\":\"1000\"} ] } ", STEP_PARTIAL, 1},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"900\"}],\"batchItemFailures\":[{\"itemIdentifier\":\"1200\"}]}", STEP_PARTIAL, 3},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":123}]}", STEP_FAILURE, 0},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":1100}]}", STEP_FAILURE, 0},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"123\"}]}", STEP_FAILURE, 0},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"01100\"}]}", STEP_FAILURE, 0},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"1100\"},{\"itemIdentifier\":\"123\"}]}", STEP_FAILURE, 0},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"\"}]}", STEP_FAILURE, 0},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":null}]}", STEP_FAILURE, 0},
        {"{\"batchItemFailures\":[{\"foo\":123}]}", STEP_FAILURE, 0},
        {"{\"batchItemFailures\":[{\"foo\":null}]}", STEP_FAILURE, 0},
        {"{\"batchItemFailures\":[{}]}", STEP_FAILURE, 0},
        {"{\"batchItemFailures\":[\"1100\"]}", STEP_FAILURE, 0},
        {"{\"batchItemFailures\":[null]}", STEP_FAILURE, 0},
        {"{\"batchItemFailures\":[[]]}", STEP_FAILURE, 0},
        {"{\"batchItemFailures\":\"1100\"}", STEP_FAILURE, 0},
        {"{\"batchItemFailures\":{}}", STEP_FAILURE, 0},
        {"{\"batchItemFailures\":[", STEP_FAILURE, 0},
        {"{\"batchItemFailures\":[]} x", STEP_FAILURE, 0},
        {"\"done\"", STEP_FAILURE, 0},
        {"[1]", STEP_FAILURE, 0},
        {"17", STEP_FAILURE, 0},
        {"{", STEP_FAILURE, 0},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) expect_shape(&shapes[i]);
}

Test(answer, without_the_response_type_the_answer_is_not_looked_at) {
    struct leat_slice state;
    cr_assert_eq(ask("{\"batchItemFailures\":[{\"itemIdentifier\":\"900\"}]}", false, false, &state).outcome, STEP_SUCCESS);
    cr_assert_eq(ask("not JSON", false, false, &state).outcome, STEP_SUCCESS);
}

Test(answer, a_window_wants_a_state) {
    struct leat_slice state;
    cr_assert_eq(ask("{\"state\":{\"sum\": 3}}", false, true, &state).outcome, STEP_SUCCESS);
    cr_assert(slice_is(state, "{\"sum\": 3}"));
    cr_assert_eq(ask("{\"batchItemFailures\":[{\"itemIdentifier\":\"1000\"}],\"state\":7}", true, true, &state).outcome, STEP_PARTIAL);
    cr_assert(slice_is(state, "7"));
    cr_assert_eq(ask("{\"batchItemFailures\":[{\"itemIdentifier\":\"1\"}],\"state\":7}", true, true, &state).outcome, STEP_FAILURE);
    cr_assert_null(state.data);
    cr_assert_eq(ask("{\"batchItemFailures\":[{\"itemIdentifier\":\"1\"}],\"state\":7}", false, true, &state).outcome, STEP_SUCCESS);
    static const char *const without[] = {"", "null", "{}", "{\"batchItemFailures\":[]}", "{\"State\":{}}", "[]"};
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        cr_expect_eq(ask(without[i], true, true, &state).outcome, STEP_FAILURE, "%s", without[i]);
    }
}

Test(answer, a_state_over_a_megabyte_is_full) {
    struct leat_slice state;
    char *payload = malloc(ANSWER_STATE_BYTES_MAX + 100);
    for (size_t over = 0; over < 2; over++) {
        size_t size = ANSWER_STATE_BYTES_MAX + over; /* with its quotes */
        strcpy(payload, "{\"state\":\"");
        memset(payload + 10, 'x', size - 2);
        strcpy(payload + 10 + size - 2, "\"}");
        struct step_answer answer = ask(payload, false, true, &state);
        cr_assert_eq(answer.outcome, STEP_SUCCESS);
        cr_assert_eq(state.size, size);
        cr_assert_eq(answer.state_full, over == 1);
    }
    free(payload);
}
