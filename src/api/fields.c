#include "api/fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/slice.h"
#include "item/item_json.h"
#include "item/value.h"

/* Encoded values are shorter than three times their JSON in every case (a set's number is the worst: 4 characters, up to 7
 * bytes), so a buffer of that size never has to move and slices into it stay good. */
enum { ITEM_GROWTH = 3, ITEM_ROOM_MIN = 256, ITEM_ARENA_MAX = 256 * 1024 };

enum leat_code api_decoder_init(struct api_decoder *decoder, struct arena *arena, size_t body_size, struct leat_fault *fault) {
    size_t room = body_size * ITEM_GROWTH + ITEM_ROOM_MIN;
    decoder->arena = arena;
    decoder->item_code = decoder->values_code = LEAT_OK;
    decoder->items_owned = room > ITEM_ARENA_MAX;
    if (decoder->items_owned) {
        buf_init(&decoder->items, room);
        if (!buf_reserve(&decoder->items, room)) return fault_memory(fault);
        return LEAT_OK;
    }
    void *memory = arena_alloc(arena, room);
    if (memory == NULL) return fault_memory(fault);
    decoder->items = (struct buf){.data = memory, .capacity = room, .max = room};
    return LEAT_OK;
}

void api_decoder_fini(struct api_decoder *decoder) {
    if (decoder->items_owned) buf_fini(&decoder->items);
    decoder->items_owned = false;
}

/* nested: in a list or map, not a member of a struct; AWS words some faults differently there. */
static enum leat_code decode_value(struct api_decoder *decoder, struct json_reader *reader, const struct api_field *field, uint8_t *at,
                                   bool nested, struct leat_fault *fault);

/* ---- scalars ---- */

static void set_enum(const struct api_field *field, struct leat_slice text, struct api_enum *out) {
    *out = (struct api_enum){.text = text, .value = -1};
    for (const struct api_choice *choice = field->choices; choice->text != NULL; choice++)
        if (slice_is(text, choice->text)) out->value = choice->value;
}

static enum leat_code decode_integer(const struct json_reader *reader, const struct api_field *field, struct api_integer *out,
                                     struct leat_fault *fault) {
    if (reader->token != JSON_NUMBER) return api_wrong_value(reader, field, false, fault);
    double number;
    out->given = true;
    if (json_integer(reader, &out->value)) return LEAT_OK;
    /* AWS cuts fractions off */
    if (!json_double(reader, &number) || !(number > -9e18 && number < 9e18))
        return api_wrong_value(reader, field, false, fault);
    out->value = (int64_t)number;
    return LEAT_OK;
}

/* AWS takes the words that it takes in a BOOL, too. */
static enum leat_code decode_boolean(const struct json_reader *reader, const struct api_field *field, struct api_boolean *out,
                                     struct leat_fault *fault) {
    out->given = true;
    out->value = reader->token == JSON_TRUE;
    if (reader->token == JSON_TRUE || reader->token == JSON_FALSE) return LEAT_OK;
    if (reader->token != JSON_STRING) return api_wrong_value(reader, field, false, fault);
    if (item_json_boolean(reader->text, &out->value)) return LEAT_OK;
    return fault_set(fault, LEAT_SERIALIZATION, "Unexpected token received from parser");
}

static enum leat_code decode_timestamp(const struct json_reader *reader, const struct api_field *field, struct api_integer *out,
                                       struct leat_fault *fault) {
    double seconds;
    if (reader->token != JSON_NUMBER || !json_double(reader, &seconds) || !(seconds > -9e15 && seconds < 9e15))
        return api_wrong_value(reader, field, false, fault);
    *out = (struct api_integer){true, (int64_t)(seconds * 1000)};
    return LEAT_OK;
}

static enum leat_code decode_blob(struct arena *arena, const struct json_reader *reader, const struct api_field *field,
                                  struct leat_slice *out, struct leat_fault *fault) {
    if (reader->token != JSON_STRING) return api_wrong_value(reader, field, false, fault);
    *out = base64_decode(arena, reader->text);
    if (out->data == NULL) return fault_set(fault, LEAT_SERIALIZATION, "Invalid Base64 value");
    return LEAT_OK;
}

/* ---- items ---- */

static void keep_item_fault(struct api_decoder *decoder, enum leat_code code, const struct leat_fault *fault) {
    if (decoder->item_code != LEAT_OK) return;
    decoder->item_code = code;
    fault_copy(&decoder->item_fault, fault);
}

/* An attribute value that is well-formed JSON but wrong in itself is reported later than the constraints: the reader moves past it. */
static enum leat_code decode_item(struct api_decoder *decoder, struct json_reader *reader, const struct api_field *field,
                                  struct leat_slice *out, struct leat_fault *fault) {
    struct json_reader before = *reader;
    size_t start = decoder->items.size;
    struct leat_fault words;
    fault_clear(&words);
    enum leat_code code = item_from_json(reader, &decoder->items, &words);
    if (code == LEAT_VALIDATION) {
        if (field->fault_words != NULL) {
            struct leat_fault own = words;
            fault_set(&words, code, "%s%.900s", field->fault_words, own.message);
        }
        keep_item_fault(decoder, code, &words);
        decoder->items.size = start;
        *reader = before;
        if (!json_skip(reader)) return api_malformed(reader, fault);
    } else if (code != LEAT_OK) {
        if (fault != NULL) fault_copy(fault, &words);
        return code;
    }
    *out = slice_of(decoder->items.data + start, decoder->items.size - start);
    return LEAT_OK;
}

static enum leat_code decode_attribute_value(struct api_decoder *decoder, struct json_reader *reader, struct leat_slice *out,
                                             struct leat_fault *fault) {
    struct json_reader before = *reader;
    size_t start = decoder->items.size;
    struct leat_fault words = {0};
    enum leat_code code = item_value_from_json(reader, &decoder->items, &words);
    if (code == LEAT_VALIDATION) {
        keep_item_fault(decoder, code, &words);
        decoder->items.size = start;
        item_put_null(&decoder->items); /* something was given */
        *reader = before;
        if (!json_skip(reader)) return api_malformed(reader, fault);
    } else if (code != LEAT_OK) {
        if (fault != NULL) *fault = words;
        return code;
    }
    *out = slice_of(decoder->items.data + start, decoder->items.size - start);
    return LEAT_OK;
}

static enum leat_code close_map(struct api_decoder *decoder, size_t start, struct leat_slice *out, struct leat_fault *fault) {
    enum leat_code code = item_close(&decoder->items, start);
    if (code == LEAT_VALIDATION) return fault_set(fault, LEAT_SERIALIZATION, "Duplicate keys in a map");
    if (code != LEAT_OK) return fault_memory(fault);
    *out = slice_of(decoder->items.data + start, decoder->items.size - start);
    return LEAT_OK;
}

static const struct api_field name_field = {.kind = API_STRING};

static enum leat_code decode_names(struct api_decoder *decoder, struct json_reader *reader, struct leat_slice *out,
                                   struct leat_fault *fault) {
    size_t start = decoder->items.size;
    while (json_next(reader) == JSON_KEY) {
        item_put_name(&decoder->items, reader->text);
        if (json_next(reader) != JSON_STRING) return api_wrong_value(reader, &name_field, true, fault);
        item_put_string(&decoder->items, reader->text);
    }
    if (reader->token != JSON_OBJECT_END) return api_malformed(reader, fault);
    return close_map(decoder, start, out, fault);
}

static enum leat_code decode_values(struct api_decoder *decoder, struct json_reader *reader, struct leat_slice *out,
                                    struct leat_fault *fault) {
    size_t start = decoder->items.size;
    while (json_next(reader) == JSON_KEY) {
        struct leat_slice name = reader->text;
        item_put_name(&decoder->items, name);
        size_t value = decoder->items.size;
        (void)json_next(reader);
        struct json_reader before = *reader;
        struct leat_fault words;
        fault_clear(&words);
        enum leat_code code = item_value_from_json(reader, &decoder->items, &words);
        if (code == LEAT_VALIDATION) {
            if (decoder->values_code == LEAT_OK)
                decoder->values_code = fault_set(&decoder->values_fault, code,
                                                 "ExpressionAttributeValues contains invalid value: %.600s for key %.*s", words.message,
                                                 SLICE_FORMAT(name));
            decoder->items.size = value;
            item_put_null(&decoder->items); /* the map is not emptier than what was sent */
            *reader = before;
            if (!json_skip(reader)) return api_malformed(reader, fault);
        } else if (code != LEAT_OK) {
            if (fault != NULL) fault_copy(fault, &words);
            return code;
        }
    }
    if (reader->token != JSON_OBJECT_END) return api_malformed(reader, fault);
    return close_map(decoder, start, out, fault);
}

/* ---- collections ---- */

static const struct api_field *find_field(const struct api_field *fields, struct leat_slice name) {
    const struct api_field *field = fields;
    if (name.size == 0) return NULL;
    for (; field->name != NULL; field++) /* the first letter tells most of them apart */
        if (name.data[0] == (uint8_t)field->name[0] && field->location == API_IN_BODY && slice_is(name, field->name)) return field;
    return NULL;
}

static enum leat_code decode_members(struct api_decoder *decoder, struct json_reader *reader, const struct api_field *fields,
                                     uint8_t *out, struct leat_fault *fault) {
    while (json_next(reader) == JSON_KEY) {
        const struct api_field *field = find_field(fields, reader->text);
        if (json_next(reader) == JSON_NULL) continue;
        if (field != NULL) TRY(decode_value(decoder, reader, field, out + field->offset, false, fault));
        else if (!json_skip(reader)) return api_malformed(reader, fault);
    }
    return reader->token == JSON_OBJECT_END ? LEAT_OK : api_malformed(reader, fault);
}

/* Room for one more element; NULL: no memory or too many. */
static uint8_t *list_add(struct arena *arena, struct api_list *list, size_t *capacity, size_t size) {
    if (list->count >= API_ELEMENTS_MAX) return NULL;
    if (list->count == *capacity) {
        size_t more = *capacity == 0 ? 4 : *capacity * 2;
        uint8_t *grown = arena_zero(arena, more, size);
        if (grown == NULL) return NULL;
        if (list->count > 0) memcpy(grown, list->elements, list->count * size);
        list->elements = grown;
        *capacity = more;
    }
    return (uint8_t *)list->elements + list->count++ * size;
}

static enum leat_code decode_element(struct api_decoder *decoder, struct json_reader *reader, const struct api_field *field, uint8_t *at,
                                     struct leat_fault *fault) {
    if (reader->token == JSON_NULL) return LEAT_OK;
    if (field->element->kind != API_STRUCT)
        return decode_value(decoder, reader, field->element, at + field->element->offset, true, fault);
    if (reader->token != JSON_OBJECT) return api_wrong_value(reader, field->element, true, fault);
    return decode_members(decoder, reader, field->element->fields, at, fault);
}

static enum leat_code decode_list(struct api_decoder *decoder, struct json_reader *reader, const struct api_field *field,
                                  struct api_list *out, struct leat_fault *fault) {
    size_t capacity = 0;
    out->given = true;
    while (json_next(reader) != JSON_ARRAY_END) {
        if (reader->token == JSON_ERROR) return api_malformed(reader, fault);
        uint8_t *at = list_add(decoder->arena, out, &capacity, field->size);
        if (at == NULL) return fault_memory(fault);
        TRY(decode_element(decoder, reader, field, at, fault));
    }
    return LEAT_OK;
}

static enum leat_code decode_map(struct api_decoder *decoder, struct json_reader *reader, const struct api_field *field,
                                 struct api_list *out, struct leat_fault *fault) {
    size_t capacity = 0;
    out->given = true;
    while (json_next(reader) == JSON_KEY) {
        uint8_t *at = list_add(decoder->arena, out, &capacity, field->size);
        if (at == NULL) return fault_memory(fault);
        *(struct leat_slice *)(void *)at = reader->text;
        (void)json_next(reader);
        TRY(decode_element(decoder, reader, field, at, fault));
    }
    return reader->token == JSON_OBJECT_END ? LEAT_OK : api_malformed(reader, fault);
}

static enum json_token first_token(enum api_kind kind) {
    switch (kind) {
    case API_ITEM:
    case API_VALUE:
    case API_NAMES:
    case API_VALUES:
    case API_STRUCT:
    case API_MAP: return JSON_OBJECT;
    case API_LIST: return JSON_ARRAY;
    case API_STRING:
    case API_ENUM: return JSON_STRING;
    default: return JSON_END; /* more than one will do */
    }
}

/* at: the member itself. The reader's newest token is the value's first. */
static enum leat_code decode_value(struct api_decoder *decoder, struct json_reader *reader, const struct api_field *field, uint8_t *at,
                                   bool nested, struct leat_fault *fault) {
    void *member = at;
    struct leat_slice *slice = member;
    enum json_token wanted = first_token(field->kind);
    if (wanted != JSON_END && reader->token != wanted) return api_wrong_value(reader, field, nested, fault);
    switch (field->kind) {
    case API_STRING: *slice = reader->text; return LEAT_OK;
    case API_ENUM: set_enum(field, reader->text, member); return LEAT_OK;
    case API_BOOLEAN: return decode_boolean(reader, field, member, fault);
    case API_INTEGER: return decode_integer(reader, field, member, fault);
    case API_TIMESTAMP: return decode_timestamp(reader, field, member, fault);
    case API_BLOB: return decode_blob(decoder->arena, reader, field, slice, fault);
    case API_ITEM: return decode_item(decoder, reader, field, slice, fault);
    case API_VALUE: return decode_attribute_value(decoder, reader, slice, fault);
    case API_NAMES: return decode_names(decoder, reader, slice, fault);
    case API_VALUES: return decode_values(decoder, reader, slice, fault);
    case API_RAW:
    case API_PAYLOAD:
        *slice = json_raw(reader);
        return slice->data != NULL ? LEAT_OK : api_malformed(reader, fault);
    case API_LIST: return decode_list(decoder, reader, field, member, fault);
    case API_MAP: return decode_map(decoder, reader, field, member, fault);
    case API_STRUCT: break;
    }
    uint8_t *inner = arena_zero(decoder->arena, 1, field->size);
    if (inner == NULL) return fault_memory(fault);
    *(void **)member = inner;
    return decode_members(decoder, reader, field->fields, inner, fault);
}

enum leat_code api_decode(struct api_decoder *decoder, const struct api_field *fields, struct leat_slice json, void *out,
                          struct leat_fault *fault) {
    struct json_reader reader;
    json_reader_init(&reader, json, decoder->arena);
    if (json_next(&reader) != JSON_OBJECT) {
        if (reader.token == JSON_ERROR) return api_malformed(&reader, fault);
        return fault_set(fault, LEAT_SERIALIZATION, "Unexpected value type in payload");
    }
    enum leat_code code = decode_members(decoder, &reader, fields, out, fault);
    if (reader.token == JSON_ERROR) return api_malformed(&reader, fault);
    TRY(code);
    if (json_next(&reader) != JSON_END) return api_malformed(&reader, fault);
    if (!buf_ok(&decoder->items)) return fault_memory(fault);
    return LEAT_OK;
}

static bool text_integer(struct leat_slice text, int64_t *out) {
    char copy[24];
    if (text.size == 0 || text.size >= sizeof copy) return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    char *end;
    long long value = strtoll(copy, &end, 10);
    *out = value;
    return *end == 0;
}

enum leat_code api_decode_text(struct api_decoder *decoder, const struct api_field *field, struct leat_slice text, void *out,
                               struct leat_fault *fault) {
    void *member = (uint8_t *)out + field->offset;
    switch (field->kind) {
    case API_INTEGER: {
        struct api_integer *integer = member;
        integer->given = true;
        if (!text_integer(text, &integer->value))
            return fault_set(fault, LEAT_SERIALIZATION, "STRING_VALUE cannot be converted to Integer");
        return LEAT_OK;
    }
    case API_BOOLEAN: *(struct api_boolean *)member = (struct api_boolean){true, slice_is(text, "true")}; return LEAT_OK;
    case API_ENUM: set_enum(field, text, member); return LEAT_OK;
    case API_BLOB:
        *(struct leat_slice *)member = base64_decode(decoder->arena, text);
        if (((struct leat_slice *)member)->data == NULL) return fault_set(fault, LEAT_SERIALIZATION, "Invalid Base64 value");
        return LEAT_OK;
    default: *(struct leat_slice *)member = text; return LEAT_OK;
    }
}
