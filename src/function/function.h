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
    uint64_t event_retry_ms; /* the first pause before an asynchronous invocation is tried again; 0: a minute */
    const struct trigger_destination_resolver *destinations; /* of asynchronous invocations, beside functions; NULL: none */
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
    struct leat_slice code;      /* function's own: the unpacked code's place */
    int64_t published;           /* of $LATEST: the number of the newest version */
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
struct function_update {
    struct function_configuration changes; /* what is absent or 0 stays as it is; settings: those that are not named */
    struct function_code code;             /* neither: it stays */
    struct leat_slice revision_id;         /* absent: any; else LEAT_PRECONDITION_FAILED unless it is the newest */
    bool dry_run;                          /* nothing is kept */
};
enum leat_code function_update(struct function_service *service, struct leat_slice name, const struct function_update *update,
                               struct arena *arena, struct function_configuration *out, struct leat_fault *fault) LEAT_MUST_USE;
/* With a version's number that version, else all of it. */
enum leat_code function_delete(struct function_service *service, struct leat_slice name,
                               struct leat_fault *fault) LEAT_MUST_USE;
struct function_page {
    struct function_configuration *functions;
    size_t count;
    struct leat_slice next; /* absent at the end */
};
enum leat_code function_list(struct function_service *service, struct leat_slice marker, size_t limit,
                             struct arena *arena, struct function_page *out, struct leat_fault *fault) LEAT_MUST_USE;

/* $LATEST first, then the versions in order; marker: the last version of the page before. */
enum leat_code function_list_versions(struct function_service *service, struct leat_slice name, struct leat_slice marker,
                                      size_t limit, struct arena *arena, struct function_page *out,
                                      struct leat_fault *fault) LEAT_MUST_USE;

struct function_publish { struct leat_slice description, code_sha256, revision_id; }; /* each may be absent */
/* The new version; or the newest one, when nothing has changed since. */
enum leat_code function_publish(struct function_service *service, struct leat_slice name, const struct function_publish *asked,
                                struct arena *arena, struct function_configuration *out, struct leat_fault *fault) LEAT_MUST_USE;

struct function_alias {
    struct leat_slice name, arn, version, description, revision_id;
    struct leat_slice additional_version; /* gets `weight` of the invocations, 0 to 1; absent: none */
    double weight;
};
struct function_alias_page {
    struct function_alias *aliases;
    size_t count;
    struct leat_slice next; /* absent at the end */
};
enum leat_code function_alias_create(struct function_service *service, struct leat_slice function, struct function_alias *alias,
                                     struct arena *arena, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code function_alias_get(struct function_service *service, struct leat_slice function, struct leat_slice alias,
                                  struct arena *arena, struct function_alias *out, struct leat_fault *fault) LEAT_MUST_USE;
/* changes->revision_id: as in function_update. */
enum leat_code function_alias_update(struct function_service *service, struct leat_slice function,
                                     const struct function_alias *changes, bool routing_given, struct arena *arena,
                                     struct function_alias *out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code function_alias_delete(struct function_service *service, struct leat_slice function, struct leat_slice alias,
                                     struct leat_fault *fault) LEAT_MUST_USE;
/* version absent: those of all versions. limit 0: as many as a page holds. */
enum leat_code function_alias_list(struct function_service *service, struct leat_slice function, struct leat_slice version,
                                   struct leat_slice marker, size_t limit, struct arena *arena, struct function_alias_page *out,
                                   struct leat_fault *fault) LEAT_MUST_USE;

/* One of configuration.settings: JSON; absent when there is none. And what a JSON object says under a name at its top: a string's text,
 * in the arena; absent when it is no string. */
struct leat_slice function_setting(const struct function_configuration *configuration, const char *name);
struct leat_slice function_json_text(struct leat_slice json, const char *name, struct arena *arena);
/* The log group that it writes to: LoggingConfig's, or "/aws/lambda/NAME". */
struct leat_slice function_log_group(const struct function_configuration *configuration, struct arena *arena);

/* LEAT_PRECONDITION_FAILED unless `given` is absent or the same; calls: which of AWS's tell the newest. */
enum leat_code function_check_revision(struct leat_slice given, struct leat_slice there, const char *calls,
                                       struct leat_fault *fault) LEAT_MUST_USE;
/* Parts of a function (function/parts.h) were changed that its invocations depend on: any thread. */
void function_tell_shared(struct function_service *service, struct leat_slice name);

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
    struct leat_slice request_id; /* absent: a new one */
    bool want_log_tail;
    function_done_fn done;
    void *context;
};
void function_invoke(struct function_service *service, const struct function_invocation *invocation);
/* Asynchronously: `accepted` is called exactly once on the work loop, when the event is durable, or with the fault. Its outcome goes
 * where the function's settings send it; invocation->done and want_log_tail have no meaning. */
typedef void (*function_event_accepted_fn)(void *context, enum leat_code code, struct leat_slice request_id,
                                           const struct leat_fault *fault);
void function_invoke_event(struct function_service *service, const struct function_invocation *invocation,
                           function_event_accepted_fn accepted, void *context);

/* Appends what the function's log holds from byte `from` on: whole lines "time process invocation words", at most bytes_max.
 * *next: where to go on. Any thread; a function without a log has an empty one. */
enum leat_code function_log_tail(struct function_service *service, struct leat_slice name, uint64_t from, size_t bytes_max,
                                 struct buf *out, uint64_t *next, struct leat_fault *fault) LEAT_MUST_USE;

/* Log groups that clients write to; work loop. LEAT_RESOURCE_CONFLICT, LEAT_RESOURCE_NOT_FOUND, LEAT_VALIDATION. */
struct function_log_entry { uint64_t time_ms; struct leat_slice message; };
enum leat_code function_log_make(struct function_service *service, struct leat_slice group, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code function_log_remove(struct function_service *service, struct leat_slice group, struct leat_fault *fault) LEAT_MUST_USE;
/* No entries: the stream is made. */
enum leat_code function_log_write(struct function_service *service, struct leat_slice group, struct leat_slice stream,
                                  const struct function_log_entry *entries, size_t count, struct leat_fault *fault) LEAT_MUST_USE;
/* How a stream of that name is called in the group's file. */
struct leat_slice function_log_stream_name(struct arena *arena, struct leat_slice stream);

/* For struct trigger_resolver; context is the service. */
enum leat_code function_resolve_arn(void *context, struct leat_slice name, char *arn_out, size_t arn_size,
                                    struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code function_open_target(void *context, struct leat_slice arn, struct trigger_target **out,
                                    struct leat_fault *fault) LEAT_MUST_USE;

/* May the outcomes of asynchronous invocations be sent there? LEAT_INVALID_PARAMETER_VALUE. Any thread. */
enum leat_code function_check_target(struct function_service *service, struct leat_slice arn, struct leat_fault *fault) LEAT_MUST_USE;
#endif
