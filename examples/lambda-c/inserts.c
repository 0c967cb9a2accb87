/* A handler for a DynamoDB stream: counts the new items of a batch, and says how much time there was left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leat_lambda.h"

static void handle(const struct leat_lambda_event *event, struct leat_lambda_answer *answer, void *context) {
    size_t *total = context, inserted = 0;
    static const char mark[] = "\"eventName\":\"INSERT\"";
    if (strstr(event->body, "\"fail\"") != NULL) {
        leat_lambda_fail(answer, "Inserts.Asked", "the event \"asks\" for it: %.40s", event->body);
        return;
    }
    for (const char *at = event->body; (at = strstr(at, mark)) != NULL; at += sizeof mark - 1) inserted++;
    *total += inserted;
    printf("%zu of %zu bytes' records are new\n", inserted, event->size);
    leat_lambda_print(answer, "{\"inserted\": %zu, \"total\": %zu, \"bytes\": %zu, \"remaining_ms\": %lld, \"arn\": ", inserted, *total,
                      event->size, leat_lambda_remaining_ms(event));
    leat_lambda_string(answer, event->function_arn);
    leat_lambda_print(answer, "}");
}

int main(void) {
    size_t total = 0;
    if (getenv("REFUSE_TO_START") != NULL) return leat_lambda_init_failed("Inserts.NoStart", "REFUSE_TO_START is set");
    return leat_lambda_run(handle, &total);
}
