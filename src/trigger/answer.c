#include "trigger/answer.h"

#include "base/json.h"
#include "base/slice.h"

struct reading {
    const struct answer_question *question;
    struct json_reader json;
    bool malformed;
    size_t lowest; /* of the reported records; the count of all: none */
};

/* Sequence numbers are decimals without leading zeros: the longer one is the greater. */
static int compare(struct leat_slice a, struct leat_slice b) {
    return a.size != b.size ? (a.size > b.size) - (a.size < b.size) : slice_compare(a, b);
}

/* Where the record is in the batch; the count of all: nowhere. */
static size_t find(const struct answer_question *question, struct leat_slice sequence) {
    size_t low = 0, high = question->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(slice_text(question->sequences[middle]), sequence);
        if (order == 0) return middle;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return question->count;
}

/* {"itemIdentifier": "..."}; everything else, also an identifier that is not in the batch, fails the whole batch. */
static void read_failure(struct reading *reading) {
    struct json_reader *json = &reading->json;
    size_t place = reading->question->count;
    if (json->token != JSON_OBJECT) {
        reading->malformed = true;
        (void)json_skip(json);
        return;
    }
    while (json_next(json) == JSON_KEY) {
        bool identifier = slice_is(json->text, "itemIdentifier");
        enum json_token token = json_next(json);
        if (identifier) place = token == JSON_STRING ? find(reading->question, json->text) : reading->question->count;
        (void)json_skip(json);
    }
    if (place == reading->question->count) reading->malformed = true;
    else if (place < reading->lowest) reading->lowest = place;
}

static void read_failures(struct reading *reading) {
    struct json_reader *json = &reading->json;
    reading->lowest = reading->question->count; /* a member that comes twice: the last one counts */
    reading->malformed = json->token != JSON_ARRAY && json->token != JSON_NULL;
    if (json->token != JSON_ARRAY) {
        (void)json_skip(json);
        return;
    }
    for (enum json_token token = json_next(json); token != JSON_ARRAY_END && token != JSON_ERROR; token = json_next(json)) {
        read_failure(reading);
    }
}

static void read_members(struct reading *reading, struct leat_slice *state) {
    struct json_reader *json = &reading->json;
    while (json_next(json) == JSON_KEY) {
        bool failures = slice_is(json->text, "batchItemFailures") && reading->question->report;
        bool passed_on = slice_is(json->text, "state");
        (void)json_next(json);
        if (failures) read_failures(reading);
        else if (passed_on) *state = json_raw(json);
        else (void)json_skip(json);
    }
}

/* Recorded as success: null, {}, [], "" and nothing at all. */
static bool is_nothing(struct json_reader *json) {
    switch (json_next(json)) {
    case JSON_NULL:
    case JSON_END: return true;
    case JSON_STRING: return json->text.size == 0;
    case JSON_ARRAY: return json_next(json) == JSON_ARRAY_END;
    default: return false;
    }
}

struct step_answer answer_read(struct leat_slice payload, const struct answer_question *question, struct arena *arena,
                               struct leat_slice *state) {
    struct reading reading = {.question = question, .lowest = question->count};
    struct json_reader *json = &reading.json;
    *state = slice_of(NULL, 0);
    if (!question->report && !question->windowed) return (struct step_answer){.outcome = STEP_SUCCESS};
    json_reader_init(json, payload, arena);
    if (is_nothing(json) || payload.size == 0) {
        /* AWS: with a tumbling window, an answer without a state is a failed invocation */
        return (struct step_answer){.outcome = question->windowed ? STEP_FAILURE : STEP_SUCCESS};
    }
    if (json->token != JSON_OBJECT) return (struct step_answer){.outcome = STEP_FAILURE};
    read_members(&reading, state);
    bool broken = json->token == JSON_ERROR || json_next(json) != JSON_END;
    if (broken || reading.malformed || (question->windowed && state->data == NULL)) {
        *state = slice_of(NULL, 0);
        return (struct step_answer){.outcome = STEP_FAILURE};
    }
    struct step_answer answer = {.outcome = STEP_SUCCESS, .state_full = state->size > ANSWER_STATE_BYTES_MAX};
    if (!question->windowed) *state = slice_of(NULL, 0);
    if (reading.lowest < question->count) {
        answer.outcome = STEP_PARTIAL;
        answer.taken = (uint32_t)reading.lowest;
    }
    return answer;
}
