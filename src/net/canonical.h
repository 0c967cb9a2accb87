/* The canonical request of Signature Version 4: the text whose hash both sides sign. */
#ifndef NET_CANONICAL_H
#define NET_CANONICAL_H

#include "net/server.h"

struct net_canonical {
    struct leat_slice signed_headers; /* "content-type;host;x-amz-date" */
    struct leat_slice payload_hash;   /* in hex, or a word like UNSIGNED-PAYLOAD */
    bool path_as_sent; /* S3: the path is encoded once; for all others the encoded path is encoded again */
    bool presigned;                   /* X-Amz-Signature is not part of the query */
};

/* Appends it. false: the query is malformed or has too many parameters, or there is no memory. */
bool net_canonical_request(struct buf *out, const struct net_request *request, const struct net_canonical *how);

#endif
