/* Source: API Reference, WarmThroughput and OnDemandThroughput; Developer Guide, "Understanding DynamoDB warm throughput"; the words are
 * those of the service. */
#include "api/dynamodb/throughput.h"

#include "base/slice.h"

/* Developer Guide, "Initial throughput for on-demand mode" */
enum { ON_DEMAND_READ = 12000, ON_DEMAND_WRITE = 4000 };
#define INITIAL_PAGE \
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial"

const struct api_field warm_fields[] = {
    API_FIELD(struct throughput, read, "ReadUnitsPerSecond", API_INTEGER),
    API_FIELD(struct throughput, write, "WriteUnitsPerSecond", API_INTEGER),
    API_FIELDS_END,
};
const struct api_field on_demand_fields[] = {
    API_FIELD(struct throughput, read, "MaxReadRequestUnits", API_INTEGER),
    API_FIELD(struct throughput, write, "MaxWriteRequestUnits", API_INTEGER),
    API_FIELDS_END,
};

struct units { int64_t read, write; }; /* 0: none */

static struct leat_slice index_name(const struct leat_index *index) {
    return index == NULL ? (struct leat_slice){NULL, 0} : index->name;
}

static struct leat_slice entry_name(struct arena *arena, const char *kind, const struct leat_index *index) {
    return settings_name(arena, kind, index_name(index));
}

static struct units stored(struct arena *arena, const char *kind, const struct leat_table *table, const struct leat_index *index) {
    struct leat_slice entry = settings_entry(table, entry_name(arena, kind, index));
    return (struct units){item_member_int(entry, "read"), item_member_int(entry, "write")};
}

static enum leat_code store(struct settings_edit *edit, const char *kind, const struct leat_index *index, struct units units) {
    struct leat_slice name = entry_name(edit->call->arena, kind, index);
    struct buf out;
    if (units.read == 0 && units.write == 0) return settings_set(edit, name, (struct leat_slice){NULL, 0});
    size_t mark = settings_begin(edit, &out);
    if (units.read != 0) item_put_member_int(&out, "read", units.read);
    if (units.write != 0) item_put_member_int(&out, "write", units.write);
    return settings_end(edit, name, &out, mark);
}

/* ---- warm ---- */

static struct units larger(struct units a, struct units b) {
    return (struct units){a.read > b.read ? a.read : b.read, a.write > b.write ? a.write : b.write};
}

static struct units warm_now(struct arena *arena, const struct leat_table *table, const struct leat_index *index) {
    struct units from = {ON_DEMAND_READ, ON_DEMAND_WRITE};
    if (table->billing == LEAT_PROVISIONED && index == NULL) from = (struct units){table->read_units, table->write_units};
    if (table->billing == LEAT_PROVISIONED && index != NULL) from = (struct units){index->read_units, index->write_units};
    return larger(from, stored(arena, "warm", table, index));
}

struct side { const char *name, *provisioned; struct api_integer wanted; int64_t now; };

static enum leat_code too_low(struct settings_edit *edit, const struct side *side, const struct leat_index *index, bool new) {
    struct leat_slice name = index_name(index), than = SLICE("current WarmThroughput, decreasing WarmThroughput is not supported");
    if (new && edit->table->billing == LEAT_PAY_PER_REQUEST) than = SLICE("initial throughput for OnDemand. See: " INITIAL_PAGE);
    else if (new) than = arena_print(edit->call->arena, "%s of ProvisionedThroughput", side->provisioned);
    return fault_set(&edit->call->fault, LEAT_VALIDATION,
                     "One or more parameter values were invalid: Requested %s for WarmThroughput for %s%.*s is lower than %.*s", side->name,
                     index == NULL ? "table" : "index ", SLICE_FORMAT(name), SLICE_FORMAT(than));
}

enum leat_code warm_change(struct settings_edit *edit, const struct throughput *in, const struct leat_index *index, bool new) {
    if (!throughput_given(in)) return LEAT_OK;
    struct units now = warm_now(edit->call->arena, edit->table, index);
    const struct side sides[] = {{"ReadUnitsPerSecond", "ReadCapacityUnits", in->read, now.read},
                                 {"WriteUnitsPerSecond", "WriteCapacityUnits", in->write, now.write}};
    for (size_t i = 0; i < 2; i++)
        if (sides[i].wanted.given && sides[i].wanted.value < sides[i].now) return too_low(edit, &sides[i], index, new);
    struct units wanted = {in->read.given ? in->read.value : now.read, in->write.given ? in->write.value : now.write};
    if (index == NULL && edit->change != NULL) {
        edit->change->change_warm = true;
        edit->change->warm_read_units = wanted.read;
        edit->change->warm_write_units = wanted.write;
    }
    return store(edit, "warm", index, wanted);
}

enum leat_code warm_keep(struct settings_edit *edit) {
    const struct leat_table *table = edit->table;
    TRY(store(edit, "warm", NULL, warm_now(edit->call->arena, table, NULL)));
    for (size_t i = 0; i < table->index_count; i++) {
        const struct leat_index *index = &table->indexes[i];
        if (!index->local) TRY(store(edit, "warm", index, warm_now(edit->call->arena, table, index)));
    }
    return LEAT_OK;
}

void warm_describe(struct api_call *call, const struct leat_table *table, const struct leat_index *index, bool changing) {
    struct json_writer *json = &call->json;
    struct units now = warm_now(call->arena, table, index);
    json_key(json, "WarmThroughput");
    json_object(json);
    json_key(json, "ReadUnitsPerSecond");
    json_int(json, now.read);
    json_key(json, "WriteUnitsPerSecond");
    json_int(json, now.write);
    json_key(json, "Status");
    json_text(json, changing ? "UPDATING" : "ACTIVE");
    json_object_end(json);
}

/* ---- on demand ---- */

enum { NO_LIMIT = -1 };

static enum leat_code check_limit(const struct api_integer *wanted, const char *name, const struct leat_index *index,
                                  enum leat_billing billing, bool new, struct leat_fault *fault) {
    struct leat_slice of = index_name(index);
    if (!wanted->given) return LEAT_OK;
    if (billing == LEAT_PROVISIONED)
        return fault_set(fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: %s for OnDemandThroughput%s%.*s cannot be specified when the table "
                         "BillingMode is PROVISIONED", name, index == NULL ? "" : " for index : ", SLICE_FORMAT(of));
    if (wanted->value >= 1 || (wanted->value == NO_LIMIT && !new)) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION,
                     "One or more parameter values were invalid: Requested %s for OnDemandThroughput for %s%.*s is outside of valid range",
                     name, index == NULL ? "table" : "index : ", SLICE_FORMAT(of));
}

static int64_t limit_after(const struct api_integer *wanted, int64_t now) {
    if (!wanted->given) return now;
    return wanted->value == NO_LIMIT ? 0 : wanted->value;
}

enum leat_code on_demand_change(struct settings_edit *edit, const struct throughput *in, const struct leat_index *index,
                                enum leat_billing billing, bool new) {
    if (!throughput_given(in)) return LEAT_OK;
    TRY(check_limit(&in->read, on_demand_fields[0].name, index, billing, new, &edit->call->fault));
    TRY(check_limit(&in->write, on_demand_fields[1].name, index, billing, new, &edit->call->fault));
    struct units now = stored(edit->call->arena, "on_demand", edit->table, index);
    return store(edit, "on_demand", index, (struct units){limit_after(&in->read, now.read), limit_after(&in->write, now.write)});
}

void on_demand_describe(struct api_call *call, const struct leat_table *table, const struct leat_index *index) {
    struct json_writer *json = &call->json;
    struct units limits = stored(call->arena, "on_demand", table, index);
    if (table->billing == LEAT_PROVISIONED || (limits.read == 0 && limits.write == 0)) return;
    json_key(json, "OnDemandThroughput");
    json_object(json);
    if (limits.read != 0) {
        json_key(json, on_demand_fields[0].name);
        json_int(json, limits.read);
    }
    if (limits.write != 0) {
        json_key(json, on_demand_fields[1].name);
        json_int(json, limits.write);
    }
    json_object_end(json);
}
