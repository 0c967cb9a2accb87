/* Inside of `function`: what its files share. Everything here belongs to the work loop, except where it says otherwise.
 *
 *   service ── pools (one per function that was invoked) ── processes, waiting calls, log
 *                 └─ version: the configuration and code that processes are started with; replaced when the function changes
 *
 * A call is one invocation: waiting in its pool, then with a process, then answered and freed.
 *
 * A process:
 *                      GET /next                    handed over                 response, error
 *   STARTING (init) ───────────────> IDLE ────────────────────────> BUSY ──────────────────────────> RETURNING
 *      │    10 s, exit, init/error     ^                              │ deadline, exit                │  │ deadline, exit
 *      v                               └──────────────────────────────┼───────────────────────────────┘  │ (GET /next back to IDLE)
 *     DEAD <──────────────────────────────────────────────────────────┴──────────────────────────────────┘
 */
#ifndef FUNCTION_SERVICE_H
#define FUNCTION_SERVICE_H

#include "base/buf.h"
#include "base/random.h"
#include "function/function.h"
#include "function/layer.h"
#include "function/log.h"
#include "function/name.h"
#include "function/watch.h"
#include "net/server.h"

enum {
    FUNCTION_PROCESSES_MAX = 64,       /* over all functions, unless the options say otherwise */
    FUNCTION_STARTING_MAX = 4,         /* at a time for one function: starting is mostly CPU, more at once only delays the first */
    FUNCTION_WAITING_MAX = 1000,       /* calls of one function, as Lambda's default concurrency */
    FUNCTION_WAITING_BYTES_MAX = 256 << 20, /* of their payloads, over all functions */
    FUNCTION_INIT_LIMIT_MS = 10000,    /* Developer Guide, "Lambda execution environment lifecycle": the Init phase */
    FUNCTION_IDLE_LIMIT_MS = 300000,   /* a process unused for so long is ended */
    FUNCTION_REAP_EVERY_MS = 15000,
    FUNCTION_MEMORY_EVERY_MS = 100,    /* how often working processes are held to their MemorySize */
    FUNCTION_RETURN_PATIENCE_MS = 100, /* how soon an answered process is expected to ask for more */
    FUNCTION_PAYLOAD_MAX = 6 << 20,    /* "Invocation payload: 6 MB each for request and response" */
    FUNCTION_RESPONSE_MAX = 6291556,   /* bytes, as AWS's own message says */
    FUNCTION_TAIL_MAX = 4096,          /* X-Amz-Log-Type: Tail, "the last 4 KB" */
    FUNCTION_POOL_BUCKETS = 256,
    FUNCTION_LIFE_SIZE = 17,
    FUNCTION_VERSION_DIGITS_MAX = 10,
    FUNCTION_VERSION_SIZE = 24
};
#define FUNCTION_VERSION_PREFIX "version/"
#define FUNCTION_NO_VERSION "-" /* a change that is none of any version's configuration */
enum { FUNCTION_PART_SIZE = 40 }; /* of a version's part */

/* What all versions of a function have in common while one of them is loaded. */
struct function_family {
    struct function_family *next_in_bucket;
    struct function_service *service;
    unsigned references;   /* one per pool */
    unsigned calls;        /* waiting and running */
    int64_t reserved;      /* ReservedConcurrentExecutions; -1: none */
    bool known;            /* reserved is */
    char name[FUNCTION_NAME_MAX + 1];
};

struct function_call {
    struct function_call *next;
    struct function_pool *pool;
    struct leat_slice payload, client_context; /* in the same allocation */
    char request_id[RANDOM_UUID_SIZE];
    char arn[FUNCTION_ARN_SIZE]; /* as invoked: with the qualifier that was given */
    bool want_log_tail;
    bool init_timed_out; /* once already: the next start has the function's own timeout */
    uint64_t started_ns;
    function_done_fn done;
    void *context;
};

struct function_version {
    struct function_service *service;
    struct arena arena;
    struct function_configuration configuration;
    const char *code_path; /* of the directory */
    const char *layers[FUNCTION_LAYERS_MAX]; /* their directories, the last one first: it hides what is in the others */
    size_t layer_count;
    bool code_owned;       /* unpacked by us */
    bool code_replaced;    /* no configuration names it any more: removed with the version */
    struct function_watch watch; /* code_owned false: tells when a file has changed */
    struct function_log *log;
    unsigned references;   /* the pool's and one per process */
};

enum function_state { FUNCTION_STARTING, FUNCTION_IDLE, FUNCTION_BUSY, FUNCTION_RETURNING, FUNCTION_DEAD };

struct function_process {
    struct function_process *previous, *next; /* in the pool; idle ones are kept with the most recently used first */
    struct function_pool *pool;
    struct function_version *version;
    enum function_state state;
    bool late;              /* RETURNING for longer than expected: no longer counted on */
    bool init_retry;        /* this start has the function's own timeout */
    unsigned handles;       /* of libuv, open */
    int pid;
    uv_process_t handle;
    uv_pipe_t output;
    uv_timer_t timer;
    struct net_server *listener;
    struct net_request *waiting; /* IDLE: its GET /next */
    struct function_call *call;  /* BUSY */
    char stream[FUNCTION_LOG_STREAM_SIZE];
    char request_id[RANDOM_UUID_SIZE]; /* of the call whose output is arriving; "": none */
    uint64_t spawned_ns, init_ns; /* init_ns: how long the start took; reported with the first call */
    bool init_reported;
    uint64_t deadline_ms;   /* of the running or the answered call, loop time */
    uint64_t idle_since_ms; /* loop time */
    uint64_t memory_kilobytes, memory_read_ms;
    struct buf line;        /* output that has no end of line yet */
    struct buf tail;        /* of the start's log, then of the running call's when asked for */
    bool keep_tail;
    struct buf init_error;  /* what init/error said; empty: nothing */
};

struct function_pool {
    struct function_pool *next_in_bucket;
    struct function_service *service;
    struct function_family *family;
    struct function_version *version; /* NULL: not loaded */
    struct function_process *idle, *others;
    unsigned starting, returning; /* processes; returning: not late */
    unsigned processes;           /* in any state, the dead whose handles are still open too */
    struct function_call *first, **last; /* waiting */
    unsigned waiting;
    bool dispatching;
    char name[FUNCTION_NAME_MAX + 1], number[FUNCTION_VERSION_SIZE]; /* "$LATEST", "1" ... */
};

struct function_service {
    struct leat *db;
    struct net_loop *work_loop;
    const char *directory, *region, *account, *endpoint, *access_key, *secret_key, *launcher;
    unsigned processes_max, processes;
    size_t waiting_bytes;
    struct arena arena;      /* the strings above */
    bool closing;
    bool starved;            /* a pool could not start a process because there are too many */
    uv_timer_t reaper;
    bool reaper_running, reaper_made;
    uv_timer_t memory_timer;
    bool memory_watched, memory_made;
    bool node_written, python_written; /* the runtimes' own programs, below DIR/functions/.runtime */
    char life[FUNCTION_LIFE_SIZE]; /* hexadecimal, random: the first half of all streams' digits */
    int watchdog;            /* the pipe to it; -1: not started */
    uv_process_t watchdog_process;
    unsigned handles;        /* of libuv: reaper, watchdog and all processes' */
    uv_sem_t *closed;        /* posted when all is gone, once closing */
    struct function_pool *pools[FUNCTION_POOL_BUCKETS];
    struct function_family *families[FUNCTION_POOL_BUCKETS];
    struct function_logs *logs;
    struct function_events *events;
    const struct trigger_destination_resolver *destinations;
    uint64_t event_retry_ms;
};

/* ---- registry.c: configurations as items; any thread */
extern const struct leat_slice function_registry_table;
/* A configuration as a whole item, with its key; and back. */
enum leat_code function_registry_item(const struct function_configuration *from, struct buf *out,
                                      struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code function_registry_read(const struct function_service *service, struct leat_slice item, struct arena *arena,
                                      struct function_configuration *out, struct leat_fault *fault) LEAT_MUST_USE;
/* The version that the name's qualifier stands for. */
enum leat_code function_registry_get(struct function_service *service, const struct function_name *name, struct arena *arena,
                                     struct function_configuration *out, struct leat_fault *fault) LEAT_MUST_USE;
/* Likewise its name, "$LATEST" or a number: an alias is looked up, and of one that points to two versions the second is taken when
 * `chance`, a number from 0 to 1, is below its weight. A number need not be that of a version that is there. */
enum leat_code function_resolve(struct function_service *service, const struct function_name *name, double chance,
                                char out[FUNCTION_VERSION_SIZE], struct leat_fault *fault) LEAT_MUST_USE;
bool function_version_number(struct leat_slice text, int64_t *out); /* false: it is not all digits */
void function_version_part(int64_t number, char out[FUNCTION_PART_SIZE]);
enum leat_code function_not_found(const struct function_service *service, const struct function_name *name,
                                  struct leat_fault *fault);

/* ---- control.c, alias.c; any thread */
/* ARN, a new revision, the time. */
enum leat_code function_stamp(struct function_service *service, struct function_configuration *configuration, struct arena *arena,
                              struct leat_fault *fault) LEAT_MUST_USE;
/* Does a published version name this code? */
bool function_code_is_published(struct function_service *service, struct leat_slice name, struct leat_slice place);
/* LEAT_RESOURCE_NOT_FOUND without words. */
enum leat_code function_alias_find(struct function_service *service, struct leat_slice function, struct leat_slice alias,
                                   struct arena *arena, struct function_alias *out, struct leat_fault *fault) LEAT_MUST_USE;

/* ---- family.c */
struct function_family *function_family_find(struct function_service *service, const char *name, bool make); /* NULL: no memory */
void function_family_unref(struct function_family *family);
/* Room for one more call? LEAT_TOO_MANY_REQUESTS. */
enum leat_code function_family_enter(struct function_family *family, struct leat_fault *fault) LEAT_MUST_USE;

/* ---- pool.c */
struct function_pool *function_pool_find(struct function_service *service, struct leat_slice name, const char *number, bool make);
void function_pool_dispatch(struct function_pool *pool);
/* The function was changed or removed: nothing old is used for another call; with `code_replaced` the old code is removed when
 * its last process has ended. */
void function_pool_changed(struct function_pool *pool, bool code_replaced);
/* The same for all pools of a function, or of one of its versions (number "": all); old_path: code that is no longer named, NULL: none.
 * Answers whether a pool uses that code, which is then removed with its last user. */
bool function_pools_changed(struct function_service *service, const char *name, const char *number, const char *old_path);
struct function_call *function_pool_take(struct function_pool *pool); /* the first waiting one; NULL: none */
void function_pools_wake(struct function_service *service); /* a process has ended: another pool may want its place */
void function_pool_move(struct function_process *process, enum function_state state); /* to another list; DEAD: to none */
void function_pool_free(struct function_pool *pool);
void function_call_answer(struct function_call *call, const struct function_answer *answer); /* calls done, frees the call */
void function_call_fail(struct function_call *call, const struct leat_fault *fault);

/* ---- version.c */
enum leat_code function_version_load(struct function_service *service, const char *name, const char *number,
                                     struct function_version **out, struct leat_fault *fault) LEAT_MUST_USE;
void function_version_unref(struct function_version *version);
void function_remove_later(struct function_service *service, const char *path);
void function_sweep(struct function_service *service); /* any thread, before anything is served */

/* ---- process.c */
enum leat_code function_process_start(struct function_pool *pool, bool init_retry, struct leat_fault *fault) LEAT_MUST_USE;
void function_process_give(struct function_process *process, struct function_call *call); /* IDLE -> BUSY */
void function_process_ready(struct function_process *process, struct net_request *request); /* GET /next has come */
/* BUSY -> RETURNING: the call is answered with this payload. */
void function_process_answered(struct function_process *process, struct leat_slice payload, bool error);
void function_process_kill(struct function_process *process); /* -> DEAD; its call must have been taken away */
void function_process_init_failed(struct function_process *process, struct leat_slice payload); /* init/error has come */
void function_process_drain(struct function_process *process); /* reads what it has printed until now */

/* ---- service.c */
void function_service_handle_closed(struct function_service *service); /* one of service->handles */
void function_service_watch(struct function_service *service);         /* starts reaper and watchdog with the first process */

/* ---- report.c: log lines and the payloads that leat itself words */
void function_report_start(struct function_process *process);
void function_report_end(struct function_process *process, const char *status); /* NULL: success */
void function_report_line(struct function_process *process, struct leat_slice line);
void function_report_output(struct function_process *process, struct leat_slice bytes); /* what a process has printed */
void function_report_flush_line(struct function_process *process);
/* Answers a call with {"errorType","errorMessage"}, the message behind "RequestId: <id> Error: ". */
void function_report_fault(struct function_call *call, const char *type, const char *message, struct leat_slice log_tail);
/* The same for a call that no process could be started for: Runtime.InvalidEntrypoint. */
void function_report_unstarted(struct function_pool *pool, struct function_call *call, const char *message);

/* ---- runtime_api.c */
void function_runtime_handle(struct net_request *request); /* context: the process */

/* ---- destination.c: functions as destinations, each record an asynchronous invocation */
extern const struct trigger_destination_resolver function_destination_resolver; /* whose context is to be the service */

void function_process_overgrown(struct function_process *process); /* it holds more than it may: killed, its call answered */

/* ---- memory.c */
void function_memory_watch(struct function_service *service); /* a process has begun to work */
void function_memory_close(struct function_service *service);

/* ---- stray.c: children that have left their process group */
#define FUNCTION_STREAM_VARIABLE "AWS_LAMBDA_LOG_STREAM_NAME"
void function_strays_kill(const char *digits); /* which their stream's name contains; blocks for milliseconds; any thread */
void function_strays_kill_later(struct function_service *service, const char *stream);

/* ---- launch.c, launcher.c, bootstrap.c */
struct function_launch {
    char **arguments, **environment; /* NULL-terminated; of the launcher */
};
/* LEAT_VALIDATION: there is no program that could run it; the fault says which. */
enum leat_code function_launch_prepare(const struct function_process *process, uint16_t port, struct arena *arena,
                                       struct function_launch *out, struct leat_fault *fault) LEAT_MUST_USE;
extern const char function_launcher_name[], function_watchdog_name[]; /* their argv[0]; naming them links the launcher in */
void function_watchdog_tell(struct function_service *service, int pid, bool alive);

/* Writes the program that runs Node's or Python's handlers where the interpreter finds it; once per service. */
enum leat_code function_bootstrap_path(struct function_service *service, bool node, struct arena *arena,
                                       struct leat_slice *out, struct leat_fault *fault) LEAT_MUST_USE;

#endif
