#include "leat_lambda.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PREFIX "/2018-06-01/runtime/"
enum { HEAD_MAX = 64 << 10, ROOM_FIRST = 16 << 10 };

/* ---- bytes that grow ---- */

struct bytes {
    char *data; /* with a zero byte behind it, once there is something */
    size_t size, room;
    int failed; /* no memory: what came afterwards is missing */
};

static int make_room(struct bytes *bytes, size_t more) {
    size_t room = bytes->room == 0 ? ROOM_FIRST : bytes->room;
    while (!bytes->failed && room - bytes->size <= more) {
        if (room > SIZE_MAX / 2) bytes->failed = 1;
        else room *= 2;
    }
    char *data = bytes->failed ? NULL : bytes->room >= room ? bytes->data : realloc(bytes->data, room);
    if (data == NULL) {
        bytes->failed = 1;
        return 0;
    }
    bytes->data = data;
    bytes->room = room;
    return 1;
}

static void append(struct bytes *bytes, const void *data, size_t size) {
    if (!make_room(bytes, size)) return;
    if (size > 0) memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
    bytes->data[bytes->size] = 0;
}

static void append_text(struct bytes *bytes, const char *text) { append(bytes, text, strlen(text)); }

static void append_format(struct bytes *bytes, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (size < 0 || !make_room(bytes, (size_t)size)) {
        bytes->failed = 1;
        return;
    }
    (void)vsnprintf(bytes->data + bytes->size, (size_t)size + 1, format, arguments);
    bytes->size += (size_t)size;
}

static void append_string(struct bytes *bytes, const char *text) {
    append(bytes, "\"", 1);
    for (; *text != 0; text++) {
        char escaped[8];
        if (*text == '"' || *text == '\\') (void)snprintf(escaped, sizeof escaped, "\\%c", *text);
        else if ((unsigned char)*text < ' ') (void)snprintf(escaped, sizeof escaped, "\\u%04x", *text);
        else (void)snprintf(escaped, sizeof escaped, "%c", *text);
        append_text(bytes, escaped);
    }
    append(bytes, "\"", 1);
}

static void clear(struct bytes *bytes) {
    bytes->size = 0;
    bytes->failed = 0;
}

/* ---- answers ---- */

struct leat_lambda_answer {
    struct bytes body, type; /* type: of the error; empty: it is none */
};

void leat_lambda_append(struct leat_lambda_answer *answer, const void *data, size_t size) {
    if (answer->type.size == 0) append(&answer->body, data, size);
}

void leat_lambda_string(struct leat_lambda_answer *answer, const char *text) {
    if (answer->type.size == 0) append_string(&answer->body, text);
}

void leat_lambda_print(struct leat_lambda_answer *answer, const char *format, ...) {
    va_list arguments;
    if (answer->type.size > 0) return;
    va_start(arguments, format);
    append_format(&answer->body, format, arguments);
    va_end(arguments);
}

static void write_error(struct bytes *body, const char *type, const char *message) {
    clear(body);
    append_text(body, "{\"errorType\":");
    append_string(body, type);
    append_text(body, ",\"errorMessage\":");
    append_string(body, message);
    append_text(body, "}");
}

void leat_lambda_fail(struct leat_lambda_answer *answer, const char *type, const char *format, ...) {
    struct bytes message = {NULL, 0, 0, 0};
    va_list arguments;
    va_start(arguments, format);
    append_format(&message, format, arguments);
    va_end(arguments);
    clear(&answer->type);
    append_text(&answer->type, type[0] != 0 ? type : "Error");
    write_error(&answer->body, type, message.failed ? "no memory for the message" : message.data);
    free(message.data);
}

long long leat_lambda_remaining_ms(const struct leat_lambda_event *event) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return event->deadline_ms - ((long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

/* ---- HTTP: one connection, one request at a time ---- */

struct api {
    char host[256]; /* as it came: "127.0.0.1:9001" */
    int socket;     /* -1: none */
    struct bytes request, in; /* in: what was read and not yet used */
    struct bytes head, body;  /* of the newest answer */
    int status;
};

static int api_connect(struct api *api) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    char host[sizeof api->host];
    int one = 1;
    (void)snprintf(host, sizeof host, "%s", api->host);
    char *colon = strrchr(host, ':');
    if (colon == NULL) return 0;
    *colon = 0;
    address.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &address.sin_addr) != 1) return 0;
    api->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (api->socket < 0) return 0;
    (void)setsockopt(api->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    clear(&api->in);
    if (connect(api->socket, (const struct sockaddr *)&address, sizeof address) == 0) return 1;
    (void)close(api->socket);
    api->socket = -1;
    return 0;
}

static void api_close(struct api *api) {
    if (api->socket >= 0) (void)close(api->socket);
    api->socket = -1;
}

static int send_all(struct api *api, const char *data, size_t size) {
    while (size > 0) {
        ssize_t sent = send(api->socket, data, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return 0;
        data += sent;
        size -= (size_t)sent;
    }
    return 1;
}

static int read_more(struct api *api) {
    if (!make_room(&api->in, ROOM_FIRST)) return 0;
    ssize_t size;
    do size = recv(api->socket, api->in.data + api->in.size, api->in.room - api->in.size - 1, 0);
    while (size < 0 && errno == EINTR);
    if (size <= 0) return 0;
    api->in.size += (size_t)size;
    api->in.data[api->in.size] = 0;
    return 1;
}

static void used(struct api *api, size_t size) {
    api->in.size -= size;
    memmove(api->in.data, api->in.data + size, api->in.size + 1);
}

/* Up to `mark` and with it; NULL: the connection ended, or the line does not. */
static char *read_until(struct api *api, const char *mark, size_t *size) {
    for (;;) {
        char *found = api->in.size == 0 ? NULL : strstr(api->in.data, mark);
        if (found != NULL) {
            *size = (size_t)(found - api->in.data) + strlen(mark);
            return api->in.data;
        }
        if (api->in.size > HEAD_MAX || !read_more(api)) return NULL;
    }
}

static int read_bytes(struct api *api, size_t size) {
    while (api->in.size < size)
        if (!read_more(api)) return 0;
    append(&api->body, api->in.data, size);
    used(api, size);
    return !api->body.failed;
}

static const char *header(const struct api *api, const char *name, char *room, size_t room_size) {
    size_t name_size = strlen(name);
    room[0] = 0;
    for (const char *line = strstr(api->head.data, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
        const char *at = line + 2;
        if (strncasecmp(at, name, name_size) != 0 || at[name_size] != ':') continue;
        at += name_size + 1;
        at += strspn(at, " \t");
        (void)snprintf(room, room_size, "%.*s", (int)strcspn(at, "\r"), at);
        break;
    }
    return room;
}

static int read_chunks(struct api *api) {
    for (;;) {
        size_t line;
        char *at = read_until(api, "\r\n", &line);
        if (at == NULL) return 0;
        size_t size = strtoul(at, NULL, 16);
        used(api, line);
        if (size == 0) break;
        if (!read_bytes(api, size) || read_until(api, "\r\n", &line) == NULL) return 0;
        used(api, line);
    }
    for (;;) { /* trailers end with an empty line */
        size_t line;
        if (read_until(api, "\r\n", &line) == NULL) return 0;
        used(api, line);
        if (line == 2) return 1;
    }
}

static int read_answer(struct api *api) {
    char text[64];
    size_t size;
    const char *at = read_until(api, "\r\n\r\n", &size);
    if (at == NULL) return 0;
    clear(&api->head);
    clear(&api->body);
    append(&api->head, at, size);
    append(&api->body, "", 0);
    if (api->head.failed || api->body.failed || size < 12) return 0;
    used(api, size);
    api->status = atoi(api->head.data + 9);
    if (strcasecmp(header(api, "Transfer-Encoding", text, sizeof text), "chunked") == 0) return read_chunks(api);
    return read_bytes(api, strtoul(header(api, "Content-Length", text, sizeof text), NULL, 10));
}

/* error: its type, for the header; NULL: none. */
static int call(struct api *api, const char *method, const char *path, const char *error, const struct bytes *body) {
    char head[768];
    int size = snprintf(head, sizeof head, "%s " PREFIX "%s HTTP/1.1\r\nHost: %s\r\n", method, path, api->host);
    if (size < 0 || (size_t)size >= sizeof head) return 0;
    clear(&api->request);
    append(&api->request, head, (size_t)size);
    if (error != NULL) {
        append_text(&api->request, "Lambda-Runtime-Function-Error-Type: ");
        append_text(&api->request, error);
        append_text(&api->request, "\r\n");
    }
    (void)snprintf(head, sizeof head, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body == NULL ? 0 : body->size);
    if (body != NULL) append_text(&api->request, head);
    append_text(&api->request, "\r\n");
    if (body != NULL) append(&api->request, body->data, body->size);
    if (api->request.failed) return 0;
    for (int attempt = 0; attempt < 2; attempt++) { /* a connection that was kept may have ended */
        int fresh = api->socket < 0;
        if (fresh && !api_connect(api)) return 0;
        if (send_all(api, api->request.data, api->request.size) && read_answer(api)) return 1;
        api_close(api);
        if (fresh) return 0;
    }
    return 0;
}

static int api_open(struct api *api) {
    const char *host = getenv("AWS_LAMBDA_RUNTIME_API");
    memset(api, 0, sizeof *api);
    api->socket = -1;
    if (host == NULL || strlen(host) >= sizeof api->host) {
        (void)fprintf(stderr, "AWS_LAMBDA_RUNTIME_API is not set: this program runs in Lambda, or in leat\n");
        return 0;
    }
    memcpy(api->host, host, strlen(host) + 1);
    return 1;
}

static void api_free(struct api *api) {
    api_close(api);
    free(api->request.data);
    free(api->in.data);
    free(api->head.data);
    free(api->body.data);
}

/* ---- the loop ---- */

enum { ID_SIZE = 128, ARN_SIZE = 512, TEXT_SIZE = 8192 };

struct invocation {
    char id[ID_SIZE], arn[ARN_SIZE], trace[ARN_SIZE], context[TEXT_SIZE], identity[TEXT_SIZE], deadline[32];
};

static int answer_one(struct api *api, const char *id, struct leat_lambda_answer *answer) {
    char path[ID_SIZE + 64];
    int failed = answer->type.size > 0;
    if (answer->body.failed || answer->type.failed) {
        answer->body.failed = answer->type.failed = 0;
        leat_lambda_fail(answer, "Runtime.OutOfMemory", "there was no memory for the answer");
        failed = 1;
    }
    if (answer->body.size == 0) append_text(&answer->body, "null");
    (void)snprintf(path, sizeof path, "invocation/%s/%s", id, failed ? "error" : "response");
    (void)fflush(stdout);
    return call(api, "POST", path, failed ? answer->type.data : NULL, &answer->body);
}

static int serve_one(struct api *api, struct invocation *now, struct leat_lambda_answer *answer, leat_lambda_handler handler,
                     void *context) {
    if (!call(api, "GET", "invocation/next", NULL, NULL) || api->status != 200) return 0;
    struct leat_lambda_event event = {
        .body = api->body.data,
        .size = api->body.size,
        .request_id = header(api, "Lambda-Runtime-Aws-Request-Id", now->id, sizeof now->id),
        .function_arn = header(api, "Lambda-Runtime-Invoked-Function-Arn", now->arn, sizeof now->arn),
        .trace_id = header(api, "Lambda-Runtime-Trace-Id", now->trace, sizeof now->trace),
        .client_context = header(api, "Lambda-Runtime-Client-Context", now->context, sizeof now->context),
        .cognito_identity = header(api, "Lambda-Runtime-Cognito-Identity", now->identity, sizeof now->identity),
        .deadline_ms = strtoll(header(api, "Lambda-Runtime-Deadline-Ms", now->deadline, sizeof now->deadline), NULL, 10),
    };
    (void)setenv("_X_AMZN_TRACE_ID", event.trace_id, 1);
    clear(&answer->body);
    clear(&answer->type);
    handler(&event, answer, context);
    return answer_one(api, now->id, answer);
}

int leat_lambda_run(leat_lambda_handler handler, void *context) {
    struct api api;
    struct leat_lambda_answer answer;
    struct invocation *now = malloc(sizeof *now);
    memset(&answer, 0, sizeof answer);
    if (now == NULL || !api_open(&api)) {
        free(now);
        return 1;
    }
    while (serve_one(&api, now, &answer, handler, context)) {}
    api_free(&api);
    free(answer.body.data);
    free(answer.type.data);
    free(now);
    return 1;
}

int leat_lambda_init_failed(const char *type, const char *message) {
    struct api api;
    struct bytes body;
    memset(&body, 0, sizeof body);
    if (!api_open(&api)) return 1;
    write_error(&body, type, message);
    (void)call(&api, "POST", "init/error", type, &body);
    api_free(&api);
    free(body.data);
    return 1;
}
