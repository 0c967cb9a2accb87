/* Lambda functions: stored configuration and code, and the processes that run handlers and speak the Lambda Runtime API.
 *
 * Configurations are items in the reserved table "leat:functions" written through leat.h; code lies unpacked under
 * DIR/functions/, logs under DIR/logs/. Control calls may be made from any thread and may block (commits, unpacking);
 * processes and invocations live on the work loop. No thread ever waits for a function process.
 * Source: AWS Lambda Developer Guide, "AWS Lambda runtime API"; AWS Lambda API Reference. */
#ifndef FUNCTION_FUNCTION_H
#define FUNCTION_FUNCTION_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "leat.h"
#include "net/loop.h"
#include "trigger/target.h"

struct function_service;

struct function_service_options {
    struct leat *db;
    struct net_loop *work_loop;
    const char *directory; /* the data directory */
    const char *region, *account;
    const char *endpoint;   /* AWS_ENDPOINT_URL for handlers, "http://127.0.0.1:8000" */
    unsigned processes_max; /* over all functions; 0: 64 */
    const char *access_key, *secret_key; /* for handlers' calls to the endpoint; NULL: any will do there */
    const char *launcher;   /* the program that holds the launcher (launcher.c); NULL: this one */
};
enum leat_code function_service_new(const struct function_service_options *options, struct function_service **out,
                                    struct leat_fault *fault) LEAT_MUST_USE;
/* While the work loop runs, from another thread. Invocations under way are answered with LEAT_CLOSED. */
void function_service_free(struct function_service *service); /* kills every function process and its children */

struct function_variable { struct leat_slice name, value; };
struct function_configuration {
    struct leat_slice name, arn, runtime, handler, role, description, version;
    int64_t timeout_seconds, memory_megabytes;
    const struct function_variable *environment;
    size_t environment_count;
    struct leat_slice code_sha256, revision_id; /* base64; a UUID */
    uint64_t code_size;                         /* bytes */
    struct leat_slice state, state_reason, state_reason_code, last_update_status;
    uint64_t last_modified_ms;
    struct leat_slice settings;  /* further members of the request, as an item: stored and given back */
    struct leat_slice directory; /* leat's extension: the code is this local directory, used in place; absent otherwise */
};
struct function_code { struct leat_slice zip, directory; }; /* one of the two */

/* Names: name, partial or full ARN, with or without qualifier. Answers live in the arena. Faults carry Lambda's words. */
enum leat_code function_create(struct function_service *service, const struct function_configuration *configuration,
                               struct function_code code, struct arena *arena, struct function_configuration *out,
                               struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code function_get(struct function_service *service, struct leat_slice name, struct arena *arena,
                            struct function_configuration *out, struct leat_fault *fault) LEAT_MUST_USE;
/* Appends the zip that the function's code came in. */
enum leat_code function_get_archive(struct function_service *service, struct leat_slice name, struct arena *arena,
                                    struct buf *out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code function_update_code(struct function_service *service, struct leat_slice name, struct function_code code,
                                    struct arena *arena, struct function_configuration *out,
                                    struct leat_fault *fault) LEAT_MUST_USE;
/* What is absent (strings, environment, settings) or 0 in `changes` stays as it is. */
enum leat_code function_update_configuration(struct function_service *service, struct leat_slice name,
                                             const struct function_configuration *changes, struct arena *arena,
                                             struct function_configuration *out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code function_delete(struct function_service *service, struct leat_slice name,
                               struct leat_fault *fault) LEAT_MUST_USE;
struct function_page {
    struct function_configuration *functions;
    size_t count;
    struct leat_slice next; /* absent at the end */
};
enum leat_code function_list(struct function_service *service, struct leat_slice marker, size_t limit,
                             struct arena *arena, struct function_page *out, struct leat_fault *fault) LEAT_MUST_USE;

/* One invocation; work loop only; the payload is copied. `done` is called exactly once on the work loop. */
struct function_answer {
    enum leat_code code;          /* LEAT_OK: it ran (perhaps with an error of its own); else the fault */
    struct leat_fault fault;
    struct leat_slice payload;    /* borrowed until done returns */
    bool function_error;          /* X-Amz-Function-Error: Unhandled */
    struct leat_slice request_id, executed_version;
    struct leat_slice log_tail;   /* the last 4 KB of this invocation's log, when asked for */
};
typedef void (*function_done_fn)(void *context, const struct function_answer *answer);
struct function_invocation {
    struct leat_slice name, payload, client_context;
    bool want_log_tail;
    function_done_fn done;
    void *context;
};
void function_invoke(struct function_service *service, const struct function_invocation *invocation);

/* Appends what the function's log holds from byte `from` on: whole lines "time process invocation words", at most bytes_max.
 * *next: where to go on. Any thread; a function without a log has an empty one. */
enum leat_code function_log_tail(struct function_service *service, struct leat_slice name, uint64_t from, size_t bytes_max,
                                 struct buf *out, uint64_t *next, struct leat_fault *fault) LEAT_MUST_USE;

/* For struct trigger_resolver; context is the service. */
enum leat_code function_resolve_arn(void *context, struct leat_slice name, char *arn_out, size_t arn_size,
                                    struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code function_open_target(void *context, struct leat_slice arn, struct trigger_target **out,
                                    struct leat_fault *fault) LEAT_MUST_USE;

#endif
