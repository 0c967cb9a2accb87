#include "function/watch.h"

#include <errno.h>
#include <ftw.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/log.h"

enum {
    WATCH_EVENTS = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF |
                   IN_ATTRIB | IN_ONLYDIR
};

/* What interpreters, editors and version control write beside the code. */
static bool name_ignored(const char *name) {
    size_t size = strlen(name);
    return name[0] == '.' || strcmp(name, "__pycache__") == 0 || (size > 0 && name[size - 1] == '~') ||
           (size > 4 && strcmp(name + size - 4, ".pyc") == 0);
}

/* nftw passes no context: the walk is the work loop's alone */
static int walk_fd;
static unsigned walk_left;

static int watch_one(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status;
    if (type != FTW_D) return FTW_CONTINUE;
    const char *name = path + walk->base;
    if (walk->level > 0 && name_ignored(name)) return FTW_SKIP_SUBTREE;
    if (walk_left-- == 0) return FTW_STOP;
    if (inotify_add_watch(walk_fd, path, WATCH_EVENTS) < 0) return FTW_STOP;
    /* packages are replaced as whole folders: that shows in the folder of packages itself */
    return walk->level > 0 && strcmp(name, "node_modules") == 0 ? FTW_SKIP_SUBTREE : FTW_CONTINUE;
}

void function_watch_init(struct function_watch *watch, const char *directory) {
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd < 0) {
        log_warning("changes below %s will not be noticed: %s", directory, strerror(errno));
        return;
    }
    walk_fd = watch->fd;
    walk_left = FUNCTION_WATCH_DIRECTORIES_MAX;
    if (nftw(directory, watch_one, 32, FTW_PHYS | FTW_ACTIONRETVAL) == FTW_STOP)
        log_warning("not all changes below %s will be noticed: %s", directory,
                    walk_left == UINT32_MAX ? "too many directories" : strerror(errno));
}

void function_watch_fini(struct function_watch *watch) {
    if (watch->fd >= 0) (void)close(watch->fd);
    watch->fd = -1;
}

bool function_watch_changed(struct function_watch *watch) {
    if (watch->fd < 0) return false;
    _Alignas(struct inotify_event) char events[16384];
    bool changed = false;
    ssize_t size;
    while ((size = read(watch->fd, events, sizeof events)) > 0) {
        for (char *at = events; at < events + size;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)at;
            if (event->len == 0 || !name_ignored(event->name)) changed = true;
            at += sizeof *event + event->len;
        }
    }
    return changed;
}
