/* Source: IAM User Guide, "Grammar of the IAM JSON policy language"; the words are those of the service. Whether actions, principals and
 * resources exist is not looked at. */
#include <strings.h>

#include "api/dynamodb/policy.h"
#include "base/slice.h"

enum { DOCUMENT_BYTES_MAX = 20480, FORM_BYTES_MAX = 4 * DOCUMENT_BYTES_MAX };

/* Members in the order of the form. */
enum { VERSION, ID, STATEMENT, DOCUMENT_MEMBERS };
static const char *const document_names[DOCUMENT_MEMBERS] = {"Version", "Id", "Statement"};
enum { SID, EFFECT, PRINCIPAL, NOT_PRINCIPAL, ACTION, NOT_ACTION, RESOURCE, NOT_RESOURCE, CONDITION, STATEMENT_MEMBERS };
static const char *const statement_names[STATEMENT_MEMBERS] = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"};

struct reading {
    struct api_call *call;
    struct leat_slice document;
    struct json_writer out;
    struct sid { struct sid *next; struct leat_slice text; } *sids;
    bool locks_out;
};

struct strings { struct leat_slice *at; size_t count; };

static enum leat_code refuse(struct reading *reading, const char *words) {
    return fault_set(&reading->call->fault, LEAT_VALIDATION,
                     "One or more parameter values were invalid: Invalid policy document: %s", words);
}

/* Where the value ends, or the document. */
static enum leat_code syntax(struct reading *reading, struct leat_slice value) {
    const uint8_t *end = value.data != NULL ? value.data + value.size : reading->document.data + reading->document.size;
    unsigned line = 1, column = 1;
    for (const uint8_t *at = reading->document.data; at < end; at++) {
        column = *at == '\n' ? 1 : column + 1;
        line += *at == '\n';
    }
    struct leat_slice words = arena_print(reading->call->arena, "Syntax error at position (%u,%u)", line, column);
    return words.data == NULL ? fault_memory(&reading->call->fault) : refuse(reading, (const char *)words.data);
}

/* The members of an object as they are written; the last of one name counts. */
static enum leat_code read_members(struct reading *reading, struct leat_slice object, const char *const *names, size_t count,
                                   struct leat_slice *members) {
    struct json_reader json;
    json_reader_init(&json, object, reading->call->arena);
    if (json_next(&json) != JSON_OBJECT) return syntax(reading, object);
    while (json_next(&json) == JSON_KEY) {
        size_t i = 0;
        while (i < count && !slice_is(json.text, names[i])) i++;
        (void)json_next(&json);
        struct leat_slice raw = json_raw(&json);
        if (i == count) return syntax(reading, raw);
        members[i] = raw;
    }
    return LEAT_OK;
}

static enum leat_code read_string(struct reading *reading, struct leat_slice raw, struct leat_slice *out) {
    struct json_reader json;
    json_reader_init(&json, raw, reading->call->arena);
    if (json_next(&json) != JSON_STRING) return syntax(reading, raw);
    *out = json.text;
    return LEAT_OK;
}

/* A string, or a list of them, each once. */
static enum leat_code read_strings(struct reading *reading, struct leat_slice raw, struct strings *out) {
    struct json_reader json;
    json_reader_init(&json, raw, reading->call->arena);
    enum json_token token = json_next(&json);
    bool list = token == JSON_ARRAY;
    out->count = 0;
    out->at = ARENA_ARRAY(reading->call->arena, struct leat_slice, raw.size / 2 + 1); /* each has two quotes at least */
    if (out->at == NULL) return fault_memory(&reading->call->fault);
    if (list) token = json_next(&json);
    for (; token == JSON_STRING; token = json_next(&json)) {
        size_t i = 0;
        while (i < out->count && !slice_equal(out->at[i], json.text)) i++;
        if (i == out->count) out->at[out->count++] = json.text;
        if (!list) return LEAT_OK;
    }
    return token == JSON_ARRAY_END ? LEAT_OK : syntax(reading, raw);
}

static void write_strings(struct reading *reading, const char *name, const struct strings *strings) {
    json_key(&reading->out, name);
    if (strings->count != 1) json_array(&reading->out);
    for (size_t i = 0; i < strings->count; i++) json_string(&reading->out, strings->at[i]);
    if (strings->count != 1) json_array_end(&reading->out);
}

/* A value as it was, without white space. */
static void write_value(struct reading *reading, struct leat_slice raw) {
    struct json_writer *out = &reading->out;
    struct json_reader json;
    json_reader_init(&json, raw, reading->call->arena);
    for (enum json_token token = json_next(&json); token != JSON_END && token != JSON_ERROR; token = json_next(&json)) {
        switch (token) {
        case JSON_OBJECT: json_object(out); break;
        case JSON_OBJECT_END: json_object_end(out); break;
        case JSON_ARRAY: json_array(out); break;
        case JSON_ARRAY_END: json_array_end(out); break;
        case JSON_KEY: json_key_slice(out, json.text); break;
        case JSON_STRING: json_string(out, json.text); break;
        case JSON_NUMBER: json_verbatim(out, json.text); break;
        case JSON_NULL: json_null(out); break;
        default: json_bool(out, token == JSON_TRUE); break;
        }
    }
}

/* ---- who ---- */

static bool is_account(struct leat_slice text) { return text.size == 12 && slice_within(text, '0', '9'); }

static enum leat_code name_accounts(struct reading *reading, struct strings *names) {
    struct strings once = {names->at, 0};
    for (size_t i = 0; i < names->count; i++) {
        struct leat_slice name = names->at[i];
        if (is_account(name)) name = arena_print(reading->call->arena, "arn:aws:iam::%.*s:root", SLICE_FORMAT(name));
        if (name.data == NULL) return fault_memory(&reading->call->fault);
        size_t k = 0;
        while (k < once.count && !slice_equal(once.at[k], name)) k++;
        if (k == once.count) once.at[once.count++] = name;
    }
    *names = once;
    return LEAT_OK;
}

static bool has(const struct strings *strings, struct leat_slice text) {
    for (size_t i = 0; i < strings->count; i++)
        if (slice_equal(strings->at[i], text)) return true;
    return false;
}

/* "*", or {"AWS": ...} and other kinds. Tells whether it means everybody, and whether it means this account. */
static enum leat_code write_principal(struct reading *reading, const char *name, struct leat_slice raw, bool *everybody, bool *us) {
    struct json_reader json;
    json_reader_init(&json, raw, reading->call->arena);
    *everybody = *us = false;
    if (json_next(&json) == JSON_STRING) {
        if (!slice_is(json.text, "*")) return syntax(reading, raw);
        *everybody = *us = true;
        write_strings(reading, name, &(struct strings){(struct leat_slice[]){SLICE("*")}, 1});
        return LEAT_OK;
    }
    if (json.token != JSON_OBJECT) return syntax(reading, raw);
    struct leat_slice own = arena_print(reading->call->arena, "arn:aws:iam::%s:root", reading->call->server->account);
    json_key(&reading->out, name);
    json_object(&reading->out);
    while (json_next(&json) == JSON_KEY) {
        struct leat_slice kind = arena_copy(reading->call->arena, json.text);
        struct strings names;
        if (kind.data == NULL) return fault_memory(&reading->call->fault);
        (void)json_next(&json);
        TRY(read_strings(reading, json_raw(&json), &names));
        if (slice_is(kind, "AWS")) {
            TRY(name_accounts(reading, &names));
            *everybody |= has(&names, SLICE("*"));
            *us |= *everybody || has(&names, own);
        }
        write_strings(reading, (const char *)kind.data, &names);
    }
    json_object_end(&reading->out);
    return LEAT_OK;
}

/* ---- statements ---- */

static bool means(struct leat_slice pattern, const char *action) {
    size_t size = pattern.size;
    if (size > 0 && pattern.data[size - 1] == '*') return strncasecmp((const char *)pattern.data, action, size - 1) == 0;
    return size == strlen(action) && strncasecmp((const char *)pattern.data, action, size) == 0;
}

static enum leat_code check_present(struct reading *reading, const struct leat_slice *members) {
    static const struct { int member, other; } needed[] = {
        {EFFECT, EFFECT}, {PRINCIPAL, NOT_PRINCIPAL}, {ACTION, NOT_ACTION}, {RESOURCE, NOT_RESOURCE}};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (members[needed[i].member].data != NULL || members[needed[i].other].data != NULL) continue;
        struct leat_slice words = arena_print(reading->call->arena, "Missing required field %s", statement_names[needed[i].member]);
        return words.data == NULL ? fault_memory(&reading->call->fault) : refuse(reading, (const char *)words.data);
    }
    return LEAT_OK;
}

static enum leat_code write_sid(struct reading *reading, struct leat_slice raw) {
    struct sid *sid = ARENA_NEW(reading->call->arena, struct sid);
    if (sid == NULL) return fault_memory(&reading->call->fault);
    TRY(read_string(reading, raw, &sid->text));
    for (const struct sid *other = reading->sids; other != NULL; other = other->next)
        if (slice_equal(other->text, sid->text)) return refuse(reading, "The Statement Ids in the policy are not unique");
    sid->next = reading->sids;
    reading->sids = sid;
    json_key(&reading->out, "Sid");
    json_string(&reading->out, sid->text);
    return LEAT_OK;
}

static enum leat_code write_effect(struct reading *reading, struct leat_slice raw, bool *allow) {
    struct leat_slice effect = {NULL, 0};
    TRY(read_string(reading, raw, &effect));
    *allow = effect.size == 5 && strncasecmp((const char *)effect.data, "Allow", 5) == 0;
    if (!*allow && (effect.size != 4 || strncasecmp((const char *)effect.data, "Deny", 4) != 0)) return syntax(reading, raw);
    json_key(&reading->out, "Effect");
    json_text(&reading->out, *allow ? "Allow" : "Deny");
    return LEAT_OK;
}

static enum leat_code write_statement(struct reading *reading, struct leat_slice raw) {
    struct leat_slice members[STATEMENT_MEMBERS] = {{NULL, 0}};
    bool allow = false, everybody = false, us = false, storing = false;
    TRY(read_members(reading, raw, statement_names, STATEMENT_MEMBERS, members));
    TRY(check_present(reading, members));
    json_object(&reading->out);
    for (int i = 0; i < STATEMENT_MEMBERS; i++) {
        struct strings strings;
        if (members[i].data == NULL) continue;
        if (i == SID) {
            TRY(write_sid(reading, members[i]));
        } else if (i == EFFECT) {
            TRY(write_effect(reading, members[i], &allow));
        } else if (i == PRINCIPAL || i == NOT_PRINCIPAL) {
            TRY(write_principal(reading, statement_names[i], members[i], &everybody, &us));
        } else if (i == CONDITION) {
            json_key(&reading->out, statement_names[i]);
            write_value(reading, members[i]);
        } else {
            TRY(read_strings(reading, members[i], &strings));
            for (size_t k = 0; i == ACTION && k < strings.count; k++) storing |= means(strings.at[k], "dynamodb:PutResourcePolicy");
            write_strings(reading, statement_names[i], &strings);
        }
    }
    json_object_end(&reading->out);
    bool always = members[CONDITION].data == NULL && members[PRINCIPAL].data != NULL;
    if (allow && always && everybody)
        return fault_set(&reading->call->fault, LEAT_VALIDATION,
                         "Resource-based policy grants unbounded access in one or more elements. Please revise the policy to ensure "
                         "least-privilege form of access");
    reading->locks_out |= !allow && always && us && storing;
    return LEAT_OK;
}

static enum leat_code write_statements(struct reading *reading, struct leat_slice raw) {
    struct json_reader json;
    json_reader_init(&json, raw, reading->call->arena);
    json_key(&reading->out, "Statement");
    json_array(&reading->out);
    size_t count = 0;
    if (json_next(&json) == JSON_OBJECT) {
        TRY(write_statement(reading, raw));
        count++;
    } else if (json.token == JSON_ARRAY) {
        while (json_next(&json) == JSON_OBJECT) {
            TRY(write_statement(reading, json_raw(&json)));
            count++;
        }
        if (json.token != JSON_ARRAY_END) return syntax(reading, raw);
    } else {
        return syntax(reading, raw);
    }
    json_array_end(&reading->out);
    return count > 0 ? LEAT_OK : refuse(reading, "Could not parse the policy: Statement is empty!");
}

static enum leat_code check_json(struct reading *reading) {
    struct json_reader json;
    json_reader_init(&json, reading->document, reading->call->arena);
    enum json_token first = json_next(&json);
    bool whole = first != JSON_ERROR && json_skip(&json) && json_next(&json) == JSON_END;
    if (whole && first == JSON_NULL) return refuse(reading, "This text appears not to be a policy");
    return whole && first == JSON_OBJECT ? LEAT_OK : refuse(reading, "This policy contains invalid Json");
}

static enum leat_code write_document(struct reading *reading) {
    struct leat_slice members[DOCUMENT_MEMBERS] = {{NULL, 0}};
    struct leat_slice version = SLICE("2008-10-17"), id = {NULL, 0}; /* a document that does not say is of the oldest version */
    TRY(read_members(reading, reading->document, document_names, DOCUMENT_MEMBERS, members));
    if (members[STATEMENT].data == NULL) return syntax(reading, (struct leat_slice){NULL, 0});
    if (members[VERSION].data != NULL) TRY(read_string(reading, members[VERSION], &version));
    if (!slice_is(version, "2008-10-17") && !slice_is(version, "2012-10-17")) return syntax(reading, members[VERSION]);
    json_object(&reading->out);
    json_key(&reading->out, "Version");
    json_string(&reading->out, version);
    if (members[ID].data != NULL) {
        TRY(read_string(reading, members[ID], &id));
        json_key(&reading->out, "Id");
        json_string(&reading->out, id);
    }
    TRY(write_statements(reading, members[STATEMENT]));
    json_object_end(&reading->out);
    return LEAT_OK;
}

enum leat_code policy_read(struct api_call *call, struct leat_slice text, struct policy_document *out) {
    struct reading reading = {.call = call, .document = text};
    struct buf form;
    if (text.size > DOCUMENT_BYTES_MAX)
        return fault_set(&call->fault, LEAT_VALIDATION,
                         "One or more parameter values were invalid: Maximum policy size of %d bytes exceeded", DOCUMENT_BYTES_MAX);
    TRY(check_json(&reading));
    buf_init(&form, FORM_BYTES_MAX);
    json_writer_init(&reading.out, &form);
    enum leat_code code = write_document(&reading);
    if (code == LEAT_OK) out->text = arena_copy(call->arena, buf_view(&form));
    if (code == LEAT_OK && (!buf_ok(&form) || out->text.data == NULL)) code = fault_memory(&call->fault);
    buf_fini(&form);
    out->locks_out = reading.locks_out;
    return code;
}
