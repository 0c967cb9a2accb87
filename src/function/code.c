#include "function/code.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "base/file.h"
#include "base/encode.h"
#include "base/slice.h"

enum { SYNC_EACH_MAX = 100 /* files */, ARCHIVE_PATH_SIZE = 4400, READ_BYTES = 1 << 16 };

static bool archive_path(const char *directory, char out[ARCHIVE_PATH_SIZE]) {
    return snprintf(out, ARCHIVE_PATH_SIZE, "%s.zip", directory) < ARCHIVE_PATH_SIZE;
}

/* AWS's answer to every archive it cannot read. */
static enum leat_code bad_zip(struct leat_fault *fault, const char *why, const char *entry) {
    return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE,
                     "Could not unzip uploaded file. Please check your file, then try to upload again. (%s%s%.200s)", why,
                     entry[0] != 0 ? ": " : "", entry);
}

static enum leat_code too_large(struct leat_fault *fault) {
    return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "Unzipped size must be smaller than %d bytes",
                     FUNCTION_UNZIPPED_BYTES_MAX);
}

/* Relative, of plain parts only: no "..", no ".", no empty ones, no backslash (a separator to some packers). */
static bool path_is_plain(const char *path) {
    size_t size = strlen(path);
    if (size == 0 || size > FUNCTION_PATH_BYTES_MAX || path[0] == '/' || strchr(path, '\\') != NULL) return false;
    for (const char *part = path; *part != 0;) {
        size_t length = strcspn(part, "/");
        if (length == 0 || (length == 1 && part[0] == '.') || (length == 2 && part[0] == '.' && part[1] == '.')) return false;
        part += length;
        if (*part == '/') part++;
    }
    return true;
}

struct unpack {
    zip_t *zip;
    int root;           /* the directory that everything goes below */
    uint64_t unpacked;  /* bytes so far */
    bool sync_each;     /* few files: each is synced, which spares the rest of the file system */
    struct leat_fault *fault;
};

/* Makes the directories that lead to the last part of the path. */
static enum leat_code make_parents(struct unpack *unpack, const char *path) {
    char parent[FUNCTION_PATH_BYTES_MAX + 1];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        size_t size = (size_t)(slash - path);
        memcpy(parent, path, size);
        parent[size] = 0;
        if (mkdirat(unpack->root, parent, 0755) != 0 && errno != EEXIST)
            return fault_errno(unpack->fault, errno, "cannot unpack the function's code");
    }
    return LEAT_OK;
}

static enum leat_code write_all(int fd, const uint8_t *data, size_t size, struct leat_fault *fault) {
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return fault_errno(fault, errno, "cannot unpack the function's code");
        data += written;
        size -= (size_t)written;
    }
    return LEAT_OK;
}

/* The sizes that an archive states are not believed: what comes out is counted. */
static enum leat_code copy_entry(struct unpack *unpack, zip_file_t *from, int to, const char *name) {
    uint8_t piece[32768];
    for (;;) {
        zip_int64_t got = zip_fread(from, piece, sizeof piece);
        if (got < 0) return bad_zip(unpack->fault, "damaged entry", name);
        if (got == 0) return LEAT_OK;
        unpack->unpacked += (uint64_t)got;
        if (unpack->unpacked > FUNCTION_UNZIPPED_BYTES_MAX) return too_large(unpack->fault);
        TRY(write_all(to, piece, (size_t)got, unpack->fault));
    }
}

/* The Unix mode of an entry, 0 when the packer gave none. */
static mode_t entry_mode(zip_t *zip, zip_uint64_t index) {
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    if (zip_file_get_external_attributes(zip, index, 0, &system, &attributes) != 0) return 0;
    return system == ZIP_OPSYS_UNIX || system == ZIP_OPSYS_OS_X ? (mode_t)(attributes >> 16) : 0;
}

static enum leat_code unpack_file(struct unpack *unpack, zip_uint64_t index, const char *name, mode_t mode) {
    zip_file_t *from = zip_fopen_index(unpack->zip, index, 0);
    if (from == NULL) return bad_zip(unpack->fault, "unreadable entry", name);
    /* the owner must be able to read what it packed; of the rest only the exec bits matter */
    mode_t permissions = 0644 | (mode & 0111);
    int to = openat(unpack->root, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, permissions);
    enum leat_code code = LEAT_OK;
    if (to < 0 && (errno == EISDIR || errno == ENOTDIR)) code = bad_zip(unpack->fault, "a file and a directory in one place", name);
    else if (to < 0) code = fault_errno(unpack->fault, errno, "cannot unpack the function's code");
    if (code == LEAT_OK) code = copy_entry(unpack, from, to, name);
    if (code == LEAT_OK && unpack->sync_each && fsync(to) != 0)
        code = fault_errno(unpack->fault, errno, "cannot sync the function's code");
    if (to >= 0 && close(to) != 0 && code == LEAT_OK)
        code = fault_errno(unpack->fault, errno, "cannot unpack the function's code");
    (void)zip_fclose(from);
    return code;
}

static enum leat_code unpack_entry(struct unpack *unpack, zip_uint64_t index) {
    zip_stat_t entry;
    if (zip_stat_index(unpack->zip, index, 0, &entry) != 0 || (entry.valid & ZIP_STAT_NAME) == 0)
        return bad_zip(unpack->fault, "unreadable entry", "");
    if (!path_is_plain(entry.name)) return bad_zip(unpack->fault, "path leaves the archive", entry.name);
    if ((entry.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && entry.encryption_method != ZIP_EM_NONE)
        return bad_zip(unpack->fault, "encrypted entry", entry.name);
    mode_t mode = entry_mode(unpack->zip, index);
    mode_t type = mode & S_IFMT;
    if (type != 0 && type != S_IFREG && type != S_IFDIR)
        return bad_zip(unpack->fault, "symbolic links and special files are not unpacked", entry.name);
    TRY(make_parents(unpack, entry.name));
    if (entry.name[strlen(entry.name) - 1] == '/') return LEAT_OK; /* a directory, made with the parents */
    return unpack_file(unpack, index, entry.name, mode);
}

static enum leat_code unpack_all(struct unpack *unpack) {
    zip_int64_t count = zip_get_num_entries(unpack->zip, 0);
    if (count <= 0) return bad_zip(unpack->fault, "empty archive", "");
    if (count > FUNCTION_ZIP_ENTRIES_MAX) return bad_zip(unpack->fault, "too many entries", "");
    /* the configuration that names this code is committed durably: the files must not be lost behind it */
    unpack->sync_each = count <= SYNC_EACH_MAX;
    for (zip_int64_t i = 0; i < count; i++) TRY(unpack_entry(unpack, (zip_uint64_t)i));
    int synced = unpack->sync_each ? fsync(unpack->root) : syncfs(unpack->root);
    return synced == 0 ? LEAT_OK : fault_errno(unpack->fault, errno, "cannot sync the function's code");
}

enum leat_code function_code_unpack(const char *directory, struct leat_slice zip, struct leat_fault *fault) {
    if (zip.size > FUNCTION_ZIP_BYTES_MAX)
        return fault_set(fault, LEAT_REQUEST_TOO_LARGE, "Zipped size must be smaller than %d bytes", FUNCTION_ZIP_BYTES_MAX);
    int root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return fault_errno(fault, errno, "cannot unpack the function's code");
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(zip.data, zip.size, 0, &error);
    zip_t *archive = source == NULL ? NULL : zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
    enum leat_code code;
    if (archive == NULL) {
        code = bad_zip(fault, "not a zip archive", "");
        if (source != NULL) zip_source_free(source);
    } else {
        struct unpack unpack = {.zip = archive, .root = root, .fault = fault};
        code = unpack_all(&unpack);
        zip_discard(archive);
    }
    zip_error_fini(&error);
    (void)close(root);
    return code;
}

struct leat_slice function_code_sha256(struct arena *arena, struct leat_slice bytes) {
    uint8_t digest[SHA256_DIGEST_LENGTH];
    (void)SHA256(bytes.data, bytes.size, digest);
    struct buf text;
    buf_init(&text, 64);
    base64_encode(&text, slice_of(digest, sizeof digest));
    struct leat_slice copy = buf_ok(&text) ? arena_copy(arena, buf_view(&text)) : (struct leat_slice){NULL, 0};
    buf_fini(&text);
    return copy;
}

enum leat_code function_code_check_directory(struct leat_slice path, struct leat_fault *fault) {
    char text[4096];
    struct stat status;
    if (path.size == 0 || path.size >= sizeof text || path.data[0] != '/' || memchr(path.data, 0, path.size) != NULL)
        return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "A code directory must be an absolute path.");
    memcpy(text, path.data, path.size);
    text[path.size] = 0;
    if (stat(text, &status) != 0 || !S_ISDIR(status.st_mode))
        return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "The code directory %.512s does not exist.", text);
    return LEAT_OK;
}

enum leat_code function_code_make_directory(const char *path, struct leat_fault *fault) {
    char *copy = strdup(path);
    if (copy == NULL) return fault_memory(fault);
    enum leat_code code = LEAT_OK;
    for (char *at = copy + 1; code == LEAT_OK; at++) {
        if (*at != '/' && *at != 0) continue;
        char held = *at;
        *at = 0;
        int error = mkdir(copy, 0755) == 0 ? file_sync_parent(copy) : errno;
        if (error != 0 && error != EEXIST) code = fault_errno(fault, error, "cannot make a directory for functions");
        *at = held;
        if (held == 0) break;
    }
    free(copy);
    return code;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status, (void)type, (void)walk;
    (void)remove(path);
    return 0;
}

void function_code_remove(const char *path) {
    char archive[ARCHIVE_PATH_SIZE];
    (void)nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS);
    if (archive_path(path, archive)) (void)unlink(archive);
}

/* ---- the archive ---- */

static enum leat_code write_whole(int file, struct leat_slice bytes, struct leat_fault *fault) {
    while (bytes.size > 0) {
        ssize_t size = write(file, bytes.data, bytes.size);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return fault_errno(fault, errno, "cannot keep the function's archive");
        bytes = slice_of(bytes.data + size, bytes.size - (size_t)size);
    }
    return fsync(file) == 0 ? LEAT_OK : fault_errno(fault, errno, "cannot keep the function's archive");
}

enum leat_code function_code_keep(const char *directory, struct leat_slice zip, struct leat_fault *fault) {
    char path[ARCHIVE_PATH_SIZE];
    if (!archive_path(directory, path)) return fault_errno(fault, ENAMETOOLONG, "cannot keep the function's archive");
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) return fault_errno(fault, errno, "cannot keep the function's archive");
    enum leat_code code = write_whole(file, zip, fault);
    (void)close(file);
    return code;
}

enum leat_code function_code_kept(const char *directory, struct buf *out, struct leat_fault *fault) {
    char path[ARCHIVE_PATH_SIZE];
    int file = archive_path(directory, path) ? open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (file < 0) return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "The function's archive has not been kept.");
    ssize_t size = 1;
    while (size > 0 && buf_reserve(out, READ_BYTES)) {
        size = read(file, out->data + out->size, READ_BYTES);
        if (size > 0) out->size += (size_t)size;
        if (size < 0 && errno == EINTR) size = 1;
    }
    int error = errno;
    (void)close(file);
    if (!buf_ok(out)) return fault_memory(fault);
    return size == 0 ? LEAT_OK : fault_errno(fault, error, "cannot read the function's archive");
}
