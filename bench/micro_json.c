/* Microseconds of one thread for a PutItem body of 416 bytes: reading it as JSON, reading its item, writing the item. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/slice.h"
#include "item/item_json.h"

enum { ROUNDS = 200000, TURNS = 5 };

static const char body[] =
    "{\"TableName\":\"orders-production\",\"Item\":{\"customer\":{\"S\":\"customer#0000018231\"},\"order\":{\"S\":\"2025-02-22T03:03:25.490Z\"},"
    "\"total\":{\"N\":\"1499.95\"},\"count\":{\"N\":\"3\"},\"paid\":{\"BOOL\":true},\"note\":{\"S\":\"please leave the parcel with the neighbours, 17 B\"},"
    "\"tags\":{\"SS\":[\"express\",\"gift\"]},\"address\":{\"M\":{\"street\":{\"S\":\"Main Street 17\"},\"city\":{\"S\":\"Springfield\"}}}},"
    "\"ReturnValues\":\"NONE\",\"ReturnConsumedCapacity\":\"TOTAL\"}";

static struct arena arena;
static struct buf item, text;

static void read_all(void) {
    struct json_reader reader;
    json_reader_init(&reader, slice_of(body, sizeof body - 1), &arena);
    enum json_token token;
    do token = json_next(&reader);
    while (token != JSON_END && token != JSON_ERROR);
    if (token != JSON_END) abort();
}

static void read_item(void) {
    struct json_reader reader;
    json_reader_init(&reader, slice_of(body, sizeof body - 1), &arena);
    (void)json_next(&reader);
    while (json_next(&reader) == JSON_KEY) {
        bool here = slice_is(reader.text, "Item");
        (void)json_next(&reader);
        buf_clear(&item);
        if (here && item_from_json(&reader, &item, NULL) == LEAT_OK) return;
        if (!json_skip(&reader)) abort();
    }
    abort();
}

static void write_item(void) {
    struct json_writer writer;
    buf_clear(&text);
    json_writer_init(&writer, &text);
    item_to_json(&writer, buf_view(&item));
}

static void weigh_item(void) {
    if (item_size(buf_view(&item)) == 0) abort();
}

/* The best of some turns: what the machine can do when nothing disturbs it. */
static void measure(const char *what, void (*run)(void)) {
    double best = 1e9;
    for (int turn = 0; turn < TURNS; turn++) {
        uint64_t started = clock_monotonic_ns();
        for (int i = 0; i < ROUNDS; i++) run();
        double each = (double)(clock_monotonic_ns() - started) / ROUNDS / 1000;
        if (each < best) best = each;
    }
    printf("%-44s %6.3f us\n", what, best);
}

int main(void) {
    arena_init(&arena, 1 << 20);
    buf_init(&item, 1 << 20);
    buf_init(&text, 1 << 20);
    printf("body %zu bytes\n", sizeof body - 1);
    measure("read all tokens", read_all);
    measure("read up to and with the item", read_item);
    measure("write the item", write_item);
    measure("size of the item", weigh_item);
    printf("item %zu bytes, arena %zu bytes used\n", item.size, arena.used);
    arena_fini(&arena);
    buf_fini(&item);
    buf_fini(&text);
    return 0;
}
