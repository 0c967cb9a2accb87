/* The bytes of a file, decompressed as they are read. One thread. */
#ifndef TRANSFER_INFLOW_H
#define TRANSFER_INFLOW_H

#include "base/fault.h"

enum inflow_kind { INFLOW_NONE, INFLOW_GZIP, INFLOW_ZSTD };

struct inflow;

/* Takes fd, also when it fails. Several members or frames one behind the other are one text; an empty file is an empty text. */
enum leat_code inflow_new(int fd, enum inflow_kind kind, struct inflow **out, struct leat_fault *fault) LEAT_MUST_USE;
void inflow_free(struct inflow *inflow);

/* Fills `room` as far as it goes at once; *got 0: the end. LEAT_SERIALIZATION: corrupted, cut off, or not compressed this way. */
enum leat_code inflow_read(struct inflow *inflow, void *out, size_t room, size_t *got, struct leat_fault *fault) LEAT_MUST_USE;

#endif
