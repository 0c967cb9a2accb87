#include "disk.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static _Atomic unsigned long calls, fail_at, failures;
static _Atomic int failure_kind;
static _Atomic bool failure_lasts;

void disk_fail(unsigned long nth, enum disk_failure failure, bool lasting) {
    atomic_store(&failure_kind, failure);
    atomic_store(&failure_lasts, lasting);
    atomic_store(&calls, 0);
    atomic_store(&failures, 0);
    atomic_store(&fail_at, nth);
}

unsigned long disk_failures(void) { return atomic_load(&failures); }

static bool disk_fails(void) {
    unsigned long at = atomic_load(&fail_at), number = atomic_fetch_add(&calls, 1) + 1;
    if (at == 0 || number < at || (number > at && !atomic_load(&failure_lasts))) return false;
    atomic_fetch_add(&failures, 1);
    errno = atomic_load(&failure_kind) == DISK_ENOSPC ? ENOSPC : EIO;
    return true;
}

static bool disk_shortens(size_t size) { return atomic_load(&failure_kind) == DISK_SHORT && size > 1; }

/* seen by the libraries that the program loads, in place of the C library's */
#pragma GCC visibility push(default)

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) {
    if (disk_fails()) {
        if (!disk_shortens(size)) return -1;
        size /= 2;
    }
    return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

ssize_t writev(int fd, const struct iovec *pieces, int count) {
    if (disk_fails()) {
        if (!disk_shortens(pieces[0].iov_len)) return -1;
        return syscall(SYS_write, fd, pieces[0].iov_base, pieces[0].iov_len / 2);
    }
    return syscall(SYS_writev, fd, pieces, count);
}

int fdatasync(int fd) {
    if (disk_fails()) return -1;
    return (int)syscall(SYS_fdatasync, fd);
}

#pragma GCC visibility pop
