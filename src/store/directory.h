/* The data directory: made when missing, held by one process at a time, marked with its format number.
 *   DIR/lock    held with flock by the process that has it open; holds its pid as text
 *   DIR/format  "leat <number>\n" */
#ifndef STORE_DIRECTORY_H
#define STORE_DIRECTORY_H

#include "base/fault.h"

enum { STORE_FORMAT = 2 };

struct store_directory { int lock_fd; };

/* Makes the directory if it is missing (not its parents), locks it, checks or writes the format. LEAT_STORE_LOCKED
 * ("... is in use by process 123"), LEAT_STORE_FORMAT ("... has format 7, this leat knows up to 1"; also for a non-empty directory that
 * is not leat's), LEAT_IO. */
enum leat_code store_directory_open(const char *path, struct store_directory *out, struct leat_fault *fault) LEAT_MUST_USE;
void store_directory_close(struct store_directory *directory);

#endif
