#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

int file_sync_directory(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno;
    int error = fsync(fd) == 0 ? 0 : errno;
    (void)close(fd);
    return error;
}

int file_sync_parent(const char *path) {
    char copy[PATH_MAX];
    int size = snprintf(copy, sizeof copy, "%s", path);
    if (size < 0 || size >= PATH_MAX) return ENAMETOOLONG;
    return file_sync_directory(dirname(copy));
}
