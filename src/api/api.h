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
#include "trigger/trigger.h"

/* What operations work on; made by `cmd`, lives as long as the server. */
struct api_server {
    struct leat *db;
    struct function_service *functions;
    struct trigger_service *triggers;
    struct net_loop *work_loop;
    const char *region, *account, *directory;
    const struct net_credential *credentials; /* none: every signature is accepted */
    size_t credential_count;
};

struct api_call;
struct api_service;

enum api_place {
    API_LOOP, /* run on the connection's loop: must not block (reads; writes through leat_write_start) */
    API_POOL  /* run on a pool thread: may block (control plane); the answer goes out when run has returned */
};

struct api_operation {
    const char *name;               /* "PutItem" */
    const char *method, *path;      /* REST: "PUT", "/2015-03-31/functions/{FunctionName}/code"; NULL otherwise */
    const struct api_field *fields; /* ended by a field without name; NULL: no input */
    size_t input_size;              /* of the struct that the fields fill */
    unsigned status;                /* of success; 0: 200 */
    enum api_place place;
    /* Writes the answer with call->json and ends with api_done, or with api_fail: at once, or (API_LOOP) later on the loop. */
    void (*run)(struct api_call *call, void *input);
};

struct api_call {
    struct net_request *request;
    struct api_server *server;
    const struct api_service *service;
    const struct api_operation *operation;
    struct arena *arena;       /* the request's */
    struct json_writer json;   /* onto the answer's body */
    char request_id[53];
    struct net_task task;      /* brings the call back to its loop */
    void (*resume)(struct api_call *call);
    struct leat_result result; /* of a leat_write_start; freed with the call */
    struct leat_fault fault;
    enum leat_code code;
    void *state;               /* the operation's own, in the arena */
    struct net_reply_header headers[8];
    size_t header_count;       /* further ones for the answer */
};

void api_done(struct api_call *call); /* operation->status and what was written */
void api_fail(struct api_call *call, enum leat_code code, const struct leat_fault *fault); /* in the service's own shape */

/* The handler for net_server_options; context is a struct api_server. */
void api_handle(struct net_request *request);

#endif
