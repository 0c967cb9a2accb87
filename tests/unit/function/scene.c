#include "scene.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"
#include "function/code.h"

#define GOOD(call) cr_assert_eq((call), LEAT_OK, "%s", fault.message)

void scene_init(struct scene *scene, unsigned processes_max) {
    struct leat_fault fault = {0};
    struct leat_options options = {.backend = "memory", .region = "us-east-1", .account = "000000000000"};
    (void)snprintf(scene->directory, sizeof scene->directory, "/tmp/leat-function-XXXXXX");
    cr_assert_not_null(mkdtemp(scene->directory));
    GOOD(leat_open(&options, &scene->db, &fault));
    GOOD(net_loop_new("work", &scene->loop, &fault));
    GOOD(net_loop_start(scene->loop, &fault));
    struct function_service_options service = {
        .db = scene->db,
        .work_loop = scene->loop,
        .directory = scene->directory,
        .region = "us-east-1",
        .account = "000000000000",
        .endpoint = "http://127.0.0.1:1",
        .processes_max = processes_max,
    };
    GOOD(function_service_new(&service, &scene->service, &fault));
}

void scene_fini(struct scene *scene) {
    function_service_free(scene->service);
    net_loop_stop(scene->loop);
    leat_close(scene->db);
    function_code_remove(scene->directory);
}

void scene_function(struct scene *scene, const char *name, int64_t timeout_seconds) {
    struct leat_fault fault = {0};
    struct arena arena;
    struct function_configuration out;
    char path[160];
    (void)snprintf(scene->code, sizeof scene->code, "%s/code", scene->directory);
    (void)mkdir(scene->code, 0755);
    (void)snprintf(path, sizeof path, "%s/bootstrap", scene->code);
    FILE *script = fopen(path, "w");
    cr_assert_not_null(script);
    (void)fprintf(script, "#!/bin/sh\necho started\necho $AWS_LAMBDA_RUNTIME_API >> %s/addresses\nexec sleep 1000\n", scene->directory);
    (void)fchmod(fileno(script), 0755);
    (void)fclose(script);
    struct function_configuration configuration = {
        .name = slice_text(name),
        .runtime = SLICE("provided.al2023"),
        .handler = SLICE("h"),
        .role = SLICE("r"),
        .timeout_seconds = timeout_seconds,
        .memory_megabytes = 128,
    };
    arena_init(&arena, 1 << 20);
    GOOD(function_create(scene->service, &configuration, (struct function_code){.directory = slice_text(scene->code)}, &arena, &out, &fault));
    arena_fini(&arena);
}

int scene_connect(struct scene *scene, size_t n) {
    char path[160], line[64];
    (void)snprintf(path, sizeof path, "%s/addresses", scene->directory);
    for (int attempt = 0; attempt < 5000; attempt++) {
        FILE *file = fopen(path, "r");
        size_t at = 0;
        while (file != NULL && fgets(line, sizeof line, file) != NULL) {
            if (strchr(line, '\n') == NULL || at++ != n) continue;
            (void)fclose(file);
            struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
            address.sin_port = htons((uint16_t)strtoul(strchr(line, ':') + 1, NULL, 10));
            int fd = socket(AF_INET, SOCK_STREAM, 0);
            cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0, "%s", line);
            return fd;
        }
        if (file != NULL) (void)fclose(file);
        (void)usleep(2000);
    }
    cr_assert_fail("the process did not start");
    return -1;
}

/* ---- invoking ---- */

struct posted {
    struct net_task task;
    struct scene *scene;
    struct scene_call *call;
    struct function_invocation invocation;
    sem_t *settled;
};

static void answered(void *context, const struct function_answer *answer) {
    struct scene_call *call = context;
    call->count++;
    call->code = answer->code;
    call->error = answer->function_error;
    call->payload_size = answer->payload.size;
    (void)snprintf(call->payload, sizeof call->payload, "%.*s", (int)answer->payload.size,
                   answer->payload.data != NULL ? (const char *)answer->payload.data : "");
    (void)snprintf(call->message, sizeof call->message, "%s", answer->code != LEAT_OK ? answer->fault.message : "");
    (void)snprintf(call->request_id, sizeof call->request_id, "%.*s", (int)answer->request_id.size,
                   answer->request_id.data != NULL ? (const char *)answer->request_id.data : "");
    (void)snprintf(call->tail, sizeof call->tail, "%.*s", (int)answer->log_tail.size,
                   answer->log_tail.data != NULL ? (const char *)answer->log_tail.data : "");
    (void)sem_post(&call->done);
}

static void invoke(struct net_task *task) {
    struct posted *posted = (struct posted *)(void *)task;
    function_invoke(posted->scene->service, &posted->invocation);
    free((void *)(uintptr_t)posted->invocation.payload.data);
    free(posted);
}

void scene_invoke(struct scene *scene, struct scene_call *call, const char *name, const char *payload) {
    struct posted *posted = calloc(1, sizeof *posted);
    *call = (struct scene_call){0};
    (void)sem_init(&call->done, 0, 0);
    posted->task.run = invoke;
    posted->scene = scene;
    posted->invocation = (struct function_invocation){
        .name = slice_text(name),
        .payload = slice_text(strdup(payload)),
        .want_log_tail = true,
        .done = answered,
        .context = call,
    };
    net_loop_post(scene->loop, &posted->task);
}

void scene_wait(struct scene_call *call) {
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    while (sem_timedwait(&call->done, &until) != 0) cr_assert_eq(errno, EINTR, "the call was not answered");
}

bool scene_answered(struct scene_call *call) { return sem_trywait(&call->done) == 0; }

static void settled(struct net_task *task) {
    struct posted *posted = (struct posted *)(void *)task;
    (void)sem_post(posted->settled);
    free(posted);
}

void scene_settle(struct scene *scene) {
    sem_t done;
    (void)sem_init(&done, 0, 0);
    for (int round = 0; round < 3; round++) {
        struct posted *posted = calloc(1, sizeof *posted);
        posted->task.run = settled;
        posted->settled = &done;
        net_loop_post(scene->loop, &posted->task);
        while (sem_wait(&done) != 0) {}
    }
}

/* ---- the Runtime API ---- */

void scene_send(int fd, const char *method, const char *path, const char *body, size_t size) {
    char head[512];
    int length = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: x\r\n", method, path);
    if (body != NULL) length += snprintf(head + length, sizeof head - (size_t)length, "Content-Length: %zu\r\n", size);
    length += snprintf(head + length, sizeof head - (size_t)length, "\r\n");
    (void)!write(fd, head, (size_t)length);
    for (size_t at = 0; body != NULL && at < size;) {
        ssize_t sent = write(fd, body + at, size - at);
        if (sent <= 0) return;
        at += (size_t)sent;
    }
}

bool scene_receive_soon(int fd, struct scene_answer *out, int milliseconds) {
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, milliseconds) > 0 && scene_receive(fd, out);
}

bool scene_receive(int fd, struct scene_answer *out) {
    size_t size = 0;
    char *end;
    *out = (struct scene_answer){0};
    while ((end = strstr(out->head, "\r\n\r\n")) == NULL) {
        if (size + 1 >= sizeof out->head || read(fd, out->head + size, 1) != 1) return false;
        out->head[++size] = 0;
    }
    char length[32];
    out->status = (unsigned)strtoul(out->head + 9, NULL, 10);
    scene_header(out, "Content-Length", length, sizeof length);
    out->body_size = strtoul(length, NULL, 10);
    for (size_t at = 0; at < out->body_size;) {
        ssize_t got = read(fd, out->body + at, sizeof out->body - 1 - at);
        if (got <= 0) return false;
        at += (size_t)got;
    }
    return true;
}

void scene_ask(int fd, const char *method, const char *path, const char *body, struct scene_answer *out) {
    scene_send(fd, method, path, body, body == NULL ? 0 : strlen(body));
    cr_assert(scene_receive(fd, out), "no answer to %s %s", method, path);
}

void scene_header(const struct scene_answer *answer, const char *name, char *out, size_t size) {
    out[0] = 0;
    for (const char *line = answer->head; line != NULL; line = strstr(line, "\r\n")) {
        if (line != answer->head) line += 2;
        if (strncasecmp(line, name, strlen(name)) != 0 || line[strlen(name)] != ':') continue;
        const char *value = line + strlen(name) + 1;
        while (*value == ' ') value++;
        (void)snprintf(out, size, "%.*s", (int)strcspn(value, "\r"), value);
        return;
    }
}

void scene_next(int fd, char request_id[64], char *event, size_t size) {
    struct scene_answer answer;
    scene_ask(fd, "GET", "/2018-06-01/runtime/invocation/next", NULL, &answer);
    cr_assert_eq(answer.status, 200);
    scene_header(&answer, "Lambda-Runtime-Aws-Request-Id", request_id, 64);
    (void)snprintf(event, size, "%s", answer.body);
}

void scene_respond(int fd, const char *request_id, const char *verb, const char *body, struct scene_answer *out) {
    char path[160];
    (void)snprintf(path, sizeof path, "/2018-06-01/runtime/invocation/%s/%s", request_id, verb);
    scene_ask(fd, "POST", path, body, out);
}
