/* The signature of Signature Version 4, for who makes it (signer.h) and who checks it (sigv4.h). Source: AWS General
 * Reference, "Signature Version 4 signing process". Any thread; each keeps the signing keys it used last. */
#ifndef NET_SIGNATURE_H
#define NET_SIGNATURE_H

#include "net/canonical.h"
#include "net/sigv4.h"

#define NET_SIGV4_ALGORITHM "AWS4-HMAC-SHA256"

enum { NET_SIGNATURE_SIZE = 64, NET_SIGNATURE_TIME_SIZE = 32 };

struct net_signed {
    struct net_signing signing;
    struct leat_slice time;         /* 20250222T030325Z */
    struct leat_slice scope;        /* 20250222/us-east-1/dynamodb/aws4_request */
    struct net_canonical canonical; /* payload_hash absent: that of the body */
};

/* What the holder of this secret puts under such a request, in hex. LEAT_VALIDATION: nobody can sign it (the query is
 * malformed, secret or scope are longer than anything AWS gives out); LEAT_NO_MEMORY. */
enum leat_code net_signature(const struct net_request *request, const struct net_signed *what, const char *secret,
                             char out[NET_SIGNATURE_SIZE], struct leat_fault *fault) LEAT_MUST_USE;

/* "20250222T030325Z"; gives `out` back. */
const char *net_signature_time(uint64_t time_ms, char out[NET_SIGNATURE_TIME_SIZE]);

#endif
