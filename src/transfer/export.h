/* What the files of exports share. */
#ifndef TRANSFER_EXPORT_H
#define TRANSFER_EXPORT_H

#include "transfer/bucket.h"
#include "transfer/format.h"
#include "transfer/service.h"
#include "transfer/ledger.h"

/* How far an export is, durably. What has not been answered yet (EXPORT_NEW) is forgotten at the next start. */
enum export_phase {
    EXPORT_NEW = 1, /* the record is there, the copy perhaps */
    EXPORT_COPYING, /* the table as it was is being made, as a reserved table */
    EXPORT_COLLECTING, /* incremental: the keys that were changed; `part` and `after` say how far */
    EXPORT_WRITING, /* files; `segment`, `place`, `file` and `items_done` say which are whole */
    EXPORT_CLEANING, /* it has ended: the copy and the list of files go */
    EXPORT_DONE
};

enum { EXPORT_TABLE_SIZE = 64, EXPORT_FILE_ID_SIZE = 16 };

/* The reserved tables of an export, "leat:export/<id>/...", gone when it is done. An incremental one has all of them, but for
 * EXPORT_FROM when old images are not wanted. */
enum export_table {
    EXPORT_TO,   /* the table as it was in the end; of a full export the only one */
    EXPORT_FROM, /* as it was at the beginning */
    EXPORT_KEYS, /* the keys that were changed between, each with the time of its last change */
    EXPORT_TABLES
};
void export_table_name(struct leat_slice id, enum export_table table, char out[EXPORT_TABLE_SIZE]);
bool export_has_table(const struct transfer_export *record, enum export_table table);
/* The moment that a copy shows, and that the history is read from and to: AWS's period begins in from_ms and ends before to_ms. */
uint64_t export_moment(const struct transfer_export *record, enum export_table table);

#define EXPORT_WRITTEN "leat:written" /* in EXPORT_KEYS: milliseconds */
#define EXPORT_EXISTED "leat:existed" /* ... the item was there at the beginning */

/* A file that is whole: a line of the files manifest. */
struct export_file {
    struct leat_slice kind, id; /* "files/<export>", number */
    struct leat_slice key, md5, etag;
    int64_t item_count;
};
extern const struct record_field export_file_fields[];
struct leat_slice export_files_kind(struct arena *arena, struct leat_slice id);

/* "<prefix>/AWSDynamoDB/<id>/<name>", in the arena; absent: no memory. */
struct leat_slice export_key(struct arena *arena, const struct transfer_export *export, const char *name);

/* An export while it is being worked on: by one thread. */
struct export_run {
    struct transfer_service *service;
    struct transfer_export record;
    struct arena arena;      /* the record's texts, and others as long as the run */
    struct arena step;       /* of one step */
    struct bucket bucket;
    enum transfer_format format;
    uint64_t saved_ms;
    struct leat_fault fault;
};

enum leat_code export_save(struct export_run *run) LEAT_MUST_USE;
enum leat_code export_collect(struct export_run *run) LEAT_MUST_USE; /* export_changes.c */
/* Appends the line of one of EXPORT_KEYS's items; *written: there is one. */
enum leat_code export_write_change(struct export_run *run, struct leat_slice item, struct buf *out, bool *written) LEAT_MUST_USE;
enum leat_code export_write_files(struct export_run *run) LEAT_MUST_USE;     /* export_files.c */
enum leat_code export_write_manifests(struct export_run *run) LEAT_MUST_USE; /* export_manifest.c */

#endif
