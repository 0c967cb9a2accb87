/* Buckets: the folders DIR/buckets/<bucket>, whose files are objects; a key is a plain relative path. They stand in for S3 until leat
 * serves it; whoever serves it takes this over.
 *
 * An object appears whole or not at all: it is written under another name, synced, and renamed. Symbolic links below a bucket are not
 * followed (the bucket itself may be one, so that it can lie on another disk). Blocks on the disk; a bucket belongs to one thread. */
#ifndef TRANSFER_BUCKET_H
#define TRANSFER_BUCKET_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"

enum {
    BUCKET_NAME_SIZE = 256,
    BUCKET_KEY_SIZE = 1025,      /* Amazon S3 User Guide, "Object keys": 1,024 bytes */
    BUCKET_OBJECTS_MAX = 50000,  /* in one list; DynamoDB Developer Guide, "Import quotas" */
    BUCKET_DEPTH_MAX = 64,       /* folders in folders */
    BUCKET_PART_SIZE = 32
};

struct bucket {
    int fd; /* the folder */
    char name[BUCKET_NAME_SIZE];
};

/* LEAT_RESOURCE_NOT_FOUND: there is none of this name. Here and below: LEAT_ACCESS_DENIED when the disk refuses us, LEAT_VALIDATION for a
 * key that is not a plain relative path, LEAT_STORE_FULL, LEAT_IO; bucket faults are worded as S3 does where S3 has them. */
enum leat_code bucket_open(const char *directory, struct leat_slice name, struct bucket *out, struct leat_fault *fault) LEAT_MUST_USE;
void bucket_close(struct bucket *bucket);

/* A plain relative path: no "..", no ".", no empty parts, no NUL, not one of our own names. */
bool bucket_key_good(struct leat_slice key);

struct bucket_object {
    struct leat_slice key;
    uint64_t size; /* bytes */
};
struct bucket_list {
    struct bucket_object *objects; /* in byte order of keys */
    size_t count;
};
/* All keys that begin with `prefix`; in the arena. LEAT_LIMIT_EXCEEDED past BUCKET_OBJECTS_MAX. */
enum leat_code bucket_list(struct bucket *bucket, struct leat_slice prefix, struct arena *arena, struct bucket_list *out,
                           struct leat_fault *fault) LEAT_MUST_USE;

/* A file descriptor for reading, the caller's to close. LEAT_RESOURCE_NOT_FOUND: no such key. */
enum leat_code bucket_get(struct bucket *bucket, struct leat_slice key, int *fd, struct leat_fault *fault) LEAT_MUST_USE;

/* Writing an object: begin, write as often as wanted, then commit, or abort (which may follow anything, also a failed call). */
struct bucket_put {
    struct bucket *bucket;
    int fd; /* -1: nothing is open */
    char part[BUCKET_PART_SIZE], key[BUCKET_KEY_SIZE];
};
enum leat_code bucket_put_begin(struct bucket *bucket, struct leat_slice key, struct bucket_put *put,
                                struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code bucket_put_write(struct bucket_put *put, struct leat_slice bytes, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code bucket_put_commit(struct bucket_put *put, struct leat_fault *fault) LEAT_MUST_USE;
void bucket_put_abort(struct bucket_put *put);

/* Removes what writers that were killed have left behind, in all buckets. Only while nobody writes. */
void bucket_sweep(const char *directory);

#endif
