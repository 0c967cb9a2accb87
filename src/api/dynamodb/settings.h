/* A table's settings: what clients set and read back and the library only keeps (leat_table.settings). They are an item
 * whose entries are replaced as a whole:
 *
 *   tags                     M: key -> S
 *   class, class_changed     S; N, ms: of the last change, missing when it is as the table was made
 *   encryption               M: key S, an ARN
 *   warm, on_demand          M: read N, write N; each may be missing
 *   insights                 M: enabled N, mode S, created N ms, changed N ms
 *   policy                   M: document S, revision S, ms
 *   restore                  M: backup S, table S (ARNs), time N ms: what the table was made from
 *   backup                   M: of a backup's own table: what AWS shows of it, and its source (backup_record.c)
 *
 * An index has entries of its own, "warm/INDEX"; so has a stream, "policy/LABEL". A deleted index's go with it.
 * docs/FORMAT.md has the list too. */
#ifndef API_DYNAMODB_SETTINGS_H
#define API_DYNAMODB_SETTINGS_H

#include "api/api.h"
#include "item/member.h"

/* The entry's name: kind, or kind/of when `of` is present. In the arena. */
struct leat_slice settings_name(struct arena *arena, const char *kind, struct leat_slice of);
/* What stands in the entry: an M's or S's payload, borrowed from the table; absent when there is none. */
struct leat_slice settings_entry(const struct leat_table *table, struct leat_slice name);

/* Changes under way. Values live in the call's arena. */
struct settings_edit {
    struct api_call *call;
    const struct leat_table *table; /* as it is now; its settings are absent while it is being created */
    struct leat_table_change *change; /* of UpdateTable: further changes may be added to it; NULL when the table is being created */
    bool always;                    /* the change is carried out even when no entry changes */
    struct settings_new *entries;
};

/* Makes `value` (whole, with its type) the entry; absent: there is none any more. The newest word counts. */
enum leat_code settings_set(struct settings_edit *edit, struct leat_slice name, struct leat_slice value) LEAT_MUST_USE;
enum leat_code settings_set_text(struct settings_edit *edit, struct leat_slice name, struct leat_slice text) LEAT_MUST_USE;
enum leat_code settings_set_int(struct settings_edit *edit, struct leat_slice name, int64_t value) LEAT_MUST_USE;
/* The same in pieces: an M is begun in `out`, members are appended by the caller, settings_end sets the entry. */
size_t settings_begin(struct settings_edit *edit, struct buf *out);
enum leat_code settings_end(struct settings_edit *edit, struct leat_slice name, struct buf *out, size_t mark) LEAT_MUST_USE;
/* Removes every entry of this index. */
enum leat_code settings_forget(struct settings_edit *edit, struct leat_slice index) LEAT_MUST_USE;

/* The settings after the edit, in the arena. */
enum leat_code settings_build(const struct settings_edit *edit, struct leat_slice *out) LEAT_MUST_USE;

/* Looks at the table, lets `edit_with` say what changes, and stores that: nobody else's change is lost, `edit_with` is called again when
 * there was one. When nothing changes nothing is written. *out: the table afterwards, to be freed also after a fault. */
typedef enum leat_code (*settings_edit_fn)(struct settings_edit *edit, void *context);
enum leat_code settings_update(struct api_call *call, struct leat_table_change *change, settings_edit_fn edit_with, void *context,
                               struct leat_description *out) LEAT_MUST_USE;

#endif
