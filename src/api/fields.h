/* Requests as declared tables: one api_field per member says its kind, its limits and where it goes in the operation's struct.
 *
 * The table decodes the JSON body (and, for REST, path labels, query and headers) and words AWS's validation messages.
 * Members that are not in the table are ignored, as AWS does; null is the same as absent. What was decoded borrows the
 * request's text, its arena and the decoder's item buffer. One request, one thread.
 *
 *   kind         member of the struct                absent when
 *   STRING       struct leat_slice                   data == NULL      (also RAW, BLOB, ITEM, VALUE, NAMES, VALUES, PAYLOAD)
 *   ENUM         struct api_enum                     text.data == NULL
 *   INTEGER      struct api_integer                  !given            (also TIMESTAMP: milliseconds)
 *   BOOLEAN      struct api_boolean                  !given
 *   STRUCT       a pointer to the inner struct       NULL
 *   LIST, MAP    struct api_list                     !given
 */
#ifndef API_FIELDS_H
#define API_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/json.h"

enum api_kind {
    API_STRING,
    API_ENUM,
    API_INTEGER,
    API_BOOLEAN,
    API_TIMESTAMP, /* seconds since 1970, perhaps with a fraction */
    API_BLOB,      /* base64 */
    API_ITEM,      /* a map of AttributeValues: encoded as an item */
    API_VALUE,     /* one AttributeValue: encoded, with its type */
    API_NAMES,     /* ExpressionAttributeNames: a map of strings, as an item of S */
    API_VALUES,    /* ExpressionAttributeValues: an item; faults are worded with the value's name */
    API_RAW,       /* the JSON text of the value */
    API_PAYLOAD,   /* REST: the whole body, as it came */
    API_STRUCT,
    API_LIST,      /* in a query: of strings, the parameter once per element */
    API_MAP        /* like LIST; every element begins with its key, a struct leat_slice */
};

enum api_location { API_IN_BODY, API_IN_PATH, API_IN_QUERY, API_IN_HEADER };

struct api_enum {
    struct leat_slice text; /* as sent */
    int value;              /* of the choice; 0 when absent, -1 when unknown */
};
struct api_integer { bool given; int64_t value; };
struct api_boolean { bool given, value; };
struct api_list {
    void *elements; /* an array in the arena */
    size_t count;
    bool given;
};

struct api_choice { const char *text; int value; }; /* in the order in which AWS's message lists them; ended by a NULL text */

struct api_field {
    const char *name; /* as on the wire: member, label, query parameter or header. NULL ends a table */
    enum api_kind kind;
    enum api_location location;
    size_t offset;    /* in the struct (in the element for an element's field) */
    bool required;
    bool alone;       /* a fault of this field is reported without the others' */
    bool wide;        /* INTEGER: 64 bits; AWS's messages call it a Long */
    bool or_arn;      /* what begins with "arn:" is not held to pattern and maximum */
    /* characters of a string, elements of a list, the value of an integer; checked unless both are 0. max 0: none */
    int64_t min, max;
    const char *pattern;              /* STRING: literals, [classes] and a + or * behind them; nothing else */
    const struct api_choice *choices; /* ENUM */
    const struct api_field *fields;   /* STRUCT: its members */
    size_t size;                      /* STRUCT: of the inner struct; LIST, MAP: of an element */
    const char *fault_words;          /* ITEM: in front of the faults of its values; NULL: nothing */
    const char *type;                 /* STRUCT: AWS's name of it, for messages that print values */
    /* LIST, MAP in the Query protocol: "AttributeName" for AttributeName.1; NULL: Member.member.1 or Member.entry.1 */
    const char *query, *query_key, *query_value; /* MAP: "Name" and "Value" */
    const struct api_field *element;  /* LIST, MAP: what an element is. A STRUCT lies in the element itself, without a pointer */
};

#define API_FIELD(structure, member, wire_name, wire_kind, ...) \
    {.name = (wire_name), .kind = (wire_kind), .offset = offsetof(structure, member), __VA_ARGS__}
#define API_FIELDS_END {.name = NULL}

enum { API_ELEMENTS_MAX = 100000 }; /* in one list or map of a request */

struct api_decoder {
    struct arena *arena;
    struct buf items;              /* all encoded items of the request, one behind the other; never moves: see api_decoder_init */
    bool items_owned;              /* items is on the heap */
    /* The first fault that an attribute value has of its own (LEAT_VALIDATION), and the first that one of ExpressionAttributeValues has:
     * AWS reports them after the constraints, and the latter after what the operation says of the request's other members. */
    enum leat_code item_code, values_code;
    struct leat_fault item_fault, values_fault;
};

/* body_size: of the JSON that will be read. */
enum leat_code api_decoder_init(struct api_decoder *decoder, struct arena *arena, size_t body_size, struct leat_fault *fault) LEAT_MUST_USE;
void api_decoder_fini(struct api_decoder *decoder);

/* Reads a JSON document, an object, into the zeroed struct at `out`. LEAT_SERIALIZATION in AWS's words. */
enum leat_code api_decode(struct api_decoder *decoder, const struct api_field *fields, struct leat_slice json, void *out,
                          struct leat_fault *fault) LEAT_MUST_USE;

/* One member from text that is not JSON (label, query, header). */
enum leat_code api_decode_text(struct api_decoder *decoder, const struct api_field *field, struct leat_slice text, void *out,
                               struct leat_fault *fault) LEAT_MUST_USE;

/* Holds a decoded struct to its table. LEAT_OK, or LEAT_VALIDATION with the message ("2 validation errors detected: ...") appended to
 * `message`: it may be far longer than a fault. */
enum leat_code api_validate(const struct api_field *fields, const void *in, struct buf *message) LEAT_MUST_USE;

/* Is a member there? in: the struct. */
bool api_is_given(const struct api_field *field, const void *in);

/* A value that does not begin as its member wants, and text that is no JSON (for which AWS has no words). nested: in a list or map. */
enum leat_code api_wrong_value(const struct json_reader *reader, const struct api_field *field, bool nested,
                               struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code api_malformed(const struct json_reader *reader, struct leat_fault *fault) LEAT_MUST_USE;

/* Does the whole text match? */
bool api_pattern_matches(const char *pattern, struct leat_slice text);

#endif
