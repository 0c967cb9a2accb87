/* AWS Signature Version 4, signing side, for leat's own client (client.h): every service's way but S3's. Any thread. */
#ifndef NET_SIGNER_H
#define NET_SIGNER_H

#include "base/buf.h"
#include "base/fault.h"
#include "net/sigv4.h"

struct net_signer {
    struct net_credential credential;
    const char *region, *service; /* "us-east-1", "dynamodb" */
};

/* LEAT_VALIDATION when a part of it cannot stand in an Authorization header. */
enum leat_code net_signer_check(const struct net_signer *signer, struct leat_fault *fault) LEAT_MUST_USE;

/* head: of a request, with its empty line; X-Amz-Date and Authorization are put before that. All headers are signed but
 * Content-Length, which the framing of the next hop may change. LEAT_VALIDATION when the head is malformed. */
enum leat_code net_sign(const struct net_signer *signer, struct buf *head, struct leat_slice body, uint64_t now_ms,
                        struct leat_fault *fault) LEAT_MUST_USE;

/* The query with which anybody may GET this path of this host until it expires. Absent: there is none, or no memory. */
struct leat_slice net_presign(const struct net_signer *signer, struct leat_slice host, struct leat_slice path,
                              unsigned expires_seconds, uint64_t now_ms, struct arena *arena);

#endif
