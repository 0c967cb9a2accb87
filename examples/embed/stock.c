/* Keeps a count of goods, and prints every change from the table's stream. Run it twice: the cursor goes on where it was.
 *
 *   cc stock.c -o stock $(pkg-config --cflags --libs leat) && ./stock stock-data */
#include <leat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(text) ((struct leat_slice){(const uint8_t *)(text), strlen(text)})

static struct leat_fault fault;
static void must(enum leat_code code) {
    if (code == LEAT_OK) return;
    fprintf(stderr, "%s: %s\n", leat_code_name(code), fault.message);
    exit(1);
}

int main(int count, char **arguments) {
    struct leat *db;
    must(leat_open(&(struct leat_options){.directory = count > 1 ? arguments[1] : "stock-data"}, &db, &fault));

    const struct leat_attribute key = {TEXT("name"), 'S'};
    struct leat_description made;
    enum leat_code code = leat_table_create(db, &(struct leat_table){.name = TEXT("stock"), .attributes = &key, .attribute_count = 1,
        .partition_key = key.name, .billing = LEAT_PAY_PER_REQUEST, .stream = LEAT_NEW_IMAGE}, &made, &fault);
    if (code == LEAT_OK) leat_description_free(&made);
    else if (code != LEAT_RESOURCE_IN_USE) must(code); /* the second run finds the table */

    struct leat_result apples, five, answer;
    must(leat_item_from_json(TEXT("{\"name\":{\"S\":\"apples\"}}"), &apples, &fault));
    must(leat_item_from_json(TEXT("{\":five\":{\"N\":\"5\"}}"), &five, &fault));
    must(leat_write(db, &(struct leat_write){.kind = LEAT_UPDATE, .table = TEXT("stock"), .key = apples.items[0],
        .update = TEXT("ADD pieces :five"), .values = five.items[0]}, &answer, &fault)); /* durable from here on */
    leat_result_free(&answer), leat_result_free(&apples), leat_result_free(&five);

    struct leat_subscription *changes;
    must(leat_subscribe(db, "stock", "printer", LEAT_TRIM_HORIZON, &changes, &fault));
    must(leat_next(changes, 1000, &answer, &fault));
    for (size_t i = 0; i < answer.record_count; i++) {
        double pieces = 0;
        leat_item_number(answer.records[i].new_image, "pieces", &pieces);
        printf("apples: %g\n", pieces);
    }
    must(leat_done(changes, &fault));
    leat_result_free(&answer), leat_unsubscribe(changes), leat_close(db);
}
