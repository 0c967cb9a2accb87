/* Backups. A backup is a reserved table, "leat:backup/<id>/<table>", that is a copy of its source without indexes; its settings hold
 * what AWS shows of it, and the source's description as it was then, of which restores make their tables. The id begins with the time, so
 * that names are in the order of time. */
#ifndef API_DYNAMODB_BACKUP_H
#define API_DYNAMODB_BACKUP_H

#include "api/dynamodb/dynamodb.h"

#define BACKUP_PREFIX SLICE("leat:backup/")
#define BACKUP_SETTING SLICE("backup")
enum { BACKUP_LIFE_DAYS = 35 }; /* of one that a deleted table leaves. Developer Guide, "Point-in-time recovery: before you begin" */

struct backup {
    struct leat_slice id, name; /* "01489602797149-73d8d5bc", BackupName */
    bool system;                /* made when a table with point-in-time recovery was deleted */
    uint64_t created_ms, expires_ms; /* expires 0: never */
    struct leat_table source;   /* as it was described when the backup was made */
    /* of the table that it is: */
    bool creating, copied;
    uint64_t progress_done, progress_total;
};

/* As the setting of the backup's table; and back, borrowing from the settings, arrays in the arena. */
enum leat_code backup_encode(const struct backup *backup, struct buf *out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code backup_decode(const struct leat_table *table, struct arena *arena, struct backup *out,
                             struct leat_fault *fault) LEAT_MUST_USE;

/* Names, in the arena. */
struct leat_slice backup_table_name(struct arena *arena, struct leat_slice id, struct leat_slice table);
struct leat_slice backup_arn(struct arena *arena, const struct backup *backup);

/* The table's name in a backup's ARN, as backup_table_name makes it. The ARN's region does not matter, as at AWS. */
enum leat_code backup_name_of(struct api_call *call, struct leat_slice arn, struct leat_slice *name) LEAT_MUST_USE;
/* Finds a backup by ARN. *held owns what *out borrows; it is to be freed also after a fault. LEAT_BACKUP_NOT_FOUND. */
enum leat_code backup_find(struct api_call *call, struct leat_slice arn, struct leat_description *held, struct backup *out) LEAT_MUST_USE;

/* Begins a backup of `source`, an existing table's description; of a system's one the source is deleted in the same moment. */
enum leat_code backup_begin(struct api_call *call, const struct leat_table *source, struct leat_slice name, bool system,
                            struct backup *out) LEAT_MUST_USE;

/* The table for operations of continuous backups and backups: LEAT_TABLE_NOT_FOUND, also while it is being restored or deleted. */
enum leat_code backup_source(struct api_call *call, struct leat_slice table, struct leat_description *out) LEAT_MUST_USE;
/* While a table is being made its backups are, too: LEAT_CONTINUOUS_BACKUPS_UNAVAILABLE. */
enum leat_code backup_source_ready(const struct leat_table *table, struct leat_fault *fault) LEAT_MUST_USE;

/* ---- answers ---- */

void backup_write_details(struct api_call *call, const struct backup *backup, const char *status); /* members of BackupDetails */
void backup_write_description(struct api_call *call, const struct backup *backup, const char *status); /* an object */
const char *backup_status(const struct backup *backup);
/* "LeatProgress": {"Done": ..., "Total": ...}: items that background work has done, of all. Not AWS's; its SDKs pass over it. */
void backup_write_progress(struct json_writer *json, uint64_t done, uint64_t total);

#endif
