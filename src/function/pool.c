/* Which process runs which call: warm ones first, the most recently used before others (so that the rest can be reaped), a new
 * one when none is free, and a line of waiting calls, first come first served. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/slice.h"
#include "function/service.h"

struct function_pool *function_pool_find(struct function_service *service, struct leat_slice name, const char *number, bool make) {
    struct function_pool **bucket = &service->pools[hash_bytes(name) % FUNCTION_POOL_BUCKETS];
    for (struct function_pool *pool = *bucket; pool != NULL; pool = pool->next_in_bucket)
        if (slice_is(name, pool->name) && strcmp(number, pool->number) == 0) return pool;
    if (!make || name.size > FUNCTION_NAME_MAX) return NULL;
    struct function_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) return NULL;
    memcpy(pool->name, name.data, name.size);
    (void)snprintf(pool->number, sizeof pool->number, "%s", number);
    pool->family = function_family_find(service, pool->name, true);
    if (pool->family == NULL) {
        free(pool);
        return NULL;
    }
    pool->family->references++;
    pool->service = service;
    pool->last = &pool->first;
    pool->next_in_bucket = *bucket;
    *bucket = pool;
    return pool;
}

void function_pool_free(struct function_pool *pool) {
    assert(pool->processes == 0 && pool->waiting == 0);
    struct function_pool **at = &pool->service->pools[hash_bytes(slice_text(pool->name)) % FUNCTION_POOL_BUCKETS];
    while (*at != pool) at = &(*at)->next_in_bucket;
    *at = pool->next_in_bucket;
    if (pool->version != NULL) function_version_unref(pool->version);
    function_family_unref(pool->family);
    free(pool);
}

/* ---- lists of processes ---- */

static struct function_process **list_of(struct function_process *process) {
    return process->state == FUNCTION_IDLE ? &process->pool->idle : &process->pool->others;
}

static void count(struct function_process *process, int by) {
    struct function_pool *pool = process->pool;
    if (process->state == FUNCTION_STARTING) pool->starting += (unsigned)by;
    if (process->state == FUNCTION_RETURNING && !process->late) pool->returning += (unsigned)by;
    if (process->state != FUNCTION_DEAD) pool->service->processes += (unsigned)by;
}

/* DEAD is where a process comes from, too: a new one is in no list. */
void function_pool_move(struct function_process *process, enum function_state state) {
    if (process->state != FUNCTION_DEAD) {
        count(process, -1);
        if (process->previous != NULL) process->previous->next = process->next;
        else *list_of(process) = process->next;
        if (process->next != NULL) process->next->previous = process->previous;
    }
    process->previous = process->next = NULL;
    process->state = state;
    process->late = false;
    if (state == FUNCTION_DEAD) return;
    count(process, 1);
    struct function_process **list = list_of(process);
    process->next = *list;
    if (*list != NULL) (*list)->previous = process;
    *list = process;
}

/* ---- calls ---- */

void function_call_answer(struct function_call *call, const struct function_answer *answer) {
    call->pool->family->calls--; /* whoever is told may call again at once */
    call->done(call->context, answer);
    free(call);
}

void function_call_fail(struct function_call *call, const struct leat_fault *fault) {
    struct function_answer answer = {
        .code = fault->code,
        .fault = *fault,
        .request_id = slice_text(call->request_id),
        .executed_version = slice_text(call->pool->number),
    };
    function_call_answer(call, &answer);
}

static struct function_call *call_new(struct function_pool *pool, const struct function_invocation *from,
                                      const struct function_name *name) {
    struct function_service *service = pool->service;
    size_t size = from->payload.size + from->client_context.size;
    struct function_call *call = malloc(sizeof *call + size);
    if (call == NULL) return NULL;
    *call = (struct function_call){
        .pool = pool, .want_log_tail = from->want_log_tail, .done = from->done, .context = from->context};
    pool->family->calls++;
    uint8_t *bytes = (uint8_t *)(call + 1);
    if (from->payload.size > 0) memcpy(bytes, from->payload.data, from->payload.size);
    call->payload = slice_of(bytes, from->payload.size);
    if (from->client_context.data != NULL) {
        memcpy(bytes + from->payload.size, from->client_context.data, from->client_context.size);
        call->client_context = slice_of(bytes + from->payload.size, from->client_context.size);
    }
    if (from->request_id.data == NULL) random_uuid(call->request_id);
    else (void)snprintf(call->request_id, sizeof call->request_id, "%.*s", SLICE_FORMAT(from->request_id));
    function_name_arn(name, service->region, service->account, call->arn);
    return call;
}

static void wait_in_line(struct function_pool *pool, struct function_call *call) {
    *pool->last = call;
    pool->last = &call->next;
    pool->waiting++;
    pool->service->waiting_bytes += call->payload.size;
}

struct function_call *function_pool_take(struct function_pool *pool) {
    struct function_call *call = pool->first;
    if (call == NULL) return NULL;
    pool->first = call->next;
    if (pool->first == NULL) pool->last = &pool->first;
    pool->waiting--;
    pool->service->waiting_bytes -= call->payload.size;
    return call;
}

static void fail_all(struct function_pool *pool, const struct leat_fault *fault) {
    struct function_call *call = pool->first;
    while (function_pool_take(pool) != NULL) {} /* what `done` brings in anew is not of this lot */
    while (call != NULL) {
        struct function_call *next = call->next;
        function_call_fail(call, fault);
        call = next;
    }
}

/* ---- the function as it is now ---- */

static struct function_process *first_outdated(struct function_process *list, const struct function_pool *pool) {
    for (; list != NULL; list = list->next)
        if (list->version != pool->version && (list->state == FUNCTION_IDLE || list->state == FUNCTION_STARTING)) return list;
    return NULL;
}

void function_pool_changed(struct function_pool *pool, bool code_replaced) {
    if (pool->version == NULL) return;
    pool->version->code_replaced |= code_replaced;
    function_version_unref(pool->version);
    pool->version = NULL;
    struct function_process *process;
    while ((process = first_outdated(pool->idle, pool)) != NULL) function_process_kill(process);
    while ((process = first_outdated(pool->others, pool)) != NULL) function_process_kill(process);
    for (process = pool->others; process != NULL; process = process->next) {
        if (process->state == FUNCTION_RETURNING && !process->late) { /* it will not be used again */
            process->late = true;
            pool->returning--;
        }
    }
    function_pool_dispatch(pool);
}

/* A deleted version's or function's code, too, is removed by whoever used it last. */
bool function_pools_changed(struct function_service *service, const char *name, const char *number, const char *old_path) {
    bool used = false;
    struct function_family *family = function_family_find(service, name, false);
    if (family != NULL) family->known = false;
    struct function_pool *pool = service->pools[hash_bytes(slice_text(name)) % FUNCTION_POOL_BUCKETS], *next;
    for (; pool != NULL; pool = next) {
        next = pool->next_in_bucket;
        if (strcmp(pool->name, name) != 0 || (number[0] != 0 && strcmp(pool->number, number) != 0)) continue;
        bool last = old_path != NULL && pool->version != NULL && strcmp(pool->version->code_path, old_path) == 0;
        used |= last;
        function_pool_changed(pool, last);
    }
    return used;
}

static enum leat_code make_current(struct function_pool *pool, struct leat_fault *fault) {
    if (pool->version != NULL && function_watch_changed(&pool->version->watch)) function_pool_changed(pool, false);
    if (pool->version != NULL) return LEAT_OK;
    return function_version_load(pool->service, pool->name, pool->number, &pool->version, fault);
}

/* ---- matching ---- */

static struct function_process *longest_idle(struct function_service *service) {
    struct function_process *found = NULL;
    for (size_t i = 0; i < FUNCTION_POOL_BUCKETS; i++)
        for (struct function_pool *pool = service->pools[i]; pool != NULL; pool = pool->next_in_bucket)
            for (struct function_process *process = pool->idle; process != NULL; process = process->next)
                if (found == NULL || process->idle_since_ms < found->idle_since_ms) found = process;
    return found;
}

/* Room for one more process; where there is none another function's idle one gives way. */
static bool make_room(struct function_service *service) {
    if (service->processes < service->processes_max) return true;
    struct function_process *idle = longest_idle(service);
    if (idle != NULL) function_process_kill(idle);
    else service->starved = true;
    return idle != NULL;
}

static bool start_one(struct function_pool *pool) {
    struct leat_fault fault = {0};
    if (!make_room(pool->service)) return false;
    enum leat_code code = function_process_start(pool, pool->first->init_timed_out, &fault);
    if (code == LEAT_OK) return true;
    struct function_call *call = function_pool_take(pool);
    if (code == LEAT_VALIDATION) { /* the function's own fault: it has no program that could be run */
        function_report_unstarted(pool, call, fault.message);
    } else {
        log_warning("cannot start a process of function %s: %s", pool->name, fault.message);
        function_call_fail(call, &fault);
    }
    return true;
}

static bool need_process(const struct function_pool *pool) {
    return pool->waiting > pool->starting + pool->returning && pool->starting < FUNCTION_STARTING_MAX;
}

static void give_to_idle(struct function_pool *pool) {
    while (pool->first != NULL && pool->idle != NULL) {
        struct function_process *process = pool->idle;
        if (process->waiting->closed) function_process_kill(process); /* its connection is gone, it cannot be reached */
        else function_process_give(process, function_pool_take(pool));
    }
}

void function_pool_dispatch(struct function_pool *pool) {
    struct leat_fault fault = {0};
    if (pool->dispatching || pool->first == NULL || pool->service->closing) return;
    pool->dispatching = true; /* what is called from here may invoke again: that only stands in line */
    enum leat_code code = make_current(pool, &fault);
    if (code == LEAT_OK) {
        give_to_idle(pool);
        while (need_process(pool) && start_one(pool)) {}
    }
    pool->dispatching = false;
    if (code != LEAT_OK) fail_all(pool, &fault);
}

void function_pools_wake(struct function_service *service) {
    if (!service->starved || service->closing) return;
    service->starved = false;
    for (size_t i = 0; i < FUNCTION_POOL_BUCKETS; i++)
        for (struct function_pool *pool = service->pools[i]; pool != NULL; pool = pool->next_in_bucket)
            function_pool_dispatch(pool);
}

/* ---- invoking ---- */

/* For aliases that point to two versions. */
static double chance(void) {
    uint32_t number;
    random_bytes(&number, sizeof number);
    return (double)number / 4294967296.0;
}

static enum leat_code invocation_check(struct function_service *service, const struct function_invocation *invocation,
                                       struct function_name *name, struct function_pool **pool, struct leat_fault *fault) {
    TRY(function_name_parse(invocation->name, name, fault));
    if (service->closing) return fault_set(fault, LEAT_CLOSED, "the server is stopping");
    if (invocation->payload.size > FUNCTION_PAYLOAD_MAX)
        return fault_set(fault, LEAT_REQUEST_TOO_LARGE, "Request must be smaller than %d bytes for the InvokeFunction operation",
                         FUNCTION_PAYLOAD_MAX);
    struct function_name asked = {name->name, name->qualifier.data != NULL ? name->qualifier : SLICE("$LATEST")};
    char number[FUNCTION_VERSION_SIZE], text[FUNCTION_NAME_MAX + 1] = "";
    TRY(function_resolve(service, &asked, chance(), number, fault));
    *pool = function_pool_find(service, name->name, number, false);
    if (*pool != NULL && (*pool)->version != NULL) return function_family_enter((*pool)->family, fault);
    /* no pool for a name that is no function's */
    memcpy(text, name->name.data, name->name.size);
    struct function_version *version = NULL;
    enum leat_code code = function_version_load(service, text, number, &version, fault);
    if (code == LEAT_RESOURCE_NOT_FOUND) return function_not_found(service, &asked, fault);
    if (code != LEAT_OK) return code;
    *pool = function_pool_find(service, name->name, number, true);
    if (*pool != NULL && (*pool)->version == NULL) (*pool)->version = version;
    else function_version_unref(version);
    return *pool == NULL ? fault_memory(fault) : function_family_enter((*pool)->family, fault);
}

void function_invoke(struct function_service *service, const struct function_invocation *invocation) {
    assert(net_loop_here(service->work_loop));
    struct leat_fault fault = {0};
    struct function_name name;
    struct function_pool *pool = NULL;
    struct function_call *call = NULL;
    enum leat_code code = invocation_check(service, invocation, &name, &pool, &fault);
    if (code == LEAT_OK && (pool->waiting >= FUNCTION_WAITING_MAX || service->waiting_bytes > FUNCTION_WAITING_BYTES_MAX))
        code = fault_set(&fault, LEAT_BUSY, "Rate Exceeded.");
    if (code == LEAT_OK && (call = call_new(pool, invocation, &name)) == NULL) code = fault_memory(&fault);
    if (code != LEAT_OK) {
        struct function_answer answer = {.code = code, .fault = fault};
        invocation->done(invocation->context, &answer);
        return;
    }
    wait_in_line(pool, call);
    function_pool_dispatch(pool);
}
