/* What the files of imports share. */
#ifndef TRANSFER_IMPORT_H
#define TRANSFER_IMPORT_H

#include "transfer/bucket.h"
#include "transfer/loader.h"
#include "transfer/reader.h"
#include "transfer/service.h"
#include "transfer/ledger.h"

/* How far an import is, durably. What has not been answered yet (IMPORT_NEW) is undone at the next start. */
enum import_phase {
    IMPORT_NEW = 1, /* the record is there, the table perhaps */
    IMPORT_LOADING, /* `object`, `offset` and the counts say what has been read and written */
    IMPORT_ENDING,  /* everything is written: the table is opened */
    IMPORT_DONE
};

/* An import while it is being worked on: by one thread. */
struct import_run {
    struct transfer_service *service;
    struct transfer_import record;
    struct arena arena;
    struct bucket bucket;
    struct leat_description table;
    struct reader_options options;
    struct loader *loader;
    uint64_t written_before; /* of loader_written, at the last save */
    uint64_t saved_ms;
    int log; /* descriptor of the log of errors; -1: none yet */
    uint64_t logged;
    struct leat_fault fault;
};

/* Counts one error, and logs it as AWS does: a line of JSON with the place of the item. index: of the item in its object. */
void import_refuse(struct import_run *run, uint64_t index, const char *words);
void import_log_open(struct import_run *run); /* at the length that the record knows: what came later is logged again */
enum leat_code import_log_sync(struct import_run *run) LEAT_MUST_USE;
void import_log_close(struct import_run *run);

/* Deletes the table that an import has made: the one with its id, or, when that is not known yet, one that is loading.
 * LEAT_RESOURCE_IN_USE: not yet. */
enum leat_code import_drop_table(struct transfer_service *service, const struct transfer_import *record,
                                 struct leat_fault *fault) LEAT_MUST_USE;

#endif
