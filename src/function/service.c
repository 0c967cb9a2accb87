#include "function/service.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/slice.h"
#include "function/code.h"
#include "function/events.h"

enum { SERVICE_MEMORY_MAX = 64 << 10, LOOK_BYTES_MAX = 1 << 20 };

static const char *keep(struct function_service *service, const char *text) {
    return text == NULL ? NULL : (const char *)arena_copy(&service->arena, slice_text(text)).data;
}

/* Processes work in other directories: what they are told must be absolute. */
static const char *keep_absolute(struct function_service *service, const char *path) {
    char *whole = realpath(path, NULL);
    const char *kept = whole == NULL ? NULL : keep(service, whole);
    free(whole);
    return kept;
}

static enum leat_code keep_options(struct function_service *service, const struct function_service_options *options,
                                   struct leat_fault *fault) {
    char own[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", own, sizeof own - 1);
    own[size < 0 ? 0 : size] = 0;
    char *logs = NULL;
    if (asprintf(&logs, "%s/logs", options->directory) < 0) return fault_memory(fault);
    enum leat_code code = function_code_make_directory(logs, fault);
    free(logs);
    TRY(code);
    service->directory = keep_absolute(service, options->directory);
    service->region = keep(service, options->region);
    service->account = keep(service, options->account);
    service->endpoint = keep(service, options->endpoint);
    service->access_key = keep(service, options->access_key != NULL ? options->access_key : "local");
    service->secret_key = keep(service, options->secret_key != NULL ? options->secret_key : "local");
    /* the program may be replaced by a newer one while we run: this path still names what runs now */
    service->launcher = keep(service, options->launcher != NULL ? options->launcher : "/proc/self/exe");
    service->processes_max = options->processes_max != 0 ? options->processes_max : FUNCTION_PROCESSES_MAX;
    if (service->directory == NULL || service->region == NULL || service->account == NULL || service->launcher == NULL)
        return fault_memory(fault);
    return LEAT_OK;
}

enum leat_code function_service_new(const struct function_service_options *options, struct function_service **out,
                                    struct leat_fault *fault) {
    struct function_service *service = calloc(1, sizeof *service);
    if (service == NULL) return fault_memory(fault);
    arena_init(&service->arena, SERVICE_MEMORY_MAX);
    uint64_t life;
    random_bytes(&life, sizeof life);
    (void)snprintf(service->life, sizeof service->life, "%016llx", (unsigned long long)life);
    service->db = options->db;
    service->work_loop = options->work_loop;
    service->destinations = options->destinations;
    service->event_retry_ms = options->event_retry_ms != 0 ? options->event_retry_ms : FUNCTION_EVENT_RETRY_MS;
    service->watchdog = -1;
    enum leat_code code = keep_options(service, options, fault);
    if (code == LEAT_OK && (service->logs = function_logs_new(service->directory)) == NULL) code = fault_memory(fault);
    if (code == LEAT_OK) code = function_events_new(service, &service->events, fault);
    if (code != LEAT_OK) {
        function_logs_free(service->logs);
        arena_fini(&service->arena);
        free(service);
        return code;
    }
    function_sweep(service);
    function_events_start(service->events);
    *out = service;
    return LEAT_OK;
}

/* ---- the watchdog ---- */

static void watchdog_closed(uv_handle_t *handle) { function_service_handle_closed(handle->data); }

static void watchdog_exited(uv_process_t *process, int64_t status, int signal) {
    struct function_service *service = process->data;
    (void)status, (void)signal;
    if (service->watchdog >= 0) (void)close(service->watchdog);
    service->watchdog = -1;
    uv_close((uv_handle_t *)process, watchdog_closed);
}

static void watchdog_start(struct function_service *service) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return;
    char *arguments[] = {(char *)(uintptr_t)function_watchdog_name, service->life, NULL}, *environment[] = {NULL};
    uv_stdio_container_t stdio[3] = {{.flags = UV_INHERIT_FD, .data.fd = ends[0]}, {.flags = UV_IGNORE}, {.flags = UV_IGNORE}};
    uv_process_options_t options = {
        .exit_cb = watchdog_exited,
        .file = service->launcher,
        .args = arguments,
        .env = environment,
        .flags = UV_PROCESS_DETACHED, /* a key press that ends leat does not end it first */
        .stdio_count = 3,
        .stdio = stdio,
    };
    int error = uv_spawn(net_loop_uv(service->work_loop), &service->watchdog_process, &options);
    (void)close(ends[0]);
    service->watchdog_process.data = service;
    service->handles++;
    if (error == 0) {
        service->watchdog = ends[1];
        (void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
        return;
    }
    log_warning("cannot start the watchdog of function processes: %s", uv_strerror(error));
    (void)close(ends[1]);
    uv_close((uv_handle_t *)&service->watchdog_process, watchdog_closed);
}

void function_watchdog_tell(struct function_service *service, int pid, bool alive) {
    int32_t word = alive ? pid : -pid;
    if (service->watchdog >= 0 && pid > 0) (void)!write(service->watchdog, &word, sizeof word);
}

/* ---- reaping ---- */

static void reap_pool(struct function_pool *pool, uint64_t now) {
    for (struct function_process *process = pool->idle, *next; process != NULL; process = next) {
        next = process->next;
        if (now - process->idle_since_ms >= FUNCTION_IDLE_LIMIT_MS) function_process_kill(process);
    }
    if (pool->processes == 0 && pool->waiting == 0 && pool->version == NULL) function_pool_free(pool);
}

static void reaper_closed(uv_handle_t *handle) { function_service_handle_closed(handle->data); }

static void reap(uv_timer_t *timer) {
    struct function_service *service = timer->data;
    uint64_t now = uv_now(timer->loop);
    for (size_t i = 0; i < FUNCTION_POOL_BUCKETS; i++)
        for (struct function_pool *pool = service->pools[i], *next; pool != NULL; pool = next) {
            next = pool->next_in_bucket;
            reap_pool(pool, now);
        }
    if (service->processes > 0) return;
    (void)uv_timer_stop(timer); /* nothing runs: nothing to wake up for */
    service->reaper_running = false;
}

void function_service_watch(struct function_service *service) {
    if (!service->reaper_made) {
        (void)uv_timer_init(net_loop_uv(service->work_loop), &service->reaper);
        service->reaper.data = service;
        service->reaper_made = true;
        service->handles++;
        watchdog_start(service);
    }
    if (service->reaper_running) return;
    service->reaper_running = true;
    (void)uv_timer_start(&service->reaper, reap, FUNCTION_REAP_EVERY_MS, FUNCTION_REAP_EVERY_MS);
}

/* ---- the end ---- */

static void all_closed(struct function_service *service) {
    for (size_t i = 0; i < FUNCTION_POOL_BUCKETS; i++)
        while (service->pools[i] != NULL) function_pool_free(service->pools[i]);
    uv_sem_post(service->closed);
}

void function_service_handle_closed(struct function_service *service) {
    if (--service->handles == 0 && service->closed != NULL) all_closed(service);
}

static void end_pool(struct function_pool *pool) {
    struct leat_fault fault = {LEAT_CLOSED, "the server is stopping"};
    struct function_call *call;
    while ((call = function_pool_take(pool)) != NULL) function_call_fail(call, &fault);
    struct function_process *process;
    while ((process = pool->idle != NULL ? pool->idle : pool->others) != NULL) {
        call = process->call;
        process->call = NULL;
        function_process_kill(process);
        if (call != NULL) function_call_fail(call, &fault);
    }
}

struct ending {
    struct net_task task;
    struct function_service *service;
    uv_sem_t closed;
};

static void end_run(struct net_task *task) {
    struct ending *ending = (struct ending *)(void *)task;
    struct function_service *service = ending->service;
    service->closing = true;
    function_events_close(service->events);
    for (size_t i = 0; i < FUNCTION_POOL_BUCKETS; i++)
        for (struct function_pool *pool = service->pools[i]; pool != NULL; pool = pool->next_in_bucket) end_pool(pool);
    if (service->watchdog >= 0) (void)close(service->watchdog);
    service->watchdog = -1;
    service->handles++; /* this visit's own */
    service->closed = &ending->closed;
    if (service->reaper_made) uv_close((uv_handle_t *)&service->reaper, reaper_closed);
    function_memory_close(service);
    function_service_handle_closed(service);
}

void function_service_free(struct function_service *service) {
    if (service == NULL) return;
    struct ending ending = {.task.run = end_run, .service = service};
    if (uv_sem_init(&ending.closed, 0) != 0) return;
    net_loop_post(service->work_loop, &ending.task);
    uv_sem_wait(&ending.closed);
    uv_sem_destroy(&ending.closed);
    if (service->reaper_made) function_strays_kill(service->life); /* there were processes */
    function_events_free(service->events);
    function_logs_free(service->logs);
    arena_fini(&service->arena);
    free(service);
}

enum leat_code function_log_tail(struct function_service *service, struct leat_slice text, uint64_t from, size_t bytes_max,
                                 struct buf *out, uint64_t *next, struct leat_fault *fault) {
    struct function_name name;
    struct arena arena;
    struct function_configuration configuration;
    TRY(function_name_parse(text, &name, fault));
    size_t before = out->size;
    arena_init(&arena, LOOK_BYTES_MAX);
    enum leat_code there = function_registry_get(service, &name, &arena, &configuration, fault);
    if (there == LEAT_RESOURCE_NOT_FOUND) configuration = (struct function_configuration){.name = name.name}; /* its log may be left */
    enum leat_code code = function_log_read(service->directory, function_log_group(&configuration, &arena), from, bytes_max, out, next,
                                            there == LEAT_RESOURCE_NOT_FOUND ? NULL : fault);
    arena_fini(&arena);
    if (code != LEAT_OK || out->size > before || from > 0) return code;
    /* nothing: not called yet, or never made, or its name misspelt? */
    return there;
}
