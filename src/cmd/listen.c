#include "cmd/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/cmd.h"

static bool is_loopback(const struct sockaddr *address) {
    if (address->sa_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24) == 127;
    if (address->sa_family == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
    return false;
}

/* Functions are told the server's address before it listens, so a port is chosen here. Between here and there another program
 * could take it: then listening fails with words, as it does for any port in use. */
static bool free_port(const struct addrinfo *address, uint16_t *out) {
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof bound;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    bool found = bind(fd, address->ai_addr, address->ai_addrlen) == 0 && getsockname(fd, (struct sockaddr *)&bound, &size) == 0;
    (void)close(fd);
    if (!found) return false;
    *out = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)(void *)&bound)->sin6_port
                                             : ((struct sockaddr_in *)(void *)&bound)->sin_port);
    return true;
}

static enum leat_code look_up(struct cmd_listen *out, struct leat_fault *fault) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    int error = getaddrinfo(out->host, NULL, &hints, &found);
    if (error != 0) return fault_set(fault, LEAT_IO, "cannot listen on %s: %s", out->host, gai_strerror(error));
    out->loopback = true;
    for (const struct addrinfo *one = found; one != NULL; one = one->ai_next) out->loopback &= is_loopback(one->ai_addr);
    bool chosen = out->port != 0 || free_port(found, &out->port);
    freeaddrinfo(found);
    if (!chosen) return fault_errno(fault, errno, "cannot find a free port");
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
    out->port = (uint16_t)number;
    (void)snprintf(out->host, sizeof out->host, "%.*s", (int)(host_end - host), host);
    if (out->host[0] == 0) (void)snprintf(out->host, sizeof out->host, "127.0.0.1");
    TRY(look_up(out, fault));
    (void)snprintf(out->text, sizeof out->text, strchr(out->host, ':') != NULL ? "[%s]:%u" : "%s:%u", out->host, (unsigned)out->port);
    return LEAT_OK;
}

void cmd_listen_endpoint(const struct cmd_listen *listen, char *out, size_t size) {
    bool everywhere = strcmp(listen->host, "0.0.0.0") == 0 || strcmp(listen->host, "::") == 0;
    if (everywhere) (void)snprintf(out, size, "http://127.0.0.1:%u", (unsigned)listen->port);
    else (void)snprintf(out, size, "http://%s", listen->text);
}
