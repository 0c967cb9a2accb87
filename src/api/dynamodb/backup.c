#include "api/dynamodb/backup.h"

#include <inttypes.h>

#include "api/dynamodb/restore.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/slice.h"

enum { SETTINGS_BYTES_MAX = 1024 * 1024, IDS_TRIED_MAX = 8, DAY_MS = 24 * 60 * 60 * 1000 };

/* ---- names ---- */

struct leat_slice backup_table_name(struct arena *arena, struct leat_slice id, struct leat_slice table) {
    return arena_print(arena, "%.*s%.*s/%.*s", SLICE_FORMAT(BACKUP_PREFIX), SLICE_FORMAT(id), SLICE_FORMAT(table));
}

struct leat_slice backup_arn(struct arena *arena, const struct backup *backup) {
    return arena_print(arena, "%.*s/backup/%.*s", SLICE_FORMAT(backup->source.arn), SLICE_FORMAT(backup->id));
}

/* Cuts text at the first `end`: what is before it; *rest: what is behind it, absent when there is none. */
static struct leat_slice cut(struct leat_slice *rest, uint8_t end) {
    struct leat_slice text = *rest;
    const uint8_t *at = text.size == 0 ? NULL : memchr(text.data, end, text.size);
    *rest = (struct leat_slice){NULL, 0};
    if (at == NULL) return text;
    *rest = slice_of(at + 1, text.size - (size_t)(at - text.data) - 1);
    return slice_of(text.data, (size_t)(at - text.data));
}

/* arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE/backup/ID */
enum leat_code backup_name_of(struct api_call *call, struct leat_slice arn, struct leat_slice *name) {
    struct leat_slice rest = arn;
    struct leat_slice scheme = cut(&rest, ':'), partition = cut(&rest, ':'), service = cut(&rest, ':');
    struct leat_slice region = cut(&rest, ':'), account = cut(&rest, ':');
    struct leat_slice kind = cut(&rest, '/'), table = cut(&rest, '/'), what = cut(&rest, '/'), id = rest;
    if (!slice_is(scheme, "arn") || !slice_is(kind, "table") || !slice_is(what, "backup") || table.size == 0 || id.size == 0)
        return fault_set(&call->fault, LEAT_VALIDATION, "Invalid Backup ARN");
    if (!slice_starts(partition, SLICE("aws")) || !slice_is(service, "dynamodb"))
        return fault_set(&call->fault, LEAT_VALIDATION, "Invalid Request: BackupArn is not valid");
    if (region.size == 0 || !slice_is(account, call->server->account))
        return fault_set(&call->fault, LEAT_ACCESS_DENIED, "Access is denied");
    *name = backup_table_name(call->arena, id, table);
    return name->data == NULL ? fault_memory(&call->fault) : LEAT_OK;
}

enum leat_code backup_find(struct api_call *call, struct leat_slice arn, struct leat_description *held, struct backup *out) {
    struct leat_slice name;
    *held = (struct leat_description){.memory = NULL};
    TRY(backup_name_of(call, arn, &name));
    enum leat_code code = leat_table_describe(call->server->db, name, held, &call->fault);
    if (code == LEAT_RESOURCE_NOT_FOUND)
        return fault_set(&call->fault, LEAT_BACKUP_NOT_FOUND, "Backup not found: %.*s", SLICE_FORMAT(arn));
    return code == LEAT_OK ? backup_decode(&held->table, call->arena, out, &call->fault) : code;
}

/* ---- sources ---- */

static struct leat_slice plain_name(struct leat_slice name_or_arn) {
    struct leat_slice rest = name_or_arn;
    if (!slice_starts(name_or_arn, SLICE("arn:"))) return name_or_arn;
    (void)cut(&rest, '/');
    return rest.data == NULL ? name_or_arn : cut(&rest, '/');
}

enum leat_code backup_source(struct api_call *call, struct leat_slice table, struct leat_description *out) {
    enum leat_code code = leat_table_describe(call->server->db, table, out, &call->fault);
    if (code == LEAT_OK && out->table.status != LEAT_DELETING && !restore_is_under_way(&out->table)) return code;
    if (code != LEAT_OK && code != LEAT_RESOURCE_NOT_FOUND) return code;
    return fault_set(&call->fault, LEAT_TABLE_NOT_FOUND, "Table not found: %.*s", SLICE_FORMAT(plain_name(table)));
}

enum leat_code backup_source_ready(const struct leat_table *table, struct leat_fault *fault) {
    if (table->status != LEAT_CREATING) return LEAT_OK;
    return fault_set(fault, LEAT_CONTINUOUS_BACKUPS_UNAVAILABLE,
                     "Backups are being enabled for the table: %.*s. Please retry later", SLICE_FORMAT(table->name));
}

/* ---- beginning ---- */

/* The time, then 8 digits that tell apart what begins in the same millisecond; none of a system's, of which a table has one. */
static enum leat_code choose_id(struct api_call *call, struct backup *backup) {
    uint32_t tail = 0;
    if (!backup->system) random_bytes(&tail, sizeof tail);
    backup->id = arena_print(call->arena, "%014" PRIu64 "-%08" PRIx32, backup->created_ms, tail);
    return backup->id.data == NULL ? fault_memory(&call->fault) : LEAT_OK;
}

static enum leat_code begin_copy(struct api_call *call, const struct backup *backup) {
    const struct leat_table *source = &backup->source;
    struct leat_attribute keys[2];
    struct leat_table target = {.name = backup_table_name(call->arena, backup->id, source->name), .attributes = keys,
                                .partition_key = source->partition_key, .sort_key = source->sort_key,
                                .billing = LEAT_PAY_PER_REQUEST, .expires_ms = backup->expires_ms};
    for (size_t i = 0; i < source->attribute_count; i++)
        if (slice_equal(source->attributes[i].name, source->partition_key) || slice_equal(source->attributes[i].name, source->sort_key))
            keys[target.attribute_count++] = source->attributes[i];
    struct buf settings;
    buf_init(&settings, SETTINGS_BYTES_MAX);
    enum leat_code code = backup_encode(backup, &settings, &call->fault);
    target.settings = buf_view(&settings);
    const struct leat_copy copy = {.source = source->name, .source_id = source->id, .target = &target, .delete_source = backup->system};
    struct leat_description made = {.memory = NULL};
    if (code == LEAT_OK && target.name.data == NULL) code = fault_memory(&call->fault);
    if (code == LEAT_OK) code = leat_table_copy(call->server->db, &copy, &made, &call->fault);
    leat_description_free(&made);
    buf_fini(&settings);
    return code;
}

enum leat_code backup_begin(struct api_call *call, const struct leat_table *source, struct leat_slice name, bool system,
                            struct backup *out) {
    *out = (struct backup){.name = name, .system = system, .created_ms = leat_now_ms(call->server->db), .source = *source,
                            .creating = true};
    if (system) out->expires_ms = out->created_ms + (uint64_t)BACKUP_LIFE_DAYS * DAY_MS;
    enum leat_code code = LEAT_RESOURCE_IN_USE;
    for (int i = 0; i < (system ? 1 : IDS_TRIED_MAX) && code == LEAT_RESOURCE_IN_USE; i++) {
        fault_clear(&call->fault);
        TRY(choose_id(call, out));
        code = begin_copy(call, out);
    }
    return code;
}
