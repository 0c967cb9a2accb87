/* Forms: from parameters to the JSON of the same request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/query.h"
#include "base/slice.h"

enum { NAME_SIZE_MAX = 512, JSON_BYTES_MAX = 64 << 20, NUMBER_SIZE = 24 };

struct parameter { struct leat_slice name, value; };
struct form {
    struct parameter *all; /* ascending by name */
    size_t count;
};

static int compare(const void *a, const void *b) {
    return slice_compare(((const struct parameter *)a)->name, ((const struct parameter *)b)->name);
}

static size_t count_pieces(struct leat_slice text) {
    size_t count = 1;
    for (size_t i = 0; i < text.size; i++) count += text.data[i] == '&';
    return count;
}

static bool add(struct form *form, struct leat_slice piece, struct arena *arena) {
    const uint8_t *equals = piece.size > 0 ? memchr(piece.data, '=', piece.size) : NULL;
    if (piece.size == 0) return true;
    size_t size = equals != NULL ? (size_t)(equals - piece.data) : piece.size;
    struct parameter *parameter = &form->all[form->count++];
    parameter->name = net_percent_decode(arena, slice_of(piece.data, size), true);
    parameter->value = equals == NULL ? SLICE("") : net_percent_decode(arena, slice_of(equals + 1, piece.size - size - 1), true);
    return parameter->name.data != NULL && parameter->value.data != NULL;
}

struct form *form_read(struct leat_slice text, struct arena *arena) {
    size_t pieces = count_pieces(text);
    struct form *form = pieces <= FORM_PARAMETERS_MAX ? ARENA_NEW(arena, struct form) : NULL;
    if (form == NULL) return NULL;
    form->all = ARENA_ARRAY(arena, struct parameter, pieces);
    if (form->all == NULL) return NULL;
    for (size_t at = 0; at < text.size;) {
        const uint8_t *begin = text.data + at, *end = memchr(begin, '&', text.size - at);
        size_t size = end != NULL ? (size_t)(end - begin) : text.size - at;
        if (!add(form, slice_of(begin, size), arena)) return NULL;
        at += size + 1;
    }
    qsort(form->all, form->count, sizeof *form->all, compare);
    return form;
}

/* The first parameter whose name is not less. */
static const struct parameter *lower_bound(const struct form *form, struct leat_slice name) {
    size_t low = 0, high = form->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice_compare(form->all[middle].name, name) < 0) low = middle + 1;
        else high = middle;
    }
    return low < form->count ? &form->all[low] : NULL;
}

static struct leat_slice find(const struct form *form, struct leat_slice name) {
    const struct parameter *found = lower_bound(form, name);
    return found != NULL && slice_equal(found->name, name) ? found->value : (struct leat_slice){NULL, 0};
}

struct leat_slice form_value(const struct form *form, const char *name) {
    return form != NULL ? find(form, slice_text(name)) : (struct leat_slice){NULL, 0};
}

/* Is there anything of that name, or below it? */
static bool has(const struct form *form, struct leat_slice name) {
    const struct parameter *found = lower_bound(form, name);
    if (found != NULL && slice_equal(found->name, name)) return true;
    char below[NAME_SIZE_MAX + 1];
    if (name.size >= NAME_SIZE_MAX) return false;
    memcpy(below, name.data, name.size);
    below[name.size] = '.';
    struct leat_slice prefix = slice_of(below, name.size + 1);
    found = lower_bound(form, prefix);
    return found != NULL && slice_starts(found->name, prefix);
}

/* ---- to JSON ---- */

struct writing {
    const struct form *form;
    struct json_writer json;
};

/* "prefix" and "name" with a dot between them, into out; absent: too long for anything that is declared. */
static struct leat_slice join(struct leat_slice prefix, const char *name, char out[NAME_SIZE_MAX]) {
    int size = snprintf(out, NAME_SIZE_MAX, "%.*s%s%s", SLICE_FORMAT(prefix), prefix.size > 0 ? "." : "", name);
    return size < NAME_SIZE_MAX ? slice_of(out, (size_t)size) : (struct leat_slice){NULL, 0};
}

static void write_members(struct writing *writing, const struct api_field *fields, struct leat_slice prefix);
static void write_value(struct writing *writing, const struct api_field *field, struct leat_slice name);

/* A number that is none stays text, and is refused as such. */
static void write_scalar(struct json_writer *json, const struct api_field *field, struct leat_slice text) {
    size_t sign = text.size > 1 && text.data[0] == '-';
    struct leat_slice digits = slice_of(text.data + sign, text.size - sign);
    bool number = digits.size > 0 && digits.size < NUMBER_SIZE && slice_within(digits, '0', '9');
    if (number && digits.size > 1 && digits.data[0] == '0') number = false;
    if (field->kind == API_INTEGER && number) json_verbatim(json, text);
    else if (field->kind == API_BOOLEAN && (slice_is(text, "true") || slice_is(text, "false"))) json_verbatim(json, text);
    else json_string(json, text);
}

static void write_entries(struct writing *writing, const struct api_field *field, struct leat_slice name) {
    char each[NAME_SIZE_MAX], inner[NAME_SIZE_MAX], number[NUMBER_SIZE];
    bool map = field->kind == API_MAP;
    for (unsigned i = 1; i <= FORM_PARAMETERS_MAX; i++) {
        (void)snprintf(number, sizeof number, "%u", i);
        struct leat_slice entry = join(name, number, each);
        if (entry.data == NULL || !has(writing->form, entry)) return;
        if (map) {
            struct leat_slice key = find(writing->form, join(entry, field->query_key != NULL ? field->query_key : "key", inner));
            json_key_slice(&writing->json, key.data != NULL ? key : SLICE(""));
            entry = join(entry, field->query_value != NULL ? field->query_value : "value", inner);
        }
        write_value(writing, field->element, entry);
    }
}

/* Lists and maps stand here without their own name: `name` says it. */
static void write_value(struct writing *writing, const struct api_field *field, struct leat_slice name) {
    struct json_writer *json = &writing->json;
    switch (field->kind) {
    case API_STRUCT:
        json_object(json);
        write_members(writing, field->fields, name);
        json_object_end(json);
        return;
    case API_LIST:
        json_array(json);
        write_entries(writing, field, name);
        json_array_end(json);
        return;
    case API_MAP:
        json_object(json);
        write_entries(writing, field, name);
        json_object_end(json);
        return;
    default: {
        struct leat_slice value = find(writing->form, name);
        if (value.data != NULL) write_scalar(json, field, value);
        else json_null(json);
    }
    }
}

static void write_members(struct writing *writing, const struct api_field *fields, struct leat_slice prefix) {
    char room[NAME_SIZE_MAX], longer[NAME_SIZE_MAX];
    for (const struct api_field *field = fields; field != NULL && field->name != NULL; field++) {
        bool many = field->kind == API_LIST || field->kind == API_MAP;
        struct leat_slice name = join(prefix, many && field->query != NULL ? field->query : field->name, room);
        if (name.data == NULL || !has(writing->form, name)) continue;
        if (many && field->query == NULL) name = join(name, field->kind == API_LIST ? "member" : "entry", longer);
        json_key(&writing->json, field->name);
        write_value(writing, field, name);
    }
}

struct leat_slice form_to_json(const struct form *form, const struct api_field *fields, struct arena *arena) {
    struct buf text;
    struct writing writing = {.form = form};
    buf_init_in(&text, arena, JSON_BYTES_MAX);
    json_writer_init(&writing.json, &text);
    json_object(&writing.json);
    write_members(&writing, fields, (struct leat_slice){(const uint8_t *)"", 0});
    json_object_end(&writing.json);
    return buf_keep(&text);
}
