/* Source: API Reference, SSESpecification; Developer Guide, "DynamoDB encryption at rest"; the words are those of the service. */
#include "api/dynamodb/encryption.h"

#include <inttypes.h>

#include "base/hash.h"
#include "base/slice.h"

enum { TYPE_AES256 = 1, TYPE_KMS };
static const struct api_choice type_choices[] = {{"AES256", TYPE_AES256}, {"KMS", TYPE_KMS}, {NULL, 0}};
const struct api_field encryption_fields[] = {
    API_FIELD(struct encryption, enabled, "Enabled", API_BOOLEAN),
    API_FIELD(struct encryption, type, "SSEType", API_ENUM, .choices = type_choices),
    API_FIELD(struct encryption, key, "KMSMasterKeyId", API_STRING, .min = 1),
    API_FIELDS_END,
};

#define ENTRY SLICE("encryption")

static enum leat_code invalid(struct leat_fault *fault, const char *words) {
    return fault_set(fault, LEAT_VALIDATION, "One or more parameter values were invalid: %s", words);
}

enum leat_code encryption_check(const struct encryption *in, struct leat_fault *fault) {
    bool off = in->enabled.given && !in->enabled.value;
    if (off && in->type.value != 0) return invalid(fault, "SSEType can not be specified if Enabled is false");
    if (off && in->key.data != NULL) return invalid(fault, "KMSMasterKeyId can not be specified if Enabled is false");
    if (in->type.value == TYPE_AES256) return invalid(fault, "SSEType AES256 is not supported");
    if (in->key.data != NULL && in->type.value != TYPE_KMS) return invalid(fault, "SSEType KMS is required if KMSMasterKeyId is specified");
    return LEAT_OK;
}

/* With a type alone it is on as well. */
static bool is_on(const struct encryption *in) {
    return in->enabled.given ? in->enabled.value : in->type.value == TYPE_KMS;
}

/* An alias stands for a key; which one is worked out from its ARN, so that it is the same each time. */
static struct leat_slice alias_key(struct arena *arena, const struct api_server *server, struct leat_slice alias) {
    struct leat_slice arn = alias;
    if (!slice_starts(alias, SLICE("arn:")))
        arn = arena_print(arena, "arn:aws:kms:%s:%s:%.*s", server->region, server->account, SLICE_FORMAT(alias));
    struct leat_slice turned = arena_print(arena, "%.*s/", SLICE_FORMAT(arn));
    uint64_t high = hash_bytes(arn), low = hash_bytes(turned);
    return arena_print(arena, "arn:aws:kms:%s:%s:key/%08" PRIx32 "-%04x-4%03x-8%03x-%012" PRIx64, server->region, server->account,
                       (uint32_t)(high >> 32), (unsigned)(high >> 16) & 0xffff, (unsigned)high & 0xfff, (unsigned)(low >> 52),
                       low & 0xffffffffffffu);
}

static struct leat_slice key_arn(struct api_call *call, struct leat_slice key) {
    if (key.data == NULL) key = SLICE("alias/aws/dynamodb");
    if (slice_starts(key, SLICE("alias/"))) return alias_key(call->arena, call->server, key);
    if (!slice_starts(key, SLICE("arn:")))
        return arena_print(call->arena, "arn:aws:kms:%s:%s:key/%.*s", call->server->region, call->server->account, SLICE_FORMAT(key));
    for (size_t i = 0; i + 7 <= key.size; i++)
        if (memcmp(key.data + i, ":alias/", 7) == 0) return alias_key(call->arena, call->server, key);
    return key;
}

static enum leat_code set_key(struct settings_edit *edit, struct leat_slice arn) {
    struct buf out;
    size_t mark = settings_begin(edit, &out);
    item_put_member_text(&out, "key", arn);
    return settings_end(edit, ENTRY, &out, mark);
}

enum leat_code encryption_create(struct settings_edit *edit, const struct encryption *in) {
    return is_on(in) ? set_key(edit, key_arn(edit->call, in->key)) : LEAT_OK;
}

enum leat_code encryption_update(struct settings_edit *edit, const struct encryption *in) {
    struct leat_slice now = item_member_text(settings_entry(edit->table, ENTRY), "key");
    if (!is_on(in)) {
        if (now.data == NULL) return invalid(&edit->call->fault, "Table is already encrypted by default");
        return settings_set(edit, ENTRY, (struct leat_slice){NULL, 0});
    }
    /* recorded: only the very ARN counts as the same; another name of the same key encrypts once more */
    if (now.data != NULL && slice_equal(in->key, now))
        return invalid(&edit->call->fault, "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you "
                                           "want to change Master Key");
    return set_key(edit, key_arn(edit->call, in->key));
}

void encryption_describe(struct json_writer *json, const struct leat_table *table, bool changing) {
    struct leat_slice key = item_member_text(settings_entry(table, ENTRY), "key");
    if (key.data == NULL) return;
    json_key(json, "SSEDescription");
    json_object(json);
    json_key(json, "Status");
    json_text(json, changing ? "UPDATING" : "ENABLED");
    json_key(json, "SSEType");
    json_text(json, "KMS");
    json_key(json, "KMSMasterKeyArn");
    json_string(json, key);
    json_object_end(json);
}
