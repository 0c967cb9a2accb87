/* Constraints of declared fields, and AWS's words for what does not meet them. */
#include <inttypes.h>
#include <string.h>

#include "api/fields.h"
#include "base/encode.h"
#include "base/slice.h"

enum { VIOLATIONS_MAX = 10, ECHO_BYTES_MAX = 4096 };

/* Where we are, for messages: "keySchema.1.member.keyType". Written out only when something is wrong. */
struct place {
    const struct place *outer; /* NULL: the request itself */
    const char *member;        /* a member's name, or NULL: an element of a list (index, from 1) or of a map (key) */
    struct leat_slice key;
    size_t index;
};

struct report {
    struct buf words;   /* all violations, "; " between them */
    unsigned count;
    bool alone;         /* the only one that counts has been found */
};

/* Members appear in camel case. */
static void write_place(struct buf *out, const struct place *place) {
    if (place->outer != NULL) {
        write_place(out, place->outer);
        buf_byte(out, '.');
    }
    if (place->member != NULL) {
        buf_byte(out, (uint8_t)(place->member[0] >= 'A' && place->member[0] <= 'Z' ? place->member[0] + 32 : place->member[0]));
        buf_append(out, place->member + 1, strlen(place->member + 1));
    } else if (place->key.data != NULL) {
        buf_print(out, "%.*s.member", SLICE_FORMAT(place->key));
    } else {
        buf_print(out, "%zu.member", place->index);
    }
}

/* ---- values in messages: AWS prints them as Java does ---- */

static void echo_fields(struct buf *out, const struct api_field *field, const uint8_t *at);

static void echo(struct buf *out, const struct api_field *field, const uint8_t *at) {
    const void *member = at;
    if (out->size > ECHO_BYTES_MAX) return; /* the constraint behind it must stay readable */
    switch (field->kind) {
    case API_INTEGER:
    case API_TIMESTAMP: buf_print(out, "%" PRId64, ((const struct api_integer *)member)->value); return;
    case API_BOOLEAN: buf_print(out, "%s", ((const struct api_boolean *)member)->value ? "true" : "false"); return;
    case API_ENUM: buf_slice(out, ((const struct api_enum *)member)->text); return;
    case API_STRUCT:
        if (*(void *const *)member != NULL) echo_fields(out, field, *(uint8_t *const *)member);
        else buf_print(out, "null");
        return;
    case API_LIST:
    case API_MAP: {
        const struct api_list *list = member;
        const struct api_field *element = field->element;
        buf_byte(out, field->kind == API_LIST ? '[' : '{');
        for (size_t i = 0; i < list->count; i++) {
            const uint8_t *entry = (const uint8_t *)list->elements + i * field->size;
            if (i > 0) buf_print(out, ", ");
            if (field->kind == API_MAP) {
                buf_slice(out, *(const struct leat_slice *)(const void *)entry);
                buf_byte(out, '=');
            }
            if (element->kind == API_STRUCT) echo_fields(out, element, entry);
            else echo(out, element, entry + element->offset);
        }
        buf_byte(out, field->kind == API_LIST ? ']' : '}');
        return;
    }
    case API_ITEM:
    case API_VALUE:
    case API_NAMES:
    case API_VALUES: buf_print(out, "{...}"); return;
    default: buf_slice(out, *(const struct leat_slice *)member); return;
    }
}

static bool is_given(const struct api_field *field, const uint8_t *at) {
    const void *member = at;
    switch (field->kind) {
    case API_INTEGER:
    case API_TIMESTAMP: return ((const struct api_integer *)member)->given;
    case API_BOOLEAN: return ((const struct api_boolean *)member)->given;
    case API_ENUM: return ((const struct api_enum *)member)->text.data != NULL;
    case API_LIST:
    case API_MAP: return ((const struct api_list *)member)->given;
    case API_STRUCT: return *(void *const *)member != NULL;
    default: return ((const struct leat_slice *)member)->data != NULL;
    }
}

bool api_is_given(const struct api_field *field, const void *in) { return is_given(field, (const uint8_t *)in + field->offset); }

/* KeySchemaElement(attributeName=pk, keyType=HASH) */
static void echo_fields(struct buf *out, const struct api_field *field, const uint8_t *at) {
    buf_print(out, "%s(", field->type);
    bool comma = false;
    for (const struct api_field *inner = field->fields; inner->name != NULL; inner++) {
        if (!is_given(inner, at + inner->offset)) continue;
        buf_print(out, "%s%c%s=", comma ? ", " : "", inner->name[0] | 32, inner->name + 1);
        echo(out, inner, at + inner->offset);
        comma = true;
    }
    buf_byte(out, ')');
}

/* ---- violations ---- */

static void violation_begin(struct report *report, const struct place *place, const struct api_field *field, const uint8_t *at) {
    struct buf *out = &report->words;
    if (field->alone) {
        buf_clear(out);
        report->count = 0;
        report->alone = true;
    }
    if (report->count++ > 0) buf_print(out, "; ");
    buf_print(out, "Value ");
    if (is_given(field, at)) {
        buf_byte(out, '\'');
        struct buf value;
        buf_init(&value, report->words.max);
        echo(&value, field, at);
        buf_slice(out, buf_view(&value));
        buf_fini(&value);
        buf_byte(out, '\'');
    } else {
        buf_print(out, "null");
    }
    buf_print(out, " at '");
    write_place(out, place);
    buf_print(out, "' failed to satisfy constraint: ");
}

static bool full(const struct report *report) {
    return report->alone || report->count >= VIOLATIONS_MAX;
}

static void check_range(struct report *report, const struct place *place, const struct api_field *field, const uint8_t *at,
                        int64_t measure, const char *what) {
    if (field->min == 0 && field->max == 0) return;
    if (!full(report) && measure < field->min) {
        violation_begin(report, place, field, at);
        buf_print(&report->words, "Member must have %s greater than or equal to %" PRId64, what, field->min);
    }
    if (!full(report) && field->max != 0 && measure > field->max) {
        violation_begin(report, place, field, at);
        buf_print(&report->words, "Member must have %s less than or equal to %" PRId64, what, field->max);
    }
}

static void check_string(struct report *report, const struct place *place, const struct api_field *field, const uint8_t *at) {
    struct leat_slice text = *(const struct leat_slice *)(const void *)at;
    if (field->or_arn && slice_starts(text, SLICE("arn:"))) return;
    if (field->pattern != NULL && text.size > 0 && !full(report) && !api_pattern_matches(field->pattern, text)) {
        violation_begin(report, place, field, at);
        buf_print(&report->words, "Member must satisfy regular expression pattern: %s", field->pattern);
    }
    check_range(report, place, field, at, (int64_t)utf8_points(text), "length");
}

static void check_enum(struct report *report, const struct place *place, const struct api_field *field, const uint8_t *at) {
    if (((const struct api_enum *)(const void *)at)->value >= 0) return;
    violation_begin(report, place, field, at);
    buf_print(&report->words, "Member must satisfy enum value set: [");
    for (const struct api_choice *choice = field->choices; choice->text != NULL; choice++)
        buf_print(&report->words, "%s%s", choice == field->choices ? "" : ", ", choice->text);
    buf_print(&report->words, "]");
}

static void check_fields(struct report *report, const struct place *place, const struct api_field *fields, const uint8_t *in);
static void check_field(struct report *report, const struct place *place, const struct api_field *field, const uint8_t *at);

/* Lists that are values of a map are held to their length at the map. */
static void check_map_values(struct report *report, const struct place *place, const struct api_field *field, const uint8_t *at) {
    const struct api_list *map = (const void *)at;
    const struct api_field *element = field->element;
    if (element->kind != API_LIST || (element->min == 0 && element->max == 0)) return;
    for (size_t i = 0; i < map->count && !full(report); i++) {
        const void *entry = (const uint8_t *)map->elements + i * field->size + element->offset;
        int64_t count = (int64_t)((const struct api_list *)entry)->count;
        if (count >= element->min && (element->max == 0 || count <= element->max)) continue;
        violation_begin(report, place, field, at);
        buf_print(&report->words, "Map value must satisfy constraint: [Member must have length less than or equal to %" PRId64
                                  ", Member must have length greater than or equal to %" PRId64 "]", element->max, element->min);
        return;
    }
}

static void check_list(struct report *report, const struct place *place, const struct api_field *field, const uint8_t *at, bool in_map) {
    const struct api_list *list = (const void *)at;
    if (!in_map) check_range(report, place, field, at, (int64_t)list->count, "length");
    if (field->kind == API_MAP) check_map_values(report, place, field, at);
    for (size_t i = 0; i < list->count && !full(report); i++) {
        const uint8_t *entry = (const uint8_t *)list->elements + i * field->size;
        struct place inner = {.outer = place, .index = i + 1};
        if (field->kind == API_MAP) inner.key = *(const struct leat_slice *)(const void *)entry;
        if (field->element->kind == API_STRUCT) check_fields(report, &inner, field->element->fields, entry);
        else if (field->kind == API_MAP && field->element->kind == API_LIST)
            check_list(report, &inner, field->element, entry + field->element->offset, true);
        else check_field(report, &inner, field->element, entry + field->element->offset);
    }
}

static void check_field(struct report *report, const struct place *place, const struct api_field *field, const uint8_t *at) {
    if (!is_given(field, at)) {
        if (!field->required) return;
        struct api_field other = *field;
        other.alone = false; /* that it is missing is told together with what else is wrong */
        violation_begin(report, place, &other, at);
        buf_print(&report->words, "Member must not be null");
        return;
    }
    switch (field->kind) {
    case API_STRING: check_string(report, place, field, at); break;
    case API_ENUM: check_enum(report, place, field, at); break;
    case API_INTEGER: check_range(report, place, field, at, ((const struct api_integer *)(const void *)at)->value, "value"); break;
    case API_STRUCT: check_fields(report, place, field->fields, *(uint8_t *const *)(const void *)at); break;
    case API_LIST:
    case API_MAP: check_list(report, place, field, at, false); break;
    default: break;
    }
}

static void check_fields(struct report *report, const struct place *place, const struct api_field *fields, const uint8_t *in) {
    for (const struct api_field *field = fields; field->name != NULL && !full(report); field++) {
        const struct place inner = {.outer = place, .member = field->name};
        check_field(report, &inner, field, in + field->offset);
    }
}

enum leat_code api_validate(const struct api_field *fields, const void *in, struct buf *message) {
    struct report report = {.count = 0};
    buf_init(&report.words, message->max);
    check_fields(&report, NULL, fields, in);
    if (report.count > 0) {
        buf_print(message, "%u validation error%s detected: ", report.count, report.count == 1 ? "" : "s");
        buf_slice(message, buf_view(&report.words));
    }
    buf_fini(&report.words);
    return report.count > 0 ? LEAT_VALIDATION : LEAT_OK;
}
