/* A small blocking HTTP/1.1 client for leat's own commands talking to a running leat (http:// only, one request at a
 * time, keep-alive). libcurl, which serves everything that talks to the outside, would add 5 ms to every start of the
 * program. One thread at a time. */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "net/signer.h"

enum { NET_CLIENT_TIMEOUT_MS = 30000, NET_CLIENT_HEADER_BYTES_MAX = 64 << 10 };

struct net_client;

/* url: "http://127.0.0.1:8000". Connects on the first request. */
enum leat_code net_client_new(const char *url, struct net_client **out, struct leat_fault *fault) LEAT_MUST_USE;
void net_client_free(struct net_client *client);
/* For the whole of each request from now on, with connecting; 0: for ever (long polls). */
void net_client_timeout(struct net_client *client, unsigned milliseconds);
/* Signs each request from now on, at the time it is made. The strings are borrowed. LEAT_VALIDATION: not with these. */
enum leat_code net_client_sign(struct net_client *client, const struct net_signer *signer,
                               struct leat_fault *fault) LEAT_MUST_USE;
/* header_lines: "Name: value\r\n"... or ""; Host and Content-Length are written here. The answer's body is appended to
 * `body`. LEAT_IO when there is no answer. A request is sent anew only when the server cannot have begun with it, or
 * when it is a GET or HEAD whose kept connection turned out to be dead. */
enum leat_code net_client_request(struct net_client *client, const char *method, const char *path,
                                  const char *header_lines, struct leat_slice request_body, unsigned *status,
                                  struct buf *body, struct leat_fault *fault) LEAT_MUST_USE;
/* A header of the newest answer, whatever its case; absent when there is none. Valid until the next request. */
struct leat_slice net_client_header(const struct net_client *client, const char *name);

#endif
