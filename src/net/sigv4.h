/* AWS Signature Version 4, verifying side. Source: AWS General Reference, "Signature Version 4 signing process". */
#ifndef NET_SIGV4_H
#define NET_SIGV4_H

#include "net/server.h"

struct net_credential { const char *access_key, *secret_key; };

/* What a request's Authorization header (or X-Amz- query) says of itself, unverified. */
struct net_signing { struct leat_slice access_key, date, region, service; };
bool net_signing_parse(const struct net_request *request, struct net_signing *out); /* false: none or malformed */

/* LEAT_OK when the request is signed by one of the credentials within 15 minutes of now. Otherwise LEAT_ACCESS_DENIED with AWS's words;
 * *type gives AWS's error type (MissingAuthenticationTokenException, UnrecognizedClientException, InvalidSignatureException,
 * IncompleteSignatureException). */
enum leat_code net_sigv4_verify(const struct net_request *request, const struct net_credential *credentials, size_t count,
                                uint64_t now_ms, const char **type, struct leat_fault *fault) LEAT_MUST_USE;

#endif
