/* Legacy parameters: what their translations share, and AttributesToGet. */
#include "api/dynamodb/legacy.h"

#include <stdlib.h>

#include "base/slice.h"

const struct api_field dynamodb_attribute_name_element = {.name = "", .kind = API_STRING};

static unsigned underscores_of(struct leat_slice map) {
    struct item_iterator entries = item_iterate(map);
    struct leat_slice key;
    struct item_value value;
    unsigned most = 0;
    while (item_map_next(&entries, &key, &value)) {
        unsigned here = 0;
        while (here + 1 < key.size && key.data[here + 1] == '_') here++;
        if (here > most) most = here;
    }
    return most;
}

void dynamodb_translate_begin(struct dynamodb_translation *translation, struct arena *arena, struct leat_slice names,
                              struct leat_slice values, struct leat_fault *fault) {
    unsigned in_names = underscores_of(names), in_values = underscores_of(values);
    *translation = (struct dynamodb_translation){
        .arena = arena, .underscores = 1 + (in_names > in_values ? in_names : in_values), .fault = fault, .code = LEAT_OK};
    buf_init(&translation->names, DYNAMODB_TRANSLATION_BYTES_MAX);
    buf_init(&translation->values, DYNAMODB_TRANSLATION_BYTES_MAX);
    buf_slice(&translation->names, names);
    buf_slice(&translation->values, values);
}

static enum leat_code close(struct dynamodb_translation *translation, struct buf *map, size_t added, struct leat_slice *out) {
    if (added == 0) return LEAT_OK;
    if (item_close(map, 0) != LEAT_OK || !buf_ok(map)) return fault_memory(translation->fault);
    *out = arena_copy(translation->arena, buf_view(map));
    return out->data == NULL ? fault_memory(translation->fault) : LEAT_OK;
}

enum leat_code dynamodb_translate_end(struct dynamodb_translation *translation, struct leat_slice *names, struct leat_slice *values) {
    enum leat_code code = translation->code;
    if (code == LEAT_OK) code = close(translation, &translation->names, translation->name_count, names);
    if (code == LEAT_OK) code = close(translation, &translation->values, translation->value_count, values);
    buf_fini(&translation->names);
    buf_fini(&translation->values);
    return code;
}

/* ---- for the other files ---- */

static int compare(const void *a, const void *b) {
    const struct leat_slice *one = *(const struct leat_slice *const *)a, *two = *(const struct leat_slice *const *)b;
    int order = slice_compare(*one, *two);
    return order != 0 ? order : (one > two) - (one < two);
}

static const void **sort(struct arena *arena, const struct api_list *list, size_t size) {
    const void **sorted = ARENA_ARRAY(arena, const void *, list->count);
    for (size_t i = 0; i < list->count && sorted != NULL; i++) sorted[i] = (const uint8_t *)list->elements + i * size;
    if (sorted != NULL) qsort(sorted, list->count, sizeof *sorted, compare);
    return sorted;
}

static struct leat_slice name_of(const void *entry) { return *(const struct leat_slice *)entry; }

size_t dynamodb_translate_sort(struct dynamodb_translation *translation, const struct api_list *map, size_t size, const void *const **out) {
    if (translation->code != LEAT_OK || map->count == 0) return 0;
    const void **sorted = sort(translation->arena, map, size);
    if (sorted == NULL) {
        translation->code = fault_memory(translation->fault);
        return 0;
    }
    if (name_of(sorted[0]).size == 0) {
        translation->code = fault_set(translation->fault, LEAT_VALIDATION,
                                      "One or more parameter values were invalid: An attribute name may not be empty");
        return 0;
    }
    size_t count = 0;
    for (size_t i = 0; i < map->count; i++) {
        bool again = count > 0 && slice_equal(name_of(sorted[count - 1]), name_of(sorted[i]));
        sorted[again ? count - 1 : count++] = sorted[i];
    }
    *out = sorted;
    return count;
}

/* "#__7", ":__12" */
static void write_placeholder(const struct dynamodb_translation *translation, struct buf *out, char sign, size_t number) {
    buf_byte(out, (uint8_t)sign);
    for (unsigned i = 0; i < translation->underscores; i++) buf_byte(out, '_');
    buf_print(out, "%zu", number);
}

static struct leat_slice placeholder(const struct dynamodb_translation *translation, struct buf *text, char sign, size_t number) {
    size_t start = text->size;
    write_placeholder(translation, text, sign, number);
    return buf_ok(text) ? slice_of(text->data + start, text->size - start) : SLICE("");
}

void dynamodb_translate_form(struct dynamodb_translation *translation, struct buf *text, const char *form, struct leat_slice name,
                             const struct leat_slice *values) {
    bool named = false;
    for (; *form != 0; form++) {
        if (*form == '#' && !named) {
            item_put_name(&translation->names, placeholder(translation, text, '#', translation->name_count++));
            item_put_string(&translation->names, name);
            named = true;
        } else if (*form == '#') {
            write_placeholder(translation, text, '#', translation->name_count - 1);
        } else if (*form == ':') {
            item_put_name(&translation->values, placeholder(translation, text, ':', translation->value_count++));
            buf_slice(&translation->values, *values++);
        } else {
            buf_byte(text, (uint8_t)*form);
        }
    }
}

struct leat_slice dynamodb_translate_keep(struct dynamodb_translation *translation, struct buf *text) {
    struct leat_slice kept = {NULL, 0};
    if (translation->code == LEAT_OK && (!buf_ok(text) || text->size > 0)) {
        if (buf_ok(text)) kept = arena_copy(translation->arena, buf_view(text));
        if (kept.data == NULL) translation->code = fault_memory(translation->fault);
    }
    buf_fini(text);
    return kept;
}

/* ---- AttributesToGet ---- */

enum leat_code dynamodb_check_attributes(struct arena *arena, const struct api_list *names, struct leat_fault *fault) {
    if (names->count < 2) return LEAT_OK;
    const void **sorted = sort(arena, names, sizeof(struct leat_slice));
    if (sorted == NULL) return fault_memory(fault);
    for (size_t i = 1; i < names->count; i++)
        if (slice_equal(name_of(sorted[i - 1]), name_of(sorted[i])))
            return fault_set(fault, LEAT_VALIDATION,
                             "One or more parameter values were invalid: Duplicate value in attribute name: %.*s",
                             SLICE_FORMAT(name_of(sorted[i])));
    return LEAT_OK;
}

struct leat_slice dynamodb_translate_attributes(struct dynamodb_translation *translation, const struct api_list *names) {
    const void *const *sorted = NULL;
    size_t count = dynamodb_translate_sort(translation, names, sizeof(struct leat_slice), &sorted);
    struct buf text;
    buf_init(&text, DYNAMODB_TRANSLATION_BYTES_MAX);
    for (size_t i = 0; i < count; i++) dynamodb_translate_form(translation, &text, i == 0 ? "#" : ",#", name_of(sorted[i]), NULL);
    return dynamodb_translate_keep(translation, &text);
}

enum leat_code dynamodb_translate_projection(struct arena *arena, const struct api_list *attributes, struct leat_slice *projection,
                                             struct leat_slice *names, struct leat_fault *fault) {
    struct dynamodb_translation translation;
    struct leat_slice values;
    if (!attributes->given) return LEAT_OK;
    TRY(dynamodb_check_attributes(arena, attributes, fault));
    dynamodb_translate_begin(&translation, arena, *names, (struct leat_slice){NULL, 0}, fault);
    *projection = dynamodb_translate_attributes(&translation, attributes);
    return dynamodb_translate_end(&translation, names, &values);
}

/* ---- the way back ---- */

void dynamodb_reword(struct leat_fault *fault, const char *from, const char *to) {
    size_t begin = strlen(from);
    if (strncmp(fault->message, from, begin) != 0) return;
    struct leat_fault before = *fault;
    (void)fault_set(fault, before.code, "%s%s", to, before.message + begin);
}
