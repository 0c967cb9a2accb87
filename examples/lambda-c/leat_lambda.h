/* Lambda handlers in C: a client of the Lambda Runtime API in one file, with nothing but the C library. Copy leat_lambda.h and leat_lambda.c
 * into your project; the program runs as `bootstrap` with the runtime provided.al2023, in AWS and in leat.
 *
 *     static void handle(const struct leat_lambda_event *event, struct leat_lambda_answer *answer, void *context) {
 *         leat_lambda_print(answer, "{\"bytes\": %zu}", event->size);
 *     }
 *     int main(void) { return leat_lambda_run(handle, NULL); }
 *
 * One invocation at a time, on the caller's thread. What is printed to stdout and stderr is the function's log.
 * Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes". */
#ifndef LEAT_LAMBDA_H
#define LEAT_LAMBDA_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_lambda_event {
    const char *body; /* JSON; a zero byte stands behind it. It is the client's, until the handler returns */
    size_t size;
    const char *request_id, *function_arn, *trace_id;
    const char *client_context, *cognito_identity; /* JSON; "" when there is none */
    long long deadline_ms;                         /* since 1970 */
};

struct leat_lambda_answer; /* empty at first: `null` is answered then */

/* Appends to the answer, JSON. Without memory the invocation fails. */
void leat_lambda_print(struct leat_lambda_answer *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void leat_lambda_append(struct leat_lambda_answer *answer, const void *bytes, size_t size);
void leat_lambda_string(struct leat_lambda_answer *answer, const char *text); /* quoted and escaped */
/* Makes it an error instead: {"errorType", "errorMessage"}. */
void leat_lambda_fail(struct leat_lambda_answer *answer, const char *type, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

long long leat_lambda_remaining_ms(const struct leat_lambda_event *event);

typedef void (*leat_lambda_handler)(const struct leat_lambda_event *event, struct leat_lambda_answer *answer, void *context);

/* Serves invocations. Returns only when the Runtime API cannot be reached, with a status for exit(). */
int leat_lambda_run(leat_lambda_handler handler, void *context);

/* Instead of leat_lambda_run, when the program cannot begin: tells why, and returns a status for exit(). */
int leat_lambda_init_failed(const char *type, const char *message);

#ifdef __cplusplus
}
#endif
#endif
