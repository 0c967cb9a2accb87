/* AWS Signature Version 4, verifying side (signer.h is the other). Source: AWS General Reference, "Signature Version 4
 * signing process". Both forms: the Authorization header and the presigned query. Any thread. */
#ifndef NET_SIGV4_H
#define NET_SIGV4_H

#include "net/server.h"

enum { NET_SIGV4_SKEW_MS = 15 * 60 * 1000, NET_SIGV4_EXPIRES_S_MAX = 7 * 24 * 3600, NET_SIGV4_PARAMETERS_MAX = 256 };

struct net_credential { const char *access_key, *secret_key; };

/* What a request's Authorization header (or X-Amz- query) says of itself, unverified. Slices of the request or its
 * arena. */
struct net_signing { struct leat_slice access_key, date, region, service; };
bool net_signing_parse(const struct net_request *request, struct net_signing *out); /* false: none or malformed */

/* Without looking at keys or time: does the request say all that a signature must say? Faults as below. */
enum leat_code net_sigv4_claimed(const struct net_request *request, const char **type, struct leat_fault *fault) LEAT_MUST_USE;

/* LEAT_OK when the request is signed by one of the credentials within 15 minutes of now (presigned: until it expires).
 * Otherwise LEAT_ACCESS_DENIED with AWS's words; *type gives AWS's error type (MissingAuthenticationTokenException,
 * UnrecognizedClientException, InvalidSignatureException, IncompleteSignatureException). LEAT_NO_MEMORY is possible.
 *
 * The body is covered, unless the client has signed an X-Amz-Content-Sha256 of UNSIGNED-PAYLOAD, or one beginning with
 * STREAMING- (then the signatures of the single pieces are not looked at). */
enum leat_code net_sigv4_verify(const struct net_request *request, const struct net_credential *credentials,
                                size_t count, uint64_t now_ms, const char **type,
                                struct leat_fault *fault) LEAT_MUST_USE;

#endif
