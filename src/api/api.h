/* The wire: services, operations, and what every operation shares.
 *
 * An operation is one file with one const struct api_operation: its name, its fields (fields.h) and a `run`. A service is
 * a protocol (how a request is recognised, how faults are worded) and a list of operations (operations.c in its folder);
 * services.c lists the services. A call lives from request to answer and belongs to its connection's loop thread, except
 * while it is handed to the pool or to the library. */
#ifndef API_API_H
#define API_API_H

#include "api/fields.h"
#include "base/json.h"
#include "function/function.h"
#include "leat.h"
#include "net/server.h"
#include "net/sigv4.h"
#include "queue/queue.h"
#include "transfer/transfer.h"
#include "trigger/trigger.h"

/* What operations work on; made by `cmd`, lives as long as the server. */
struct api_server {
    struct leat *db;
    struct function_service *functions;
    struct trigger_service *triggers;
    struct transfer_service *transfers;
    struct queue_service *queues;
    struct net_loop *work_loop;
    const char *region, *account, *directory;
    const struct net_credential *credentials; /* none: every signature is accepted */
    size_t credential_count;
    const char *const *host_names; /* further names that a request's Host may have; ended by NULL; NULL: none */
};

struct api_call;

enum api_place {
    API_LOOP, /* run on the connection's loop: must not block (reads; writes through api_write) */
    API_POOL  /* run on a pool thread: may block (control plane); it ends before run returns, the answer goes out afterwards */
};

struct api_operation {
    const char *name;               /* "PutItem" */
    const char *method, *path;      /* REST: "PUT", "/2015-03-31/functions/{FunctionName}/code"; NULL otherwise */
    const struct api_field *fields; /* NULL: no input */
    size_t input_size;              /* of the struct that the fields fill */
    unsigned status;                /* of success; 0: 200 */
    const char *content_type;       /* of success; NULL: the service's */
    enum api_place place;
    const struct api_xml *xml;      /* Query protocol: how lists and maps of the answer are named; NULL: there are none */
    /* Optional: what can be said of the request's shape without looking at the data and comes before faults of single attribute values.
     * On the loop; must not block. */
    enum leat_code (*check)(struct api_call *call, void *input, struct leat_fault *fault);
    /* Writes the answer with call->json and ends with api_done, or with api_fail: at once, or (API_LOOP) later on the loop.
     * input is NULL when there are no fields. */
    void (*run)(struct api_call *call, void *input);
};

struct api_service {
    const char *name;         /* "DynamoDB" */
    const char *target;       /* X-Amz-Target is "<target>.<operation>"; NULL: REST, recognised by method and path */
    const char *content_type; /* of answers; with a target: of requests too, or application/json, and then of their answers */
    bool crc;                 /* answers carry x-amz-crc32 */
    const struct api_operation *const *operations; /* the most used first; ended by NULL */
    const char *query_version, *query_namespace; /* it speaks the Query protocol, too (query.h); NULL: it does not */
    /* Writes the body (and adds headers) for call->code, call->error_type and call->message; answers the status. */
    unsigned (*fail)(struct api_call *call);
    /* Holds the input to its fields, where AWS has other words than those of api_validate; NULL: that. */
    enum leat_code (*validate)(struct api_call *call);
};

enum { API_LABELS_MAX = 4, API_HEADERS_MAX = 16 };
struct api_label { struct leat_slice name, value; };

struct api_call {
    struct net_request *request;
    struct api_server *server;
    const struct api_service *service;
    const struct api_operation *operation;
    void *input;
    struct arena *arena;       /* the request's */
    struct json_writer json;   /* onto the answer's body */
    char request_id[53];
    struct form *form;         /* the request came in the Query protocol: so does the answer; NULL: it did not */
    bool plain_json;           /* the request came as application/json: so does the answer */
    unsigned status;           /* of the answer; an operation may set it before api_done */
    struct net_task task;      /* brings the call back to its loop */
    void (*resume)(struct api_call *call);
    struct leat_result result; /* of api_write, or the operation's own; freed with the call */
    void *state;               /* the operation's own, in the arena */
    /* when it fails */
    enum leat_code code;
    const char *error_type;    /* NULL: the code's */
    struct leat_slice message; /* absent: none */
    /* the framework's own */
    uv_work_t work;
    bool pooled, failed;
    size_t label_count;
    size_t header_count;
    struct api_decoder decoder;
    /* not cleared, as the decoder's fault before it is not: large, and seldom filled */
    struct leat_fault fault;   /* but for this one, which is empty at first */
    struct api_label labels[API_LABELS_MAX];
    struct net_reply_header headers[API_HEADERS_MAX];
};

void api_done(struct api_call *call); /* operation->status and what was written */
void api_fail(struct api_call *call, enum leat_code code, const struct leat_fault *fault); /* in the service's own shape */

void api_end(struct api_call *call, enum leat_code code); /* api_done, or api_fail with the call's own fault */

/* A further header of the answer; the value must live as long as the call. Past API_HEADERS_MAX they are left out. */
void api_header(struct api_call *call, const char *name, struct leat_slice value);

/* For an operation's check: the fault that an attribute value of the request has of its own, where that comes before other things. */
enum leat_code api_item_fault(const struct api_call *call, struct leat_fault *fault) LEAT_MUST_USE;

/* Starts writes (leat_write_start). After LEAT_OK `resume` is called on the call's loop with call->code, call->fault and call->result. */
enum leat_code api_write(struct api_call *call, const struct leat_write *writes, size_t count, enum leat_mode mode,
                         struct leat_slice token, void (*resume)(struct api_call *call)) LEAT_MUST_USE;

/* The same for statements (leat_statement_start). */
enum leat_code api_statements(struct api_call *call, const struct leat_statement *statements, size_t count, enum leat_mode mode,
                              struct leat_slice token, void (*resume)(struct api_call *call)) LEAT_MUST_USE;

/* Hands the call to another loop and back: `run` is called on that loop's thread with call->task as its task's address;
 * api_call_of(task) is the call. Going back: the same with call->request->loop. */
void api_post(struct api_call *call, struct net_loop *loop, void (*run)(struct net_task *task));
struct api_call *api_call_of(struct net_task *task);


/* The handler for net_server_options; context is a struct api_server. */
void api_handle(struct net_request *request);

/* ---- for the framework's own files ---- */

extern const struct api_service *const api_services[]; /* ended by NULL */

/* May a request say that it is for this Host? Without credentials, a page of any origin could else make its own name point here (DNS
 * rebinding) and so read what it likes: let in are addresses and names that nobody can register, and the server's host_names. */
bool api_host_allowed(const struct api_server *server, struct leat_slice host);

/* Finds service and operation and fills the call's labels. Without an operation, service may still be set (its fault shape is used). */
void api_route(struct api_call *call);

#endif
