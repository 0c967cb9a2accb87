/* An object being written: gzip or plain, with the checksums that a manifest of AWS's wants. One thread. */
#ifndef TRANSFER_OUTFLOW_H
#define TRANSFER_OUTFLOW_H

#include "transfer/bucket.h"

struct outflow;

enum { OUTFLOW_MD5_SIZE = 25, OUTFLOW_ETAG_SIZE = 40 }; /* with the final zero */

struct outflow_sums {
    char md5[OUTFLOW_MD5_SIZE];   /* of the object, base64 */
    char etag[OUTFLOW_ETAG_SIZE]; /* as S3 gives it to an object uploaded in one part: hex of the MD5 of the MD5, "-1" */
};

enum leat_code outflow_new(struct bucket *bucket, struct leat_slice key, bool gzip, struct outflow **out,
                           struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code outflow_write(struct outflow *outflow, struct leat_slice bytes, struct leat_fault *fault) LEAT_MUST_USE;
/* The object is whole and durable. */
enum leat_code outflow_commit(struct outflow *outflow, struct outflow_sums *sums, struct leat_fault *fault) LEAT_MUST_USE;
void outflow_free(struct outflow *outflow); /* what was not committed is gone */

/* A small object, as it is. */
enum leat_code outflow_put(struct bucket *bucket, struct leat_slice key, struct leat_slice bytes, struct outflow_sums *sums,
                           struct leat_fault *fault) LEAT_MUST_USE;

#endif
