/* The Runtime API, state by state. Source: AWS Lambda Developer Guide, "Lambda runtime API". */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/slice.h"
#include "scene.h"

#define NEXT "/2018-06-01/runtime/invocation/next"

static struct scene scene;
static void init(void) { scene_init(&scene, 0); }
static void init_one(void) { scene_init(&scene, 1); }
static void fini(void) { scene_fini(&scene); }

TestSuite(runtime_api, .init = init, .fini = fini, .timeout = 30);
TestSuite(runtime_api_one_process, .init = init_one, .fini = fini, .timeout = 30);

static void expect_fault(const struct scene_answer *answer, unsigned status, const char *type) {
    char words[64];
    (void)snprintf(words, sizeof words, "\"errorType\":\"%s\"", type);
    cr_assert_eq(answer->status, status, "%u %s", answer->status, answer->body);
    cr_assert_not_null(strstr(answer->body, words), "%s", answer->body);
}

Test(runtime_api, next_carries_the_event_and_what_is_to_be_known_of_it) {
    struct scene_call call;
    struct scene_answer answer;
    char text[128];
    scene_function(&scene, "orders", 5);
    scene_invoke(&scene, &call, "orders:$LATEST", "{\"a\":1}");
    int fd = scene_connect(&scene, 0);
    uint64_t now = clock_real_ms();
    scene_ask(fd, "GET", NEXT, NULL, &answer);
    cr_assert_eq(answer.status, 200);
    cr_assert_str_eq(answer.body, "{\"a\":1}");
    scene_header(&answer, "Content-Type", text, sizeof text);
    cr_assert_str_eq(text, "application/json");
    scene_header(&answer, "Lambda-Runtime-Invoked-Function-Arn", text, sizeof text);
    cr_assert_str_eq(text, "arn:aws:lambda:us-east-1:000000000000:function:orders:$LATEST");
    scene_header(&answer, "Lambda-Runtime-Deadline-Ms", text, sizeof text);
    uint64_t deadline = strtoull(text, NULL, 10);
    cr_assert(deadline >= now + 5000 && deadline < now + 7000, "%s", text);
    scene_header(&answer, "Lambda-Runtime-Trace-Id", text, sizeof text);
    cr_assert_eq(strncmp(text, "Root=1-", 7), 0);
    cr_assert_eq(strlen(text), strlen("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0"));
    scene_header(&answer, "Lambda-Runtime-Client-Context", text, sizeof text);
    cr_assert_str_eq(text, "");
    (void)close(fd);
}

Test(runtime_api, a_response_answers_the_call_and_the_process_takes_the_next) {
    struct scene_call call;
    struct scene_answer answer;
    char id[64], event[64];
    scene_function(&scene, "f", 5);
    scene_invoke(&scene, &call, "f", "1");
    int fd = scene_connect(&scene, 0);
    scene_next(fd, id, event, sizeof event);
    cr_assert_not(scene_answered(&call));
    scene_respond(fd, id, "response", "{\"done\":true}", &answer);
    cr_assert_eq(answer.status, 202);
    cr_assert_str_eq(answer.body, "{\"status\":\"OK\"}\n");
    scene_wait(&call);
    cr_assert_eq(call.code, LEAT_OK);
    cr_assert_not(call.error);
    cr_assert_str_eq(call.payload, "{\"done\":true}");
    cr_assert_str_eq(call.request_id, id);
    /* a next that comes before there is anything to do waits */
    scene_send(fd, "GET", NEXT, NULL, 0);
    cr_assert_not(scene_receive_soon(fd, &answer, 50));
    scene_invoke(&scene, &call, "f", "2");
    cr_assert(scene_receive(fd, &answer));
    cr_assert_str_eq(answer.body, "2");
    (void)close(fd);
}

Test(runtime_api, an_error_is_a_function_error_with_its_payload_as_it_is) {
    struct scene_call call;
    struct scene_answer answer;
    char id[64], event[64];
    scene_function(&scene, "f", 5);
    scene_invoke(&scene, &call, "f", "1");
    int fd = scene_connect(&scene, 0);
    scene_next(fd, id, event, sizeof event);
    scene_respond(fd, id, "error", "{\"errorType\":\"Own\"}", &answer);
    cr_assert_eq(answer.status, 202);
    scene_wait(&call);
    cr_assert(call.error);
    cr_assert_str_eq(call.payload, "{\"errorType\":\"Own\"}");
    (void)close(fd);
}

Test(runtime_api, wrong_and_answered_identifiers_are_refused) {
    struct scene_call call;
    struct scene_answer answer;
    char id[64], event[64];
    scene_function(&scene, "f", 5);
    scene_invoke(&scene, &call, "f", "1");
    int fd = scene_connect(&scene, 0);
    scene_respond(fd, "00000000-0000-4000-8000-000000000000", "response", "1", &answer); /* before any */
    expect_fault(&answer, 400, "InvalidRequestID");
    scene_next(fd, id, event, sizeof event);
    scene_respond(fd, "00000000-0000-4000-8000-000000000000", "response", "1", &answer);
    expect_fault(&answer, 400, "InvalidRequestID");
    cr_assert_str_eq(answer.body, "{\"errorMessage\":\"Invalid request ID\",\"errorType\":\"InvalidRequestID\"}");
    scene_respond(fd, id, "response", "1", &answer);
    cr_assert_eq(answer.status, 202);
    scene_respond(fd, id, "response", "2", &answer);
    expect_fault(&answer, 400, "InvalidRequestID");
    scene_respond(fd, id, "error", "2", &answer);
    expect_fault(&answer, 400, "InvalidRequestID");
    scene_wait(&call);
    cr_assert_str_eq(call.payload, "1");
    cr_assert_eq(call.count, 1);
    (void)close(fd);
}

Test(runtime_api, steps_out_of_order_are_refused) {
    struct scene_call call;
    struct scene_answer answer;
    char id[64], event[64];
    scene_function(&scene, "f", 5);
    scene_invoke(&scene, &call, "f", "1");
    int fd = scene_connect(&scene, 0), second = scene_connect(&scene, 0);
    scene_next(fd, id, event, sizeof event);
    scene_ask(second, "GET", NEXT, NULL, &answer); /* still busy */
    expect_fault(&answer, 403, "InvalidStateTransition");
    scene_ask(second, "POST", "/2018-06-01/runtime/init/error", "{}", &answer);
    expect_fault(&answer, 403, "InvalidStateTransition");
    scene_ask(second, "GET", "/2018-06-01/runtime/restore/next", NULL, &answer);
    expect_fault(&answer, 403, "InvalidStateTransition");
    scene_ask(second, "GET", "/2018-06-01/runtime/nothing", NULL, &answer);
    cr_assert_eq(answer.status, 404);
    scene_ask(second, "GET", "/", NULL, &answer);
    cr_assert_eq(answer.status, 404);
    scene_respond(fd, id, "response", "1", &answer);
    scene_send(fd, "GET", NEXT, NULL, 0);
    cr_assert_not(scene_receive_soon(fd, &answer, 50));
    scene_ask(second, "GET", NEXT, NULL, &answer); /* a second next beside the waiting one */
    expect_fault(&answer, 403, "InvalidStateTransition");
    scene_wait(&call);
    (void)close(fd);
    (void)close(second);
}

Test(runtime_api, a_response_that_is_too_large_is_an_error_and_the_process_goes_on) {
    enum { LIMIT = 6291556 };
    struct scene_call call;
    struct scene_answer answer;
    char id[64], event[64], path[160];
    char *large = malloc(LIMIT + 1);
    cr_assert_not_null(large);
    memset(large, '1', LIMIT + 1);
    scene_function(&scene, "f", 20);
    scene_invoke(&scene, &call, "f", "1");
    int fd = scene_connect(&scene, 0);
    scene_next(fd, id, event, sizeof event);
    (void)snprintf(path, sizeof path, "/2018-06-01/runtime/invocation/%s/response", id);
    scene_send(fd, "POST", path, large, LIMIT + 1);
    cr_assert(scene_receive(fd, &answer));
    expect_fault(&answer, 413, "RequestEntityTooLarge");
    scene_wait(&call);
    cr_assert(call.error);
    cr_assert_str_eq(call.payload, "{\"errorMessage\":\"Response payload size exceeded maximum allowed payload size (6291556 bytes).\","
                                   "\"errorType\":\"Function.ResponseSizeTooLarge\"}");
    scene_invoke(&scene, &call, "f", "2");
    scene_next(fd, id, event, sizeof event);
    (void)snprintf(path, sizeof path, "/2018-06-01/runtime/invocation/%s/response", id);
    scene_send(fd, "POST", path, large, LIMIT);
    cr_assert(scene_receive(fd, &answer));
    cr_assert_eq(answer.status, 202);
    scene_wait(&call);
    cr_assert_not(call.error);
    cr_assert_eq(call.payload_size, LIMIT);
    free(large);
    (void)close(fd);
}

Test(runtime_api, an_init_error_answers_the_call_that_waits_and_the_next_call_gets_a_new_process) {
    struct scene_call call;
    struct scene_answer answer;
    char id[64], event[64];
    scene_function(&scene, "f", 5);
    scene_invoke(&scene, &call, "f", "1");
    int fd = scene_connect(&scene, 0);
    scene_ask(fd, "POST", "/2018-06-01/runtime/init/error", "{\"errorType\":\"Runtime.Own\"}", &answer);
    cr_assert_eq(answer.status, 202);
    scene_wait(&call);
    cr_assert(call.error);
    cr_assert_str_eq(call.payload, "{\"errorType\":\"Runtime.Own\"}");
    cr_assert_not(scene_receive(fd, &answer)); /* that process is gone */
    (void)close(fd);
    scene_invoke(&scene, &call, "f", "2");
    fd = scene_connect(&scene, 1);
    scene_next(fd, id, event, sizeof event);
    cr_assert_str_eq(event, "2");
    (void)close(fd);
}

Test(runtime_api, the_deadline_ends_the_process) {
    struct scene_call call;
    struct scene_answer answer;
    char id[64], event[64], words[256];
    scene_function(&scene, "f", 1);
    scene_invoke(&scene, &call, "f", "1");
    int fd = scene_connect(&scene, 0);
    scene_next(fd, id, event, sizeof event);
    uint64_t began = clock_monotonic_ns();
    scene_wait(&call);
    uint64_t took_ms = (clock_monotonic_ns() - began) / 1000000;
    cr_assert(took_ms > 900 && took_ms < 3000, "%llu", (unsigned long long)took_ms);
    (void)snprintf(words, sizeof words,
                   "{\"errorType\":\"Sandbox.Timedout\",\"errorMessage\":\"RequestId: %s Error: Task timed out after 1.00 seconds\"}", id);
    cr_assert_str_eq(call.payload, words);
    cr_assert(call.error);
    cr_assert_not_null(strstr(call.tail, "Task timed out after 1.00 seconds\nEND RequestId: "));
    cr_assert_not(scene_receive(fd, &answer));
    (void)close(fd);
}

Test(runtime_api, the_deadline_also_holds_between_answer_and_next) {
    struct scene_call call;
    struct scene_answer answer;
    char id[64], event[64];
    scene_function(&scene, "f", 1);
    scene_invoke(&scene, &call, "f", "1");
    int fd = scene_connect(&scene, 0);
    scene_next(fd, id, event, sizeof event);
    scene_respond(fd, id, "response", "1", &answer);
    scene_wait(&call);
    cr_assert_not(scene_receive_soon(fd, &answer, 500));
    cr_assert_not(scene_receive(fd, &answer)); /* closed: it never asked for more */
    (void)close(fd);
}

Test(runtime_api, who_waits_for_a_process_that_does_not_come_back_gets_another) {
    struct scene_call first, second;
    struct scene_answer answer;
    char id[64], event[64];
    scene_function(&scene, "f", 10);
    scene_invoke(&scene, &first, "f", "1");
    int fd = scene_connect(&scene, 0);
    scene_next(fd, id, event, sizeof event);
    scene_respond(fd, id, "response", "1", &answer);
    scene_wait(&first);
    scene_invoke(&scene, &second, "f", "2"); /* the first process is expected to ask for more, and does not */
    int other = scene_connect(&scene, 1);
    scene_next(other, id, event, sizeof event);
    cr_assert_str_eq(event, "2");
    (void)close(fd);
    (void)close(other);
}

Test(runtime_api_one_process, calls_wait_in_line) {
    enum { COUNT = 5 };
    struct scene_call calls[COUNT];
    struct scene_answer answer;
    char id[64], event[64];
    scene_function(&scene, "f", 10);
    for (int i = 0; i < COUNT; i++) scene_invoke(&scene, &calls[i], "f", (const char[]){(char)('0' + i), 0});
    int fd = scene_connect(&scene, 0);
    for (int i = 0; i < COUNT; i++) {
        scene_next(fd, id, event, sizeof event);
        cr_assert_eq(event[0], '0' + i);
        scene_respond(fd, id, "response", event, &answer);
        scene_wait(&calls[i]);
        cr_assert_eq(calls[i].payload[0], '0' + i);
    }
    (void)close(fd);
}

Test(runtime_api_one_process, a_full_line_refuses) {
    enum { LINE = 1000 };
    static struct scene_call calls[LINE + 1];
    scene_function(&scene, "f", 10);
    for (int i = 0; i <= LINE; i++) scene_invoke(&scene, &calls[i], "f", "1");
    scene_wait(&calls[LINE]);
    cr_assert_eq(calls[LINE].code, LEAT_BUSY);
    cr_assert_str_eq(calls[LINE].message, "Rate Exceeded.");
    cr_assert_not(scene_answered(&calls[0]));
}

Test(runtime_api_one_process, an_idle_process_of_another_function_gives_way) {
    struct scene_call first, second;
    struct scene_answer answer;
    char id[64], event[64];
    scene_function(&scene, "f", 10);
    scene_function(&scene, "g", 10);
    scene_invoke(&scene, &first, "f", "1");
    int fd = scene_connect(&scene, 0);
    scene_next(fd, id, event, sizeof event);
    scene_invoke(&scene, &second, "g", "2"); /* no room while f is busy */
    scene_respond(fd, id, "response", "1", &answer);
    scene_wait(&first);
    scene_settle(&scene);
    cr_assert_not(scene_answered(&second));
    scene_send(fd, "GET", NEXT, NULL, 0);
    int other = scene_connect(&scene, 1);
    scene_next(other, id, event, sizeof event);
    cr_assert_str_eq(event, "2");
    scene_respond(other, id, "response", "3", &answer);
    scene_wait(&second);
    (void)close(fd);
    (void)close(other);
}

Test(runtime_api, a_process_that_dies_is_told_by_how) {
    struct scene_call call;
    char id[64], event[64], words[256];
    scene_function(&scene, "f", 10);
    scene_invoke(&scene, &call, "f", "1");
    int fd = scene_connect(&scene, 0);
    scene_next(fd, id, event, sizeof event);
    /* the address is all we have of the process: its group is found by the command that it runs in our directory */
    char command[256];
    (void)snprintf(command, sizeof command, "for p in /proc/[0-9]*; do [ \"$(readlink $p/cwd)\" = %s ] && kill -TERM ${p#/proc/}; done; true",
                   scene.code);
    cr_assert_eq(system(command), 0);
    scene_wait(&call);
    (void)snprintf(words, sizeof words,
                   "{\"errorType\":\"Runtime.ExitError\",\"errorMessage\":\"RequestId: %s Error: Runtime exited with error: signal: "
                   "terminated\"}",
                   id);
    cr_assert_str_eq(call.payload, words);
    (void)close(fd);
}

Test(runtime_api_stop, calls_under_way_are_answered_when_the_service_ends, .timeout = 30) {
    struct scene_call running, waiting;
    char id[64], event[64];
    scene_init(&scene, 1);
    scene_function(&scene, "f", 10);
    scene_invoke(&scene, &running, "f", "1");
    int fd = scene_connect(&scene, 0);
    scene_next(fd, id, event, sizeof event);
    scene_invoke(&scene, &waiting, "f", "2");
    scene_fini(&scene);
    cr_assert(scene_answered(&running));
    cr_assert(scene_answered(&waiting));
    cr_assert_eq(running.code, LEAT_CLOSED);
    cr_assert_eq(waiting.code, LEAT_CLOSED);
    (void)close(fd);
}

Test(runtime_api, output_is_kept_with_the_call_or_before_it) {
    struct scene_call call;
    struct scene_answer answer;
    char id[64], event[64];
    struct buf log;
    uint64_t next;
    scene_function(&scene, "f", 10);
    scene_invoke(&scene, &call, "f", "1");
    int fd = scene_connect(&scene, 0);
    scene_next(fd, id, event, sizeof event);
    scene_respond(fd, id, "response", "1", &answer);
    scene_wait(&call);
    cr_assert_eq(strncmp(call.tail, "START RequestId: ", 17), 0);
    cr_assert_null(strstr(call.tail, "started")); /* was printed before the call */
    buf_init(&log, 1 << 20);
    cr_assert_eq(function_log_tail(scene.service, SLICE("f"), 0, 1 << 20, &log, &next, NULL), LEAT_OK);
    buf_byte(&log, 0);
    cr_assert_not_null(strstr((const char *)log.data, " - started\n"));
    cr_assert_eq(next, log.size - 1);
    buf_fini(&log);
    (void)close(fd);
}
