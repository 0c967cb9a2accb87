#include "cmd/listen.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "cmd/cmd.h"

static bool is_loopback(const struct sockaddr *address) {
    if (address->sa_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24) == 127;
    if (address->sa_family == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
    return false;
}

static enum leat_code look_up(struct cmd_listen *out, struct leat_fault *fault) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    int error = getaddrinfo(out->host, NULL, &hints, &found);
    if (error != 0) return fault_set(fault, LEAT_IO, "cannot listen on %s: %s", out->host, gai_strerror(error));
    out->loopback = true;
    for (const struct addrinfo *one = found; one != NULL; one = one->ai_next) out->loopback &= is_loopback(one->ai_addr);
    freeaddrinfo(found);
    return LEAT_OK;
}

enum leat_code cmd_listen_parse(const char *text, struct cmd_listen *out, struct leat_fault *fault) {
    const char *colon = strrchr(text, ':'), *port = colon != NULL ? colon + 1 : text;
    const char *host = text, *host_end = colon != NULL ? colon : text;
    uint64_t number;
    *out = (struct cmd_listen){.port = 0};
    if (host_end > host && *host == '[' && host_end[-1] == ']') {
        host++;
        host_end--;
    } else if (host_end > host && memchr(host, ':', (size_t)(host_end - host)) != NULL) {
        return fault_set(fault, LEAT_VALIDATION, "an IPv6 address is written [::1]:8000, not %s", text);
    }
    if (!cmd_number(port, UINT16_MAX, &number) || (size_t)(host_end - host) >= sizeof out->host)
        return fault_set(fault, LEAT_VALIDATION, "--listen wants ADDR:PORT, not %s", text);
    (void)snprintf(out->host, sizeof out->host, "%.*s", (int)(host_end - host), host);
    if (out->host[0] == 0) (void)snprintf(out->host, sizeof out->host, "127.0.0.1");
    TRY(look_up(out, fault));
    cmd_listen_bound(out, (uint16_t)number);
    return LEAT_OK;
}

void cmd_listen_bound(struct cmd_listen *listen, uint16_t port) {
    listen->port = port;
    bool v6 = strchr(listen->host, ':') != NULL;
    (void)snprintf(listen->text, sizeof listen->text, v6 ? "[%s]:%u" : "%s:%u", listen->host, (unsigned)port);
}

void cmd_listen_endpoint(const struct cmd_listen *listen, char *out, size_t size) {
    bool everywhere = strcmp(listen->host, "0.0.0.0") == 0 || strcmp(listen->host, "::") == 0;
    if (everywhere) (void)snprintf(out, size, "http://127.0.0.1:%u", (unsigned)listen->port);
    else (void)snprintf(out, size, "http://%s", listen->text);
}
