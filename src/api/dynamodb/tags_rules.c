/* Source: Developer Guide, "Tagging restrictions in DynamoDB"; the words are those of the service. */
#include "api/dynamodb/tags.h"
#include "base/encode.h"
#include "base/slice.h"

enum { TAGS_MAX = 50, KEY_CHARACTERS_MAX = 128, VALUE_CHARACTERS_MAX = 256 };

static const struct api_field tag_fields[] = {
    API_FIELD(struct tags_tag, key, "Key", API_STRING),
    API_FIELD(struct tags_tag, value, "Value", API_STRING),
    API_FIELDS_END,
};
const struct api_field tags_element = {.name = "", .kind = API_STRUCT, .fields = tag_fields, .type = "Tag"};

/* Letters, digits and spaces of all scripts and + - = . _ : / @. Beyond ASCII the blocks of punctuation and symbols are left out; single
 * symbols inside blocks of letters are not known here. */
static bool is_allowed(uint32_t point) {
    static const struct { uint32_t first, last; } symbols[] = {
        {0x80, 0x9f}, {0xa1, 0xa9}, {0xab, 0xb1}, {0xb4, 0xb4}, {0xb6, 0xb8}, {0xbb, 0xbb}, {0xbf, 0xbf}, {0xd7, 0xd7}, {0xf7, 0xf7},
        {0x200b, 0x2027}, {0x202a, 0x202e}, {0x2030, 0x205e}, {0x2060, 0x206f}, {0x20a0, 0x20ff}, {0x2190, 0x245f}, {0x249c, 0x24e9},
        {0x2500, 0x2775}, {0x2794, 0x2bff}, {0x3001, 0x3004}, {0x3008, 0x3020}, {0xe000, 0xf8ff}, {0xfe00, 0xfe6f}, {0x1f000, 0x1faff}};
    if (point < 0x80) {
        bool letter = (point | 32) >= 'a' && (point | 32) <= 'z';
        return letter || (point >= '0' && point <= '9') || (point != 0 && strchr(" \t\n\r\f\v+-=._:/@", (int)point) != NULL);
    }
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (point >= symbols[i].first && point <= symbols[i].last) return false;
    return true;
}

/* UTF-8 that has been checked. */
static bool is_written_right(struct leat_slice text) {
    for (size_t i = 0; i < text.size;) {
        uint8_t lead = text.data[i++];
        unsigned more = lead < 0xc0 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
        uint32_t point = more == 0 ? lead : (uint32_t)lead & (0x3fu >> more);
        for (; more > 0 && i < text.size; more--) point = point << 6 | (text.data[i++] & 0x3fu);
        if (!is_allowed(point)) return false;
    }
    return true;
}

static enum leat_code wrong(struct leat_slice text, const char *what, struct leat_fault *fault) {
    return fault_set(fault, LEAT_VALIDATION, "The Tag %s provided is invalid, %s: %.*s", what, what,
                     SLICE_FORMAT(text.data != NULL ? text : SLICE("null")));
}

static bool is_reserved(struct leat_slice key) {
    return key.size >= 4 && (key.data[0] | 32) == 'a' && (key.data[1] | 32) == 'w' && (key.data[2] | 32) == 's' && key.data[3] == ':';
}

static enum leat_code check_key(struct leat_slice key, struct leat_fault *fault) {
    if (key.data == NULL || key.size == 0 || utf8_points(key) > KEY_CHARACTERS_MAX || !is_written_right(key))
        return wrong(key, "Key", fault);
    if (is_reserved(key))
        return fault_set(fault, LEAT_VALIDATION, "Tag Key cannot be prefixed with aws:, Key: %.*s", SLICE_FORMAT(key));
    return LEAT_OK;
}

static enum leat_code too_many(struct leat_fault *fault) {
    return fault_set(fault, LEAT_VALIDATION, "Number of Tags exceed the current limit for the provided ResourceArn");
}

enum leat_code tags_check(const struct api_list *tags, struct leat_fault *fault) {
    const struct tags_tag *all = tags->elements;
    if (tags->count > TAGS_MAX) return too_many(fault);
    for (size_t i = 0; i < tags->count; i++) {
        TRY(check_key(all[i].key, fault));
        if (all[i].value.data == NULL || utf8_points(all[i].value) > VALUE_CHARACTERS_MAX || !is_written_right(all[i].value))
            return wrong(all[i].value, "Value", fault);
        for (size_t k = 0; k < i; k++)
            if (slice_equal(all[k].key, all[i].key))
                return fault_set(fault, LEAT_VALIDATION, "Duplicate Tag Keys provided as input: Duplicate Tag Key found %.*s",
                                 SLICE_FORMAT(all[i].key));
    }
    return LEAT_OK;
}

enum leat_code tags_check_keys(const struct api_list *keys, struct leat_fault *fault) {
    if (keys->count > TAGS_MAX) return too_many(fault);
    for (size_t i = 0; i < keys->count; i++) TRY(check_key(((const struct leat_slice *)keys->elements)[i], fault));
    return LEAT_OK;
}

static bool list_has(const struct api_list *list, struct leat_slice key, bool tags) {
    for (size_t i = 0; i < list->count; i++) {
        struct leat_slice other = tags ? ((const struct tags_tag *)list->elements)[i].key : ((const struct leat_slice *)list->elements)[i];
        if (slice_equal(other, key)) return true;
    }
    return false;
}

enum leat_code tags_change(struct settings_edit *edit, const struct api_list *tags, const struct api_list *removed) {
    struct buf out;
    size_t mark = settings_begin(edit, &out), count = tags->count;
    struct item_iterator entries = item_iterate(settings_entry(edit->table, SLICE("tags")));
    struct leat_slice name;
    struct item_value value;
    while (item_map_next(&entries, &name, &value)) {
        if (list_has(tags, name, true) || list_has(removed, name, false)) continue;
        item_put_name(&out, name);
        item_put_value(&out, &value);
        count++;
    }
    if (count > TAGS_MAX) return too_many(&edit->call->fault);
    for (size_t i = 0; i < tags->count; i++) {
        const struct tags_tag *tag = (const struct tags_tag *)tags->elements + i;
        item_put_name(&out, tag->key);
        item_put_string(&out, tag->value);
    }
    return settings_end(edit, SLICE("tags"), &out, mark);
}
