/* A provided.* function in plain C: notes when it was entered, and for which items.
 * Source: AWS Lambda Developer Guide, "AWS Lambda runtime API". No more of HTTP than a runtime needs. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE_MAX = 8 << 20, REQUEST_MAX = 512, LINE_MAX_BYTES = 1 << 20 };

static char message[MESSAGE_MAX + 1], line[LINE_MAX_BYTES];

static int dial(const char *host_and_port) {
    char host[64];
    const char *colon = strrchr(host_and_port, ':');
    if (colon == NULL || (size_t)(colon - host_and_port) >= sizeof(host)) return -1;
    memcpy(host, host_and_port, (size_t)(colon - host_and_port));
    host[colon - host_and_port] = 0;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10))};
    int one = 1, connection = socket(AF_INET, SOCK_STREAM, 0);
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) return -1;
    if (connect(connection, (struct sockaddr *)&address, sizeof(address)) != 0) return -1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return connection;
}

static const char *header(const char *head, const char *name) {
    const char *found = strcasestr(head, name);
    return found == NULL ? "" : found + strlen(name) + strspn(found + strlen(name), " ");
}

/* Sends a request and reads its whole answer into `message`; gives the body, or NULL when the connection is gone. */
static char *exchange(int connection, const char *request) {
    if (write(connection, request, strlen(request)) != (ssize_t)strlen(request)) return NULL;
    size_t have = 0, need = SIZE_MAX;
    char *body = NULL;
    while (have < need) {
        ssize_t got = read(connection, message + have, MESSAGE_MAX - have);
        if (got <= 0) return NULL;
        have += (size_t)got;
        message[have] = 0;
        if (body == NULL && (body = strstr(message, "\r\n\r\n")) != NULL) {
            *body = 0;
            body += 4;
            need = (size_t)(body - message) + strtoul(header(message, "content-length:"), NULL, 10);
        }
    }
    return body;
}

/* "NANOSECONDS name name ...": the names follow "Keys":{"id":{"S":" in each record. */
static size_t note(struct timespec entered, const char *event) {
    static const char mark[] = "\"Keys\":{\"id\":{\"S\":\"";
    size_t size = (size_t)snprintf(line, sizeof(line), "%lld", (long long)entered.tv_sec * 1000000000 + entered.tv_nsec);
    for (const char *at = strstr(event, mark); at != NULL; at = strstr(at, mark)) {
        at += sizeof(mark) - 1;
        size_t length = strcspn(at, "\"");
        if (size + length + 2 > sizeof(line)) break;
        line[size++] = ' ';
        memcpy(line + size, at, length);
        size += length;
    }
    line[size++] = '\n';
    return size;
}

int main(void) {
    const char *api = getenv("AWS_LAMBDA_RUNTIME_API"), *path = getenv("NOTES");
    if (api == NULL || path == NULL) return 1;
    int notes = open(path, O_WRONLY | O_APPEND | O_CREAT, 0644), connection = dial(api);
    if (notes < 0 || connection < 0) return 1;
    char next[REQUEST_MAX], response[REQUEST_MAX], id[64];
    (void)snprintf(next, sizeof(next), "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: %s\r\n\r\n", api);
    for (char *event; (event = exchange(connection, next)) != NULL;) {
        struct timespec entered;
        clock_gettime(CLOCK_MONOTONIC, &entered);
        (void)snprintf(id, sizeof(id), "%.*s", 36, header(message, "lambda-runtime-aws-request-id:"));
        size_t size = note(entered, event);
        if (write(notes, line, size) != (ssize_t)size) return 1;
        (void)snprintf(response, sizeof(response),
                       "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: %s\r\nContent-Length: 4\r\n\r\nnull", id, api);
        if (exchange(connection, response) == NULL) return 1;
    }
    return 0;
}
