/* A function service on a memory database, and a function whose "process" only tells where its Runtime API is: the test itself
 * speaks to it, request by request. */
#ifndef TEST_FUNCTION_RIG_H
#define TEST_FUNCTION_RIG_H

#include <semaphore.h>

#include "function/function.h"

struct rig {
    struct leat *db;
    struct net_loop *loop;
    struct function_service *service;
    char directory[64], code[96];
};

void rig_init(struct rig *rig, unsigned processes_max);
void rig_fini(struct rig *rig);
/* A function named `name` with provided.al2023; every start of its process adds the address of its Runtime API to a file. */
void rig_function(struct rig *rig, const char *name, int64_t timeout_seconds);
/* Connects to the Runtime API of the n-th process started (0: the first), waiting for it. */
int rig_connect(struct rig *rig, size_t n);

struct rig_call {
    sem_t done;
    unsigned count; /* how often `done` was called */
    enum leat_code code;
    bool error;
    char request_id[64], payload[8192], message[512], tail[4097];
    size_t payload_size;
};
void rig_invoke(struct rig *rig, struct rig_call *call, const char *name, const char *payload);
void rig_wait(struct rig_call *call);     /* until it is answered; at most 10 s */
bool rig_answered(struct rig_call *call); /* already? */
void rig_settle(struct rig *rig);         /* what was posted to the loop until now has run */

struct rig_answer {
    unsigned status;
    char head[2048], body[8192];
    size_t body_size;
};
void rig_send(int fd, const char *method, const char *path, const char *body, size_t size);
bool rig_receive(int fd, struct rig_answer *out);      /* false: the connection has ended */
bool rig_receive_soon(int fd, struct rig_answer *out, int milliseconds); /* false: nothing came */
void rig_ask(int fd, const char *method, const char *path, const char *body, struct rig_answer *out);
void rig_header(const struct rig_answer *answer, const char *name, char *out, size_t size); /* "" when there is none */
void rig_next(int fd, char request_id[64], char *event, size_t size);
void rig_respond(int fd, const char *request_id, const char *verb, const char *body, struct rig_answer *out);

#endif
