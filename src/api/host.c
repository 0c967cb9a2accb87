/* Which names a request's Host header may have: against DNS rebinding. */
#include <string.h>
#include <strings.h>

#include "api/api.h"
#include "base/slice.h"

/* Names that no stranger can register: reserved (RFC 6761, RFC 6762, ICANN's "internal") or AWS's own. */
static const char *const reserved[] = {
    "localhost", "local", "internal", "test", "home.arpa", "amazonaws.com", "amazonaws.com.cn", "api.aws", NULL,
};

/* Without port, brackets and the final dot of an absolute name. */
static struct leat_slice name_of(struct leat_slice host) {
    const uint8_t *colon = host.size > 0 ? memchr(host.data, ':', host.size) : NULL;
    if (colon != NULL) host.size = (size_t)(colon - host.data);
    if (host.size > 0 && host.data[host.size - 1] == '.') host.size--;
    return host;
}

static bool same_name(struct leat_slice name, const char *other, size_t size) {
    return name.size == size && strncasecmp((const char *)name.data, other, size) == 0;
}

/* The name itself, or one below it. */
static bool belongs_to(struct leat_slice name, const char *domain) {
    size_t size = strlen(domain);
    if (name.size <= size) return same_name(name, domain, size);
    return name.data[name.size - size - 1] == '.' && same_name(slice_of(name.data + name.size - size, size), domain, size);
}

static bool is_address(struct leat_slice name) {
    return slice_within(name, '.', '9') && memchr(name.data, '/', name.size) == NULL;
}

bool api_host_allowed(const struct api_server *server, struct leat_slice host) {
    /* who signs with a key that is asked for is no stranger's page */
    if (server->credential_count > 0 || host.size == 0 || host.data[0] == '[') return true;
    struct leat_slice name = name_of(host);
    if (name.size == 0 || memchr(name.data, '.', name.size) == NULL || is_address(name)) return true;
    for (const char *const *domain = reserved; *domain != NULL; domain++)
        if (belongs_to(name, *domain)) return true;
    for (const char *const *given = server->host_names; given != NULL && *given != NULL; given++)
        if ((*given)[0] == '.' ? belongs_to(name, *given + 1) : same_name(name, *given, strlen(*given))) return true;
    return false;
}
