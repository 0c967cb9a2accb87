#include "transfer/format.h"

#include "base/slice.h"
#include "item/item_json.h"
#include "transfer/ion.h"

static const struct { const char *name, *extension; } formats[] = {
    [TRANSFER_DYNAMODB_JSON] = {"DYNAMODB_JSON", "json"},
    [TRANSFER_ION] = {"ION", "ion"},
    [TRANSFER_CSV] = {"CSV", "csv"},
};

const char *transfer_format_name(enum transfer_format format) { return formats[format].name; }
const char *transfer_format_extension(enum transfer_format format) { return formats[format].extension; }

enum transfer_format transfer_format_of(struct leat_slice name) {
    for (unsigned i = TRANSFER_DYNAMODB_JSON; i <= TRANSFER_CSV; i++)
        if (slice_is(name, formats[i].name)) return (enum transfer_format)i;
    return (enum transfer_format)0;
}

/* "Each line begins with an Ion version marker." */
#define ION_MARKER "$ion_1_0 "

void transfer_write_item(enum transfer_format format, struct leat_slice item, struct buf *out) {
    if (format == TRANSFER_ION) {
        buf_print(out, ION_MARKER "{Item:");
        ion_write_item(out, item);
        buf_append(out, "}\n", 2);
        return;
    }
    struct json_writer json;
    json_writer_init(&json, out);
    json_object(&json);
    json_key(&json, "Item");
    item_to_json(&json, item);
    json_object_end(&json);
    buf_byte(out, '\n');
}

struct image { const char *name; struct leat_slice item; };

static void write_ion_change(const struct transfer_change *change, const struct image *images, size_t count, struct buf *out) {
    buf_print(out, ION_MARKER "{Record:{Metadata:{WriteTimestampMicros:");
    ion_write_decimal(out, change->written_us);
    buf_byte(out, '}');
    for (size_t i = 0; i < count; i++) {
        if (images[i].item.data == NULL) continue;
        buf_print(out, ",%s:", images[i].name);
        ion_write_item(out, images[i].item);
    }
    buf_append(out, "}}\n", 3);
}

void transfer_write_change(enum transfer_format format, const struct transfer_change *change, struct buf *out) {
    const struct image images[] = {{"Keys", change->keys}, {"OldImage", change->old_image}, {"NewImage", change->new_image}};
    struct json_writer json;
    if (format == TRANSFER_ION) {
        write_ion_change(change, images, sizeof images / sizeof images[0], out);
        return;
    }
    json_writer_init(&json, out);
    json_object(&json);
    json_key(&json, "Metadata");
    buf_print(out, "{\"WriteTimestampMicros\":{\"N\":\"%llu\"}}", (unsigned long long)change->written_us);
    json.comma = true;
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
        if (images[i].item.data == NULL) continue;
        json_key(&json, images[i].name);
        item_to_json(&json, images[i].item);
    }
    json_object_end(&json);
    buf_byte(out, '\n');
}
