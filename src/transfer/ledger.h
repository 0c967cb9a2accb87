/* The reserved tables of exports and imports: records by kind and id. Any thread; blocks for a commit.
 *
 *   table          kind              id
 *   leat:exports   "export"          of the export       struct transfer_export
 *                  "files/<id>"      number of the file  struct export_file: a file that is whole
 *                  "token"           a client token      struct ledger_token
 *   leat:imports   "import"          of the import       struct transfer_import
 *                  "token"           a client token      struct ledger_token */
#ifndef TRANSFER_LEDGER_H
#define TRANSFER_LEDGER_H

#include "leat.h"
#include "transfer/record.h"

#define LEDGER_EXPORTS "leat:exports"
#define LEDGER_IMPORTS "leat:imports"

struct ledger_token {
    struct leat_slice kind, id;
    struct leat_slice job;     /* the id of what it started */
    struct leat_slice request; /* SHA-256 of what was asked for, hexadecimal */
};
extern const struct record_field ledger_export_fields[], ledger_import_fields[], ledger_token_fields[];

enum leat_code ledger_open(struct leat *db, struct leat_fault *fault) LEAT_MUST_USE; /* makes the tables when missing */

struct ledger_record {
    const struct record_field *fields;
    const void *record;
};
/* One, or several in one transaction. */
enum leat_code ledger_put(struct leat *db, const char *table, const struct ledger_record *records, size_t count,
                         struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code ledger_delete(struct leat *db, const char *table, struct leat_slice kind, struct leat_slice id,
                            struct leat_fault *fault) LEAT_MUST_USE;
/* LEAT_RESOURCE_NOT_FOUND: there is none. Texts are in the arena. */
enum leat_code ledger_get(struct leat *db, const char *table, struct leat_slice kind, struct leat_slice id, struct arena *arena,
                         const struct record_field *fields, void *record, struct leat_fault *fault) LEAT_MUST_USE;

/* Hands over the items of a kind, in order of id behind `after` (absent: all), or backward, until there are no more or `each` answers false
 * or fails. */
typedef enum leat_code (*ledger_each)(void *context, struct leat_slice item, bool *go_on, struct leat_fault *fault);
struct ledger_walk {
    const char *table;
    struct leat_slice kind, after;
    bool backward;
    ledger_each each;
    void *context;
};
enum leat_code ledger_walk(struct leat *db, const struct ledger_walk *walk, struct leat_fault *fault) LEAT_MUST_USE;

#endif
