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
    EXPORT_COPYING, /* the table as it was is being made, as the reserved table "leat:export/<id>" */
    EXPORT_WRITING, /* files; `segment`, `place`, `file` and `items_done` say which are whole */
    EXPORT_CLEANING, /* it has ended: the copy and the list of files go */
    EXPORT_DONE
};

enum { EXPORT_TABLE_SIZE = 64, EXPORT_FILE_ID_SIZE = 16 };
void export_table_name(struct leat_slice id, char out[EXPORT_TABLE_SIZE]);

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
enum leat_code export_write_files(struct export_run *run) LEAT_MUST_USE;     /* export_files.c */
enum leat_code export_write_manifests(struct export_run *run) LEAT_MUST_USE; /* export_manifest.c */

#endif
