/* A function service on a memory database, and a function whose "process" only tells where its Runtime API is: the test itself
 * speaks to it, request by request. */
#ifndef TEST_FUNCTION_SCENE_H
#define TEST_FUNCTION_SCENE_H

#include <semaphore.h>

#include "function/function.h"

struct scene {
    struct leat *db;
    struct net_loop *loop;
    struct function_service *service;
    char directory[64], code[96];
};

void scene_init(struct scene *scene, unsigned processes_max);
void scene_fini(struct scene *scene);
/* A function named `name` with provided.al2023; every start of its process adds the address of its Runtime API to a file. */
void scene_function(struct scene *scene, const char *name, int64_t timeout_seconds);
/* Connects to the Runtime API of the n-th process started (0: the first), waiting for it. */
int scene_connect(struct scene *scene, size_t n);

struct scene_call {
    sem_t done;
    unsigned count; /* how often `done` was called */
    enum leat_code code;
    bool error;
    char request_id[64], payload[8192], message[1024], tail[4097];
    size_t payload_size;
};
void scene_invoke(struct scene *scene, struct scene_call *call, const char *name, const char *payload);
void scene_wait(struct scene_call *call);     /* until it is answered; at most 10 s */
bool scene_answered(struct scene_call *call); /* already? */
void scene_settle(struct scene *scene);         /* what was posted to the loop until now has run */

struct scene_answer {
    unsigned status;
    char head[2048], body[8192];
    size_t body_size;
};
void scene_send(int fd, const char *method, const char *path, const char *body, size_t size);
bool scene_receive(int fd, struct scene_answer *out);      /* false: the connection has ended */
bool scene_receive_soon(int fd, struct scene_answer *out, int milliseconds); /* false: nothing came */
void scene_ask(int fd, const char *method, const char *path, const char *body, struct scene_answer *out);
void scene_header(const struct scene_answer *answer, const char *name, char *out, size_t size); /* "" when there is none */
void scene_next(int fd, char request_id[64], char *event, size_t size);
void scene_respond(int fd, const char *request_id, const char *verb, const char *body, struct scene_answer *out);

#endif
