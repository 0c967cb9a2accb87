#include "transfer/bucket.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "base/slice.h"

/* Where objects are while they are written, inside the bucket: a rename does not cross file systems. */
#define PARTS ".leat-parts"
#define OWN_PREFIX ".leat-"

enum { REQUEST_ID_SIZE = 17, FOLDER_MODE = 0777, FILE_MODE = 0666 };

/* ---- faults ---- */

/* As AWS words what S3 answered: the words, and in brackets where they come from. */
static enum leat_code s3_fault(struct leat_fault *fault, enum leat_code code, const char *words, unsigned status, const char *name) {
    char id[53];
    random_request_id(id);
    return fault_set(fault, code, "%s (Service: Amazon S3; Status Code: %u; Error Code: %s; Request ID: %.*s; Proxy: null)", words, status,
                     name, REQUEST_ID_SIZE - 1, id);
}

static enum leat_code disk_fault(struct leat_fault *fault, int error, const char *what) {
    if (error == EACCES || error == EPERM || error == EROFS)
        return s3_fault(fault, LEAT_ACCESS_DENIED, "Access Denied", 403, "AccessDenied");
    return fault_errno(fault, error, what);
}

static enum leat_code refuse_key(struct leat_fault *fault, struct leat_slice key) {
    return fault_set(fault, LEAT_VALIDATION, "The key is not a plain relative path: %.*s", SLICE_FORMAT(key));
}

/* ---- names ---- */

static bool part_good(struct leat_slice part) {
    return part.size > 0 && part.size <= NAME_MAX && !slice_is(part, ".") && !slice_is(part, "..");
}

bool bucket_key_good(struct leat_slice key) {
    if (key.size == 0 || key.size >= BUCKET_KEY_SIZE || memchr(key.data, 0, key.size) != NULL) return false;
    if (slice_starts(key, SLICE(OWN_PREFIX))) return false;
    for (;;) {
        const uint8_t *slash = memchr(key.data, '/', key.size);
        size_t size = slash != NULL ? (size_t)(slash - key.data) : key.size;
        if (!part_good(slice_of(key.data, size))) return false;
        if (slash == NULL) return true;
        key = slice_of(slash + 1, key.size - size - 1);
    }
}

static bool name_good(struct leat_slice name) {
    return part_good(name) && name.size < BUCKET_NAME_SIZE && name.data[0] != '.' && memchr(name.data, '/', name.size) == NULL &&
           memchr(name.data, 0, name.size) == NULL;
}

/* ---- open ---- */

enum leat_code bucket_open(const char *directory, struct leat_slice name, struct bucket *out, struct leat_fault *fault) {
    char path[PATH_MAX];
    *out = (struct bucket){.fd = -1};
    if (!name_good(name)) return s3_fault(fault, LEAT_RESOURCE_NOT_FOUND, "The specified bucket does not exist", 404, "NoSuchBucket");
    (void)snprintf(out->name, sizeof out->name, "%.*s", SLICE_FORMAT(name));
    if (snprintf(path, sizeof path, "%s/buckets/%s", directory, out->name) >= (int)sizeof path)
        return fault_errno(fault, ENAMETOOLONG, directory);
    out->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->fd >= 0) return LEAT_OK;
    if (errno == ENOENT || errno == ENOTDIR)
        return s3_fault(fault, LEAT_RESOURCE_NOT_FOUND, "The specified bucket does not exist", 404, "NoSuchBucket");
    return disk_fault(fault, errno, path);
}

void bucket_close(struct bucket *bucket) {
    if (bucket->fd >= 0) (void)close(bucket->fd);
    bucket->fd = -1;
}

/* ---- walking ---- */

/* Opens one folder below another; with `make` it is made when missing, durably. -1 with errno. */
static int enter(int folder, const char *name, bool make) {
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 || errno != ENOENT || !make) return fd;
    if (mkdirat(folder, name, FOLDER_MODE) != 0 && errno != EEXIST) return -1;
    if (fsync(folder) != 0) return -1;
    return openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The folder that a key's last part lies in, the caller's to close, and that part. -1 with errno. */
static int walk(const struct bucket *bucket, struct leat_slice key, bool make, char last[NAME_MAX + 1]) {
    int folder = dup(bucket->fd);
    while (folder >= 0) {
        const uint8_t *slash = memchr(key.data, '/', key.size);
        size_t size = slash != NULL ? (size_t)(slash - key.data) : key.size;
        memcpy(last, key.data, size);
        last[size] = 0;
        if (slash == NULL) return folder;
        int inner = enter(folder, last, make), error = errno;
        (void)close(folder);
        errno = error;
        folder = inner;
        key = slice_of(slash + 1, key.size - size - 1);
    }
    return -1;
}

enum leat_code bucket_get(struct bucket *bucket, struct leat_slice key, int *fd, struct leat_fault *fault) {
    char last[NAME_MAX + 1];
    *fd = -1;
    if (!bucket_key_good(key)) return refuse_key(fault, key);
    int folder = walk(bucket, key, false, last);
    if (folder >= 0) {
        *fd = openat(folder, last, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        int error = errno;
        (void)close(folder);
        errno = error;
    }
    if (*fd >= 0) return LEAT_OK;
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
        return s3_fault(fault, LEAT_RESOURCE_NOT_FOUND, "The specified key does not exist.", 404, "NoSuchKey");
    return disk_fault(fault, errno, "reading an object");
}

/* ---- put ---- */

enum leat_code bucket_put_begin(struct bucket *bucket, struct leat_slice key, struct bucket_put *put, struct leat_fault *fault) {
    uint64_t number;
    *put = (struct bucket_put){.bucket = bucket, .fd = -1};
    if (!bucket_key_good(key)) return refuse_key(fault, key);
    memcpy(put->key, key.data, key.size);
    random_bytes(&number, sizeof number);
    (void)snprintf(put->part, sizeof put->part, "%016llx", (unsigned long long)number);
    int parts = enter(bucket->fd, PARTS, true);
    if (parts < 0) return disk_fault(fault, errno, "making a folder for objects being written");
    put->fd = openat(parts, put->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    int error = errno;
    (void)close(parts);
    return put->fd >= 0 ? LEAT_OK : disk_fault(fault, error, "beginning an object");
}

enum leat_code bucket_put_write(struct bucket_put *put, struct leat_slice bytes, struct leat_fault *fault) {
    while (bytes.size > 0) {
        ssize_t done = write(put->fd, bytes.data, bytes.size);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return disk_fault(fault, errno, "writing an object");
        bytes = slice_of(bytes.data + done, bytes.size - (size_t)done);
    }
    return LEAT_OK;
}

static int place(struct bucket_put *put) {
    char last[NAME_MAX + 1];
    int folder = walk(put->bucket, slice_text(put->key), true, last);
    if (folder < 0) return errno;
    int parts = enter(put->bucket->fd, PARTS, true), error = 0;
    if (parts < 0 || renameat(parts, put->part, folder, last) != 0 || fsync(folder) != 0) error = errno;
    if (parts >= 0) (void)close(parts);
    (void)close(folder);
    return error;
}

enum leat_code bucket_put_commit(struct bucket_put *put, struct leat_fault *fault) {
    if (fsync(put->fd) != 0) return disk_fault(fault, errno, "syncing an object");
    int error = place(put);
    if (error != 0) return disk_fault(fault, error, "placing an object");
    (void)close(put->fd);
    put->fd = -1;
    return LEAT_OK;
}

void bucket_put_abort(struct bucket_put *put) {
    if (put->fd < 0) return;
    (void)close(put->fd);
    put->fd = -1;
    int parts = enter(put->bucket->fd, PARTS, false);
    if (parts < 0) return;
    (void)unlinkat(parts, put->part, 0);
    (void)close(parts);
}

/* ---- sweeping ---- */

static void sweep_parts(int bucket) {
    int fd = enter(bucket, PARTS, false);
    DIR *parts = fd >= 0 ? fdopendir(fd) : NULL;
    if (parts == NULL) {
        if (fd >= 0) (void)close(fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(parts)) != NULL;)
        if (part_good(slice_text(entry->d_name))) (void)unlinkat(fd, entry->d_name, 0);
    (void)closedir(parts);
    (void)unlinkat(bucket, PARTS, AT_REMOVEDIR);
}

void bucket_sweep(const char *directory) {
    char path[PATH_MAX];
    struct bucket bucket;
    if (snprintf(path, sizeof path, "%s/buckets", directory) >= (int)sizeof path) return;
    DIR *buckets = opendir(path);
    if (buckets == NULL) return;
    for (struct dirent *entry; (entry = readdir(buckets)) != NULL;) {
        if (bucket_open(directory, slice_text(entry->d_name), &bucket, NULL) != LEAT_OK) continue;
        sweep_parts(bucket.fd);
        bucket_close(&bucket);
    }
    (void)closedir(buckets);
}
