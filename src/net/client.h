/* A small blocking HTTP/1.1 client for leat's own commands talking to a running leat (http:// only, one request at a time, keep-alive).
 * libcurl, which serves everything that talks to the outside, would add 5 ms to every start of the program. */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"

struct net_client;

/* url: "http://127.0.0.1:8000". Connects on the first request. */
enum leat_code net_client_new(const char *url, struct net_client **out, struct leat_fault *fault) LEAT_MUST_USE;
void net_client_free(struct net_client *client);
/* header_lines: "Name: value\r\n"... or "". The answer's body is appended to `body`. LEAT_IO when there is no answer. */
enum leat_code net_client_request(struct net_client *client, const char *method, const char *path, const char *header_lines,
                                  struct leat_slice request_body, unsigned *status, struct buf *body,
                                  struct leat_fault *fault) LEAT_MUST_USE;

#endif
