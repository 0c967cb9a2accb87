/* Reading DynamoDB JSON. One function per kind of member; write_json.c goes the other way.
 *
 * AWS first turns the whole request into Java objects (SerializationException when the shape is wrong) and only then looks at what
 * it says (ValidationException). So that the same request finds the same fault here, the first validation fault is kept and reading
 * goes on to the end: a fault of shape behind it wins. While there is one, a null stands in for each wrong value. */
#include "item/item_json.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/encode.h"
#include "base/slice.h"

struct reading {
    struct json_reader *reader;
    struct buf *out;
    struct leat_fault *fault;
    enum leat_code code; /* LEAT_VALIDATION once a fault of that kind was found */
};

#define ATTRIBUTE_VALUE "com.amazonaws.dynamodb.v20120810.AttributeValue"
#define WRONG_VALUES "One or more parameter values were invalid: "

/* ---- faults ---- */

/* Keeps the first validation fault and reads on. */
#define INVALID(reading, ...) \
    ((reading)->code == LEAT_OK ? (void)((reading)->code = fault_set((reading)->fault, LEAT_VALIDATION, __VA_ARGS__)) : (void)0)

static enum leat_code malformed(struct reading *reading) {
    if (reading->reader->error == json_error_memory) return fault_memory(reading->fault);
    return fault_set(reading->fault, LEAT_SERIALIZATION, "not JSON: %s", reading->reader->error);
}

/* Moves on; an error of the JSON ends the reading. */
#define NEXT(reading) \
    do { \
        if (json_next((reading)->reader) == JSON_ERROR) return malformed(reading); \
    } while (0)

const char *item_json_scalar_name(const struct json_reader *reader) {
    switch (reader->token) {
    case JSON_TRUE: return "TRUE_VALUE";
    case JSON_FALSE: return "FALSE_VALUE";
    case JSON_STRING: return "STRING_VALUE";
    default: break;
    }
    for (size_t i = 0; i < reader->text.size; i++) {
        if (strchr(".eE", reader->text.data[i]) != NULL) return "DECIMAL_VALUE";
    }
    return "NUMBER_VALUE";
}

/* The newest token does not begin what was expected: words for arrays (what is expected, as Java calls it), objects, scalars. */
static enum leat_code misplaced(struct reading *reading, const char *collection, const char *scalar) {
    if (reading->reader->token == JSON_ARRAY) {
        return fault_set(reading->fault, LEAT_SERIALIZATION, "Unrecognized collection type %s", collection);
    }
    if (reading->reader->token == JSON_OBJECT) {
        return fault_set(reading->fault, LEAT_SERIALIZATION, "Start of structure or map found where not expected");
    }
    return fault_set(reading->fault, LEAT_SERIALIZATION, "%s", scalar);
}

static enum leat_code not_text(struct reading *reading) {
    char scalar[64];
    (void)snprintf(scalar, sizeof scalar, "%s cannot be converted to String", item_json_scalar_name(reading->reader));
    return misplaced(reading, "class java.lang.String", scalar);
}

/* ---- leaves: the newest token is the member's value ---- */

static enum leat_code read_string(struct reading *reading) {
    if (reading->reader->token != JSON_STRING) return not_text(reading);
    item_put_string(reading->out, reading->reader->text);
    return LEAT_OK;
}

/* A number's text; zero stands in for one that is wrong. */
static enum leat_code take_number(struct reading *reading, struct item_number *number) {
    if (reading->reader->token != JSON_STRING) return not_text(reading);
    struct leat_fault *fault = reading->code == LEAT_OK ? reading->fault : NULL; /* only the first one is kept */
    enum leat_code code = item_number_parse(reading->reader->text, number, fault);
    if (code == LEAT_OK) return LEAT_OK;
    reading->code = code;
    *number = (struct item_number){0};
    return LEAT_OK;
}

static enum leat_code read_number(struct reading *reading) {
    struct item_number number;
    TRY(take_number(reading, &number));
    item_put_number(reading->out, &number);
    return LEAT_OK;
}

static enum leat_code take_binary(struct reading *reading, struct leat_slice *bytes) {
    struct leat_slice text = reading->reader->text;
    if (reading->reader->token != JSON_STRING) {
        return misplaced(reading, "class java.nio.ByteBuffer", "only base-64-encoded strings are convertible to bytes");
    }
    if (text.size % 4 != 0) {
        return fault_set(reading->fault, LEAT_SERIALIZATION, "Base64 encoded length is expected a multiple of 4 bytes but found: %zu",
                         text.size);
    }
    *bytes = base64_decode(reading->reader->arena, text);
    if (bytes->data != NULL) return LEAT_OK;
    if (arena_alloc(reading->reader->arena, text.size) == NULL) return fault_memory(reading->fault);
    return fault_set(reading->fault, LEAT_SERIALIZATION, "Invalid last non-pad Base64 character dectected"); /* AWS spells it so */
}

static enum leat_code read_binary(struct reading *reading) {
    struct leat_slice bytes;
    TRY(take_binary(reading, &bytes));
    item_put_binary(reading->out, bytes);
    return LEAT_OK;
}

static bool one_of(struct leat_slice text, const char *a, const char *b, const char *c) {
    const char *const words[] = {a, b, c};
    for (size_t i = 0; i < 3; i++) {
        if (text.size == strlen(words[i]) && strncasecmp((const char *)text.data, words[i], text.size) == 0) return true;
    }
    return false;
}

bool item_json_boolean(struct leat_slice text, bool *value) {
    *value = one_of(text, "true", "yes", "1");
    return *value || one_of(text, "false", "no", "0");
}

static enum leat_code take_boolean(struct reading *reading, bool *value) {
    struct json_reader *reader = reading->reader;
    if (reader->token == JSON_TRUE || reader->token == JSON_FALSE) {
        *value = reader->token == JSON_TRUE;
    } else if (reader->token == JSON_STRING) {
        if (!item_json_boolean(reader->text, value)) {
            return fault_set(reading->fault, LEAT_SERIALIZATION, "Unexpected token received from parser");
        }
    } else {
        char scalar[64];
        (void)snprintf(scalar, sizeof scalar, "%s cannot be converted to Boolean", item_json_scalar_name(reader));
        return misplaced(reading, "class java.lang.Boolean", scalar);
    }
    return LEAT_OK;
}

static enum leat_code read_boolean(struct reading *reading, enum item_type type) {
    bool value = false;
    TRY(take_boolean(reading, &value));
    if (type == ITEM_BOOL) {
        item_put_bool(reading->out, value);
        return LEAT_OK;
    }
    if (!value) INVALID(reading, WRONG_VALUES "Null attribute value types must have the value of true");
    item_put_null(reading->out);
    return LEAT_OK;
}

/* ---- sets ---- */

/* "[a, a]" of a set's JSON as far as it fits: AWS lists all elements, in the order of the request. */
static void list_elements(struct reading *reading, struct leat_slice json, struct leat_slice *list) {
    struct json_reader again;
    struct buf text;
    json_reader_init(&again, json, reading->reader->arena);
    buf_init(&text, 2 * sizeof reading->fault->message);
    (void)json_next(&again);
    buf_byte(&text, '[');
    for (bool first = true; json_next(&again) == JSON_STRING && buf_ok(&text); first = false) {
        if (!first) buf_append(&text, ", ", 2);
        size_t room = text.max - text.size;
        buf_slice(&text, again.text.size < room ? again.text : slice_of(again.text.data, room));
    }
    if (buf_ok(&text)) buf_byte(&text, ']');
    *list = arena_copy(reading->reader->arena, buf_view(&text));
    buf_fini(&text);
}

static void duplicates(struct reading *reading, enum item_type type, struct leat_slice json) {
    struct leat_slice list = {NULL, 0};
    if (type == ITEM_NS) {
        INVALID(reading, "Input collection contains duplicates");
        return;
    }
    list_elements(reading, json, &list);
    INVALID(reading, WRONG_VALUES "Input collection %.*s%s contains duplicates.", SLICE_FORMAT(list), type == ITEM_BS ? "of type BS" : "");
}

static enum leat_code read_element(struct reading *reading, enum item_type type) {
    struct leat_slice bytes = reading->reader->text;
    struct item_number number;
    uint8_t encoded[ITEM_NUMBER_ENCODED_MAX];
    if (type == ITEM_NS) {
        TRY(take_number(reading, &number));
        bytes = slice_of(encoded, item_number_encode(&number, encoded));
    } else if (type == ITEM_BS) {
        TRY(take_binary(reading, &bytes));
    } else if (reading->reader->token != JSON_STRING) {
        return not_text(reading);
    }
    item_put_element(reading->out, bytes);
    return LEAT_OK;
}

static enum leat_code read_set(struct reading *reading, enum item_type type) {
    static const char *const empty[] = {[ITEM_SS] = "An string set  may not be empty", [ITEM_NS] = "An number set  may not be empty",
                                        [ITEM_BS] = "Binary sets should not be empty"};
    struct json_reader *reader = reading->reader;
    if (reader->token != JSON_ARRAY) return misplaced(reading, "", "Unexpected field type");
    const uint8_t *begin = reader->start;
    size_t mark = item_begin(reading->out, type), count = 0;
    for (;;) {
        NEXT(reading);
        if (reader->token == JSON_ARRAY_END) break;
        if (reader->token == JSON_NULL) {
            INVALID(reading, WRONG_VALUES "An attribute value may not be null");
            continue;
        }
        TRY(read_element(reading, type));
        count++;
    }
    if (count == 0) INVALID(reading, WRONG_VALUES "%s", empty[type]);
    enum leat_code code = item_end(reading->out, mark);
    if (code == LEAT_VALIDATION) duplicates(reading, type, slice_of(begin, (size_t)(reader->at - begin)));
    else if (code != LEAT_OK) return fault_memory(reading->fault);
    return LEAT_OK;
}

/* ---- documents ---- */

static enum leat_code read_value(struct reading *reading, unsigned depth);

static enum leat_code read_list(struct reading *reading, unsigned depth) {
    if (reading->reader->token != JSON_ARRAY) return misplaced(reading, "", "Unexpected field type");
    size_t mark = item_begin(reading->out, ITEM_L);
    for (;;) {
        NEXT(reading);
        if (reading->reader->token == JSON_ARRAY_END) break;
        TRY(read_value(reading, depth + 1));
    }
    return item_end(reading->out, mark) == LEAT_OK ? LEAT_OK : fault_memory(reading->fault);
}

/* The members of a map or an item up to the object's end. */
static enum leat_code read_members(struct reading *reading, unsigned depth) {
    for (;;) {
        NEXT(reading);
        if (reading->reader->token == JSON_OBJECT_END) return LEAT_OK;
        if (reading->reader->text.size > ITEM_NAME_MAX) INVALID(reading, ITEM_NAME_WORDS);
        item_put_name(reading->out, reading->reader->text);
        NEXT(reading);
        TRY(read_value(reading, depth));
    }
}

static enum leat_code read_map(struct reading *reading, unsigned depth) {
    if (reading->reader->token != JSON_OBJECT) {
        return misplaced(reading, "java.util.Map<java.lang.String, " ATTRIBUTE_VALUE ">", "Unexpected field type");
    }
    size_t mark = item_begin(reading->out, ITEM_M);
    TRY(read_members(reading, depth + 1));
    return item_end_last_wins(reading->out, mark) == LEAT_OK ? LEAT_OK : fault_memory(reading->fault);
}

static enum leat_code read_member(struct reading *reading, enum item_type type, unsigned depth) {
    switch (type) {
    case ITEM_S: return read_string(reading);
    case ITEM_N: return read_number(reading);
    case ITEM_B: return read_binary(reading);
    case ITEM_BOOL: case ITEM_NULL: return read_boolean(reading, type);
    case ITEM_SS: case ITEM_NS: case ITEM_BS: return read_set(reading, type);
    case ITEM_L: return read_list(reading, depth);
    default: return read_map(reading, depth);
    }
}

/* The members of an AttributeValue; *count tells how many of the known ones were there. Unknown members and nulls are passed over. */
static enum leat_code read_union(struct reading *reading, unsigned depth, unsigned *count) {
    size_t mark = reading->out->size;
    unsigned seen = 0;
    for (;;) {
        NEXT(reading);
        if (reading->reader->token == JSON_OBJECT_END) break;
        enum item_type type = item_type_of(reading->reader->text);
        NEXT(reading);
        if (type == ITEM_ABSENT) {
            if (!json_skip(reading->reader)) return malformed(reading);
        } else if (reading->reader->token != JSON_NULL) {
            reading->out->size = mark; /* of a member that comes twice the last one stays */
            seen |= 1u << type;
            TRY(read_member(reading, type, depth));
        }
    }
    *count = (unsigned)__builtin_popcount(seen);
    return LEAT_OK;
}

static enum leat_code read_value(struct reading *reading, unsigned depth) {
    struct json_reader *reader = reading->reader;
    size_t mark = reading->out->size;
    unsigned count = 0;
    if (reader->token != JSON_OBJECT && reader->token != JSON_NULL) {
        return misplaced(reading, "class " ATTRIBUTE_VALUE, "Unexpected value type in payload");
    }
    if (depth > ITEM_DEPTH_MAX) {
        INVALID(reading, "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit");
        if (!json_skip(reader)) return malformed(reading);
        count = 1;
    } else if (reader->token == JSON_OBJECT) {
        TRY(read_union(reading, depth, &count));
    }
    if (count == 0) INVALID(reading, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
    if (count > 1) {
        INVALID(reading,
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes");
    }
    if (reading->code != LEAT_OK && buf_ok(reading->out)) {
        reading->out->size = mark;
        item_put_null(reading->out);
    }
    return LEAT_OK;
}

/* ---- from outside ---- */

/* After a fault nothing of what was read stays in out. */
static enum leat_code finish(struct reading *reading, size_t mark, enum leat_code code) {
    if (code == LEAT_OK) code = reading->code;
    if (code == LEAT_OK && !buf_ok(reading->out)) code = fault_memory(reading->fault);
    if (code != LEAT_OK && reading->out->size > mark) reading->out->size = mark;
    return code;
}

enum leat_code item_from_json(struct json_reader *reader, struct buf *out, struct leat_fault *fault) {
    struct reading reading = {.reader = reader, .out = out, .fault = fault, .code = LEAT_OK};
    size_t mark = out->size;
    enum leat_code code = read_members(&reading, 1);
    if (code == LEAT_OK && item_close_last_wins(out, mark) != LEAT_OK) code = fault_memory(fault);
    return finish(&reading, mark, code);
}

enum leat_code item_value_from_json(struct json_reader *reader, struct buf *out, struct leat_fault *fault) {
    struct reading reading = {.reader = reader, .out = out, .fault = fault, .code = LEAT_OK};
    size_t mark = out->size;
    return finish(&reading, mark, read_value(&reading, 1));
}
