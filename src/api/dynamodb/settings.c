#include "api/dynamodb/settings.h"

#include "base/slice.h"

enum {
    SETTINGS_BYTES_MAX = 1024 * 1024,
    SETTINGS_TRIES_MAX = 100 /* each failed one means that somebody else's change went through */
};

struct settings_new {
    struct settings_new *next; /* older */
    struct leat_slice name, value;
};

struct leat_slice settings_name(struct arena *arena, const char *kind, struct leat_slice of) {
    return of.data == NULL ? slice_text(kind) : arena_print(arena, "%s/%.*s", kind, SLICE_FORMAT(of));
}

struct leat_slice settings_entry(const struct leat_table *table, struct leat_slice name) {
    struct item_value value = {0};
    if (table->settings.data != NULL) (void)item_find(table->settings, name, &value);
    return value.payload;
}

enum leat_code settings_set(struct settings_edit *edit, struct leat_slice name, struct leat_slice value) {
    struct settings_new *entry = ARENA_NEW(edit->call->arena, struct settings_new);
    if (entry == NULL || name.data == NULL) return fault_memory(&edit->call->fault);
    *entry = (struct settings_new){edit->entries, name, value};
    edit->entries = entry;
    return LEAT_OK;
}

enum leat_code settings_set_text(struct settings_edit *edit, struct leat_slice name, struct leat_slice text) {
    struct buf out;
    buf_init_in(&out, edit->call->arena, SETTINGS_BYTES_MAX);
    item_put_string(&out, text);
    struct leat_slice value = buf_keep(&out);
    return value.data == NULL ? fault_memory(&edit->call->fault) : settings_set(edit, name, value);
}

enum leat_code settings_set_int(struct settings_edit *edit, struct leat_slice name, int64_t value) {
    struct buf out;
    buf_init_in(&out, edit->call->arena, SETTINGS_BYTES_MAX);
    item_put_int(&out, value);
    struct leat_slice whole = buf_keep(&out);
    return whole.data == NULL ? fault_memory(&edit->call->fault) : settings_set(edit, name, whole);
}

size_t settings_begin(struct settings_edit *edit, struct buf *out) {
    buf_init_in(out, edit->call->arena, SETTINGS_BYTES_MAX);
    return item_begin(out, ITEM_M);
}

enum leat_code settings_end(struct settings_edit *edit, struct leat_slice name, struct buf *out, size_t mark) {
    enum leat_code code = item_end(out, mark);
    struct leat_slice value = buf_keep(out);
    if (code != LEAT_OK || value.data == NULL) return fault_memory(&edit->call->fault);
    return settings_set(edit, name, value);
}

static bool is_of(struct leat_slice name, struct leat_slice index) {
    return name.size > index.size && name.data[name.size - index.size - 1] == '/' &&
           slice_equal(slice_of(name.data + name.size - index.size, index.size), index);
}

enum leat_code settings_forget(struct settings_edit *edit, struct leat_slice index) {
    struct item_iterator entries = item_iterate(edit->table->settings);
    struct leat_slice name;
    struct item_value value;
    while (item_map_next(&entries, &name, &value))
        if (is_of(name, index)) TRY(settings_set(edit, name, (struct leat_slice){NULL, 0}));
    return LEAT_OK;
}

static bool replaced(const struct settings_new *entry, const struct settings_new *end, struct leat_slice name) {
    for (; entry != end; entry = entry->next)
        if (slice_equal(entry->name, name)) return true;
    return false;
}

enum leat_code settings_build(const struct settings_edit *edit, struct leat_slice *out) {
    struct buf built;
    buf_init_in(&built, edit->call->arena, SETTINGS_BYTES_MAX);
    struct item_iterator entries = item_iterate(edit->table->settings);
    struct leat_slice name;
    struct item_value value;
    while (item_map_next(&entries, &name, &value)) {
        if (replaced(edit->entries, NULL, name)) continue;
        item_put_name(&built, name);
        item_put_value(&built, &value);
    }
    for (const struct settings_new *entry = edit->entries; entry != NULL; entry = entry->next) {
        if (entry->value.data == NULL || replaced(edit->entries, entry, entry->name)) continue;
        item_put_name(&built, entry->name);
        buf_slice(&built, entry->value);
    }
    enum leat_code code = item_close(&built, 0);
    if (code == LEAT_OK && built.size == 0) *out = SLICE("");
    else *out = buf_keep(&built);
    return code != LEAT_OK || out->data == NULL ? fault_memory(&edit->call->fault) : LEAT_OK;
}

static enum leat_code settled(const struct leat_table *table, struct leat_fault *fault) {
    if (table->status != LEAT_CREATING && table->status != LEAT_DELETING) return LEAT_OK;
    return fault_set(fault, LEAT_RESOURCE_IN_USE, "Attempt to change a resource which is still in use: Table is being %s: %.*s",
                     table->status == LEAT_CREATING ? "created" : "deleted", SLICE_FORMAT(table->name));
}

/* One try. The description is the table before when nothing was to be changed, else the one after. */
static enum leat_code update_once(struct api_call *call, const struct leat_table_change *wanted, settings_edit_fn edit_with,
                                  void *context, struct leat_description *out) {
    struct leat_table_change change = *wanted;
    struct leat_description before = {.memory = NULL};
    TRY(leat_table_describe(call->server->db, change.name, &before, &call->fault));
    struct settings_edit edit = {.call = call, .table = &before.table, .change = &change};
    enum leat_code code = settled(&before.table, &call->fault);
    if (code == LEAT_OK) code = edit_with(&edit, context);
    if (code != LEAT_OK || (edit.entries == NULL && !edit.always)) {
        *out = before;
        return code;
    }
    if (edit.entries != NULL) {
        change.change_settings = change.check_settings = true;
        change.settings_before = before.table.settings;
        code = settings_build(&edit, &change.settings);
    }
    if (code == LEAT_OK) code = leat_table_update(call->server->db, &change, out, &call->fault);
    leat_description_free(&before);
    return code;
}

enum leat_code settings_update(struct api_call *call, struct leat_table_change *change, settings_edit_fn edit_with, void *context,
                               struct leat_description *out) {
    for (int tries = 0; tries < SETTINGS_TRIES_MAX; tries++) {
        *out = (struct leat_description){.memory = NULL};
        fault_clear(&call->fault);
        enum leat_code code = update_once(call, change, edit_with, context, out);
        if (code != LEAT_STORE_CONFLICT) return code;
        leat_description_free(out);
    }
    return fault_set(&call->fault, LEAT_BUSY, "The table's settings are being changed by others");
}
