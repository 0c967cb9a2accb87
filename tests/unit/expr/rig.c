#include "rig.h"

static struct leat_slice swap(struct arena *arena, struct leat_slice text, char from, char to) {
    struct leat_slice copy = arena_copy(arena, text);
    for (size_t i = 0; i < copy.size; i++) {
        if (copy.data[i] == from) ((uint8_t *)copy.data)[i] = (uint8_t)to;
    }
    return copy;
}

struct leat_slice rig_item(struct rig *rig, const char *json) {
    if (json == NULL) return (struct leat_slice){NULL, 0};
    struct json_reader reader;
    struct leat_fault fault;
    struct buf buf;
    buf_init(&buf, 1 << 20);
    json_reader_init(&reader, swap(&rig->arena, slice_text(json), '\'', '"'), &rig->arena);
    cr_assert_eq(json_next(&reader), JSON_OBJECT, "%s", json);
    cr_assert_eq(item_from_json(&reader, &buf, &fault), LEAT_OK, "%s: %s", json, fault.message);
    struct leat_slice item = arena_copy(&rig->arena, buf_view(&buf));
    buf_fini(&buf);
    return item;
}

const char *rig_json(struct rig *rig, struct leat_slice item) {
    struct buf buf;
    struct json_writer writer;
    buf_init(&buf, 1 << 20);
    json_writer_init(&writer, &buf);
    item_to_json(&writer, item);
    struct leat_slice text = swap(&rig->arena, buf_view(&buf), '"', '\'');
    buf_fini(&buf);
    return (const char *)text.data;
}

static struct leat_slice names_item(struct rig *rig, const char *names) {
    if (names == NULL) return (struct leat_slice){NULL, 0};
    struct json_reader reader;
    struct buf buf;
    buf_init(&buf, 1 << 20);
    json_reader_init(&reader, swap(&rig->arena, slice_text(names), '\'', '"'), &rig->arena);
    cr_assert_eq(json_next(&reader), JSON_OBJECT);
    while (json_next(&reader) == JSON_KEY) {
        item_put_name(&buf, reader.text);
        cr_assert_eq(json_next(&reader), JSON_STRING);
        item_put_string(&buf, reader.text);
    }
    cr_assert_eq(item_close(&buf, 0), LEAT_OK);
    struct leat_slice item = arena_copy(&rig->arena, buf_view(&buf));
    buf_fini(&buf);
    return item;
}

enum leat_code rig_init(struct rig *rig, const char *names, const char *values) {
    arena_init(&rig->arena, 16 << 20);
    buf_init(&rig->out, 1 << 20);
    rig->fault = (struct leat_fault){0};
    return expr_environment_init(&rig->environment, &rig->arena, names_item(rig, names), rig_item(rig, values), &rig->fault);
}

void rig_fini(struct rig *rig) {
    arena_fini(&rig->arena);
    buf_fini(&rig->out);
}
