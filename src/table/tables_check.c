/* A new table held against itself. The messages are AWS's. */
#include "base/slice.h"
#include "table/tables.h"

enum { INDEXES_LOCAL_MAX = SCHEMA_LOCALS_MAX, INDEXES_GLOBAL_MAX = 20, PROJECTED_MAX = 100, NAMES_MAX = 64 };

struct names { struct leat_slice at[NAMES_MAX]; size_t count; };

static bool names_have(const struct names *names, struct leat_slice name) {
    for (size_t i = 0; i < names->count; i++)
        if (slice_equal(names->at[i], name)) return true;
    return false;
}

static void names_add(struct names *names, struct leat_slice name) {
    if (name.data != NULL && !names_have(names, name) && names->count < NAMES_MAX) names->at[names->count++] = name;
}

static struct leat_slice names_print(const struct names *names, struct buf *out) {
    buf_clear(out);
    for (size_t i = 0; i < names->count; i++) buf_print(out, "%s%.*s", i == 0 ? "" : ", ", SLICE_FORMAT(names->at[i]));
    return buf_view(out);
}

/* Faults unless every key is defined as an attribute, and every definition is a key of something. */
static enum leat_code check_names(const struct names *keys, const struct names *defined, bool table_only,
                                  struct leat_fault *fault) {
    struct buf keys_text, defined_text;
    enum leat_code code = LEAT_OK;
    buf_init(&keys_text, 32 * 1024);
    buf_init(&defined_text, 32 * 1024);
    (void)names_print(keys, &keys_text);
    (void)names_print(defined, &defined_text);
    bool undefined = false;
    for (size_t i = 0; i < keys->count; i++) undefined |= !names_have(defined, keys->at[i]);
    if (undefined)
        code = fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Some index key attributes are not defined in "
                         "AttributeDefinitions. Keys: [%.*s], AttributeDefinitions: [%.*s]",
                         SLICE_FORMAT(buf_view(&keys_text)), SLICE_FORMAT(buf_view(&defined_text)));
    else if (defined->count != keys->count && table_only)
        code = fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match "
                         "number of attributes defined in AttributeDefinitions");
    else if (defined->count != keys->count)
        code = fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Some AttributeDefinitions are not used. "
                         "AttributeDefinitions: [%.*s], keys used: [%.*s]",
                         SLICE_FORMAT(buf_view(&defined_text)), SLICE_FORMAT(buf_view(&keys_text)));
    buf_fini(&keys_text);
    buf_fini(&defined_text);
    return code;
}

static enum leat_code check_index(const struct leat_table *spec, const struct leat_index *index, struct leat_fault *fault) {
    for (const struct leat_index *other = spec->indexes; other < index; other++)
        if (slice_equal(other->name, index->name))
            return fault_set(fault, LEAT_VALIDATION,
                             "One or more parameter values were invalid: Duplicate index name: %.*s", SLICE_FORMAT(index->name));
    if (!index->local) return LEAT_OK;
    if (spec->sort_key.data == NULL)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Table KeySchema does not have a range key, which is "
                         "required when specifying a LocalSecondaryIndex");
    if (!slice_equal(index->partition_key, spec->partition_key))
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Index KeySchema does not have the same leading hash key as "
                         "table KeySchema for index: %.*s. index hash key: %.*s, table hash key: %.*s",
                         SLICE_FORMAT(index->name), SLICE_FORMAT(index->partition_key), SLICE_FORMAT(spec->partition_key));
    if (index->sort_key.data == NULL)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Index KeySchema does not have a range key for index: %.*s",
                         SLICE_FORMAT(index->name));
    return LEAT_OK;
}

enum leat_code tables_check(const struct leat_table *spec, struct leat_fault *fault) {
    struct names defined = {.count = 0}, keys = {.count = 0};
    size_t locals = 0, projected = 0;
    if (spec->partition_key.data == NULL) return fault_set(fault, LEAT_VALIDATION, "a table needs a partition key");
    for (size_t i = 0; i < spec->attribute_count; i++) {
        if (names_have(&defined, spec->attributes[i].name))
            return fault_set(fault, LEAT_VALIDATION,
                             "One or more parameter values were invalid: Duplicate AttributeName in AttributeDefinitions: %.*s",
                             SLICE_FORMAT(spec->attributes[i].name));
        names_add(&defined, spec->attributes[i].name);
    }
    names_add(&keys, spec->partition_key);
    names_add(&keys, spec->sort_key);
    for (size_t i = 0; i < spec->index_count; i++) {
        TRY(check_index(spec, &spec->indexes[i], fault));
        names_add(&keys, spec->indexes[i].partition_key);
        names_add(&keys, spec->indexes[i].sort_key);
        locals += spec->indexes[i].local;
        projected += spec->indexes[i].include_count; /* one that two indexes have counts twice */
    }
    if (locals > INDEXES_LOCAL_MAX)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Number of LocalSecondaryIndexes exceeds per-table limit of %d",
                         INDEXES_LOCAL_MAX);
    if (spec->index_count - locals > INDEXES_GLOBAL_MAX)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: GlobalSecondaryIndex count exceeds the per-table limit of %d",
                         INDEXES_GLOBAL_MAX);
    if (projected > PROJECTED_MAX)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: NonKeyAttributes count exceeds the per-table limit of %d",
                         PROJECTED_MAX);
    return check_names(&keys, &defined, spec->index_count == 0, fault);
}
