#include "store/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum { DIRECTORY_MODE = 0700, FILE_MODE = 0600, LOCK_RETRY_MS = 10, LOCK_PATIENCE_MS = 2000 };

static enum leat_code directory_fault(struct leat_fault *fault, const char *doing, const char *path) {
    int error = errno;
    char what[512];
    snprintf(what, sizeof what, "%s %.400s", doing, path);
    return fault_errno(fault, error, what);
}

static enum leat_code directory_path(const char *path, const char *name, char out[PATH_MAX], struct leat_fault *fault) {
    int size = snprintf(out, PATH_MAX, "%s/%s", path, name);
    if (size < 0 || size >= PATH_MAX) return fault_set(fault, LEAT_IO, "the path %.200s... is too long", path);
    return LEAT_OK;
}

/* A directory that has something in it but no format file is somebody else's: it must stay as it is. What an open that was killed
 * half-way leaves behind does not count. */
static enum leat_code directory_check_foreign(const char *path, const char *format_path, struct leat_fault *fault) {
    DIR *listing = opendir(path);
    if (listing == NULL) return directory_fault(fault, "cannot list", path);
    bool foreign = false;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        static const char *const ours[] = {".", "..", "lock", "format", "format.new"};
        bool known = false;
        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) known = known || strcmp(entry->d_name, ours[i]) == 0;
        foreign = foreign || !known;
    }
    closedir(listing);
    if (foreign && access(format_path, F_OK) != 0) {
        return fault_set(fault, LEAT_STORE_FORMAT, "%s is not empty and not a data directory of leat", path);
    }
    return LEAT_OK;
}

static long directory_holder(int lock_fd) {
    char text[32] = "";
    ssize_t size = pread(lock_fd, text, sizeof text - 1, 0);
    return size > 0 ? strtol(text, NULL, 10) : 0;
}

/* A holder that was killed while it started a process may have left the lock to that one, until it executes its program. */
static bool directory_try_lock(int fd) {
    for (int waited_ms = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited_ms += LOCK_RETRY_MS) {
        if (errno != EWOULDBLOCK) return false;
        long pid = directory_holder(fd);
        bool gone = pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
        if (!gone || waited_ms >= LOCK_PATIENCE_MS) {
            errno = EWOULDBLOCK;
            return false;
        }
        (void)usleep(LOCK_RETRY_MS * 1000);
    }
    return true;
}

static enum leat_code directory_in_use(const char *path, int lock_fd, struct leat_fault *fault) {
    long pid = directory_holder(lock_fd);
    if (pid <= 0) return fault_set(fault, LEAT_STORE_LOCKED, "%s is in use by another process", path);
    return fault_set(fault, LEAT_STORE_LOCKED, "%s is in use by process %ld", path, pid);
}

static enum leat_code directory_lock(const char *path, int *out, struct leat_fault *fault) {
    char lock_path[PATH_MAX], pid[32];
    TRY(directory_path(path, "lock", lock_path, fault));
    int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (fd < 0) return directory_fault(fault, "cannot open", lock_path);
    enum leat_code code = LEAT_OK;
    int size = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (!directory_try_lock(fd)) {
        code = errno == EWOULDBLOCK ? directory_in_use(path, fd, fault) : directory_fault(fault, "cannot lock", lock_path);
    } else if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)size, 0) < 0) {
        /* the pid is only for the other's message: on a full disk the lock holds without it */
        code = errno == ENOSPC || errno == EDQUOT ? LEAT_OK : directory_fault(fault, "cannot write", lock_path);
    }
    if (code == LEAT_OK) *out = fd;
    else close(fd);
    return code;
}

/* *out: 0 when there is no format file yet. */
static enum leat_code directory_read_format(const char *path, const char *format_path, unsigned long *out,
                                            struct leat_fault *fault) {
    char text[64];
    int fd = open(format_path, O_RDONLY | O_CLOEXEC);
    *out = 0;
    if (fd < 0) return errno == ENOENT ? LEAT_OK : directory_fault(fault, "cannot open", format_path);
    ssize_t size = read(fd, text, sizeof text - 1);
    int error = errno;
    close(fd);
    errno = error;
    if (size < 0) return directory_fault(fault, "cannot read", format_path);
    text[size] = 0;
    char *end = text;
    unsigned long number = strncmp(text, "leat ", 5) == 0 && text[5] >= '1' && text[5] <= '9' ? strtoul(text + 5, &end, 10) : 0;
    if (number == 0 || strcmp(end, "\n") != 0) {
        return fault_set(fault, LEAT_STORE_FORMAT, "%s is not a format file of leat", format_path);
    }
    if (number > STORE_FORMAT) {
        return fault_set(fault, LEAT_STORE_FORMAT, "%s has format %lu, this leat knows up to %d", path, number, STORE_FORMAT);
    }
    *out = number;
    return LEAT_OK;
}

/* Under another name first: a format file is there whole or not at all. */
static enum leat_code directory_write_format(const char *path, const char *format_path, struct leat_fault *fault) {
    char new_path[PATH_MAX], text[32];
    TRY(directory_path(path, "format.new", new_path, fault));
    int size = snprintf(text, sizeof text, "leat %d\n", STORE_FORMAT);
    int fd = open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
    if (fd < 0) return directory_fault(fault, "cannot make", new_path);
    ssize_t written = write(fd, text, (size_t)size);
    if (written >= 0 && written != size) errno = ENOSPC;
    bool good = written == size && fsync(fd) == 0;
    int error = errno;
    close(fd);
    errno = error;
    if (!good) return directory_fault(fault, "cannot write", new_path);
    if (rename(new_path, format_path) != 0) return directory_fault(fault, "cannot make", format_path);
    errno = file_sync_directory(path);
    return errno == 0 ? LEAT_OK : directory_fault(fault, "cannot sync", path);
}

/* What an older program has written is read as it is; from here on that program may not touch it any more. */
static enum leat_code directory_format(const char *path, const char *format_path, struct leat_fault *fault) {
    unsigned long number;
    TRY(directory_read_format(path, format_path, &number, fault));
    return number == STORE_FORMAT ? LEAT_OK : directory_write_format(path, format_path, fault);
}

enum leat_code store_directory_open(const char *path, struct store_directory *out, struct leat_fault *fault) {
    char format_path[PATH_MAX];
    out->lock_fd = -1;
    TRY(directory_path(path, "format", format_path, fault));
    bool made = mkdir(path, DIRECTORY_MODE) == 0;
    if (!made && errno != EEXIST) return directory_fault(fault, "cannot make", path);
    if (made && (errno = file_sync_parent(path)) != 0) return directory_fault(fault, "cannot sync the parent of", path);
    TRY(directory_check_foreign(path, format_path, fault));
    TRY(directory_lock(path, &out->lock_fd, fault));
    enum leat_code code = directory_format(path, format_path, fault);
    if (code != LEAT_OK) store_directory_close(out);
    return code;
}

void store_directory_close(struct store_directory *directory) {
    if (directory->lock_fd >= 0) close(directory->lock_fd);
    directory->lock_fd = -1;
}
