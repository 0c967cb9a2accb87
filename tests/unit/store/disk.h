/* A disk that fails on request: stands between this program, its libraries included, and the kernel's pwrite, writev and fdatasync. */
#ifndef TESTS_STORE_DISK_H
#define TESTS_STORE_DISK_H

#include <stdbool.h>

enum disk_failure { DISK_EIO, DISK_ENOSPC, DISK_SHORT /* a write does half of what it should; fdatasync EIO */ };

/* From now on the nth call (1: the next) fails, and with `lasting` all after it; 0: none does. */
void disk_fail(unsigned long nth, enum disk_failure failure, bool lasting);
unsigned long disk_failures(void); /* calls that have failed since */

#endif
