/* Has anything below a directory changed? For code that is used in place: asked before each invocation, so it must cost one system
 * call. An inotify descriptor is read directly, which sees every change made before the question (an event loop might run the
 * question first). Work loop only. */
#ifndef FUNCTION_WATCH_H
#define FUNCTION_WATCH_H

#include <stdbool.h>

enum { FUNCTION_WATCH_DIRECTORIES_MAX = 1024 };

struct function_watch { int fd; /* -1: watches nothing */ };

void function_watch_init(struct function_watch *watch, const char *directory); /* best effort; complaints go to the log */
void function_watch_fini(struct function_watch *watch);
bool function_watch_changed(struct function_watch *watch); /* since init */

#endif
