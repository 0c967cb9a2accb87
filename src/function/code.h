/* Code as files: zips unpacked below the data directory, directories used in place, and what is removed again.
 * Any thread; blocks on the disk. Source: AWS Lambda Developer Guide, "Lambda quotas", deployment package. */
#ifndef FUNCTION_CODE_H
#define FUNCTION_CODE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"

enum {
    FUNCTION_ZIP_BYTES_MAX = 50 << 20,       /* "50 MB (zipped, for direct upload)" */
    FUNCTION_UNZIPPED_BYTES_MAX = 250 << 20, /* "250 MB (unzipped)" */
    FUNCTION_ZIP_ENTRIES_MAX = 50000,
    FUNCTION_PATH_BYTES_MAX = 1024 /* of an entry's name */
};

/* Unpacks into `directory`, which must exist and be empty, and syncs. Refused: paths that leave the directory, symbolic links, encrypted
 * entries, more than the limits. On a fault the directory is left half full: the caller removes it. */
enum leat_code function_code_unpack(const char *directory, struct leat_slice zip,
                                    struct leat_fault *fault) LEAT_MUST_USE;

/* The archive itself, kept beside the directory that it was unpacked into, and synced. */
enum leat_code function_code_keep(const char *directory, struct leat_slice zip, struct leat_fault *fault) LEAT_MUST_USE;
/* Appends it. LEAT_RESOURCE_NOT_FOUND: it was not kept. */
enum leat_code function_code_kept(const char *directory, struct buf *out, struct leat_fault *fault) LEAT_MUST_USE;

/* CodeSha256: base64 of the SHA-256. */
struct leat_slice function_code_sha256(struct arena *arena, struct leat_slice bytes);

/* A local directory used in place must be an absolute path to a directory. */
enum leat_code function_code_check_directory(struct leat_slice path, struct leat_fault *fault) LEAT_MUST_USE;

enum leat_code function_code_make_directory(const char *path, struct leat_fault *fault) LEAT_MUST_USE; /* and parents */
void function_code_remove(const char *path); /* with everything below it and the archive; follows no links; what fails stays */

#endif
