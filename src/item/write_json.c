/* Writing DynamoDB JSON. item_json.c goes the other way. */
#include "item/item_json.h"

#include "base/slice.h"

static void write_number(struct json_writer *writer, struct leat_slice encoded) {
    struct item_number number;
    char text[ITEM_NUMBER_TEXT_MAX];
    (void)item_number_decode(encoded, &number); /* zero for damaged bytes */
    json_string(writer, slice_of(text, item_number_print(&number, text)));
}

static void write_set(struct json_writer *writer, const struct item_value *set) {
    struct item_iterator iterator = item_iterate(set->payload);
    struct leat_slice element;
    json_array(writer);
    while (item_set_next(&iterator, &element)) {
        if (set->type == ITEM_SS) json_string(writer, element);
        if (set->type == ITEM_NS) write_number(writer, element);
        if (set->type == ITEM_BS) json_base64(writer, element);
    }
    json_array_end(writer);
}

static void write_list(struct json_writer *writer, struct leat_slice list) {
    struct item_iterator iterator = item_iterate(list);
    struct item_value value;
    json_array(writer);
    while (item_list_next(&iterator, &value)) item_value_to_json(writer, &value);
    json_array_end(writer);
}

void item_to_json(struct json_writer *writer, struct leat_slice item) {
    struct item_iterator iterator = item_iterate(item);
    struct leat_slice name;
    struct item_value value;
    json_object(writer);
    while (item_map_next(&iterator, &name, &value)) {
        json_key_slice(writer, name);
        item_value_to_json(writer, &value);
    }
    json_object_end(writer);
}

void item_value_to_json(struct json_writer *writer, const struct item_value *value) {
    json_object(writer);
    if (value->type != ITEM_ABSENT) json_key(writer, item_type_name(value->type));
    switch (value->type) {
    case ITEM_ABSENT: break;
    case ITEM_NULL: json_bool(writer, true); break;
    case ITEM_BOOL: json_bool(writer, value->payload.size > 0 && value->payload.data[0] != 0); break;
    case ITEM_N: write_number(writer, value->payload); break;
    case ITEM_S: json_string(writer, value->payload); break;
    case ITEM_B: json_base64(writer, value->payload); break;
    case ITEM_SS: case ITEM_NS: case ITEM_BS: write_set(writer, value); break;
    case ITEM_L: write_list(writer, value->payload); break;
    case ITEM_M: item_to_json(writer, value->payload); break;
    }
    json_object_end(writer);
}
