/* One function process: started, given calls, timed, ended. The states are drawn in service.h.
 *
 * Standard output and error share one pipe, so their lines stay in order. Before a call is handed over or answered the pipe is read
 * to its end, so that every line lands with the call it belongs to. */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/slice.h"
#include "function/service.h"

enum {
    PROCESS_LAUNCH_MEMORY_MAX = 1 << 20,
    PROCESS_BODY_MAX = 64 << 20, /* past FUNCTION_RESPONSE_MAX the answer is ours; past this the connection is refused */
    PROCESS_READ_BYTES = 64 << 10,
    PROCESS_NEVER_MS = 24 * 3600 * 1000,
    PROCESS_CONNECTIONS_MAX = 64
};

static uint64_t loop_now(const struct function_process *process) {
    return uv_now(net_loop_uv(process->pool->service->work_loop));
}

static const struct function_configuration *configuration_of(const struct function_process *process) {
    return &process->version->configuration;
}

static uint64_t timeout_ms(const struct function_process *process) {
    return (uint64_t)configuration_of(process)->timeout_seconds * 1000;
}

/* ---- life ---- */

static void process_free(struct function_process *process) {
    struct function_service *service = process->pool->service;
    process->pool->processes--;
    if (process->version != NULL) function_version_unref(process->version);
    buf_fini(&process->line);
    buf_fini(&process->tail);
    buf_fini(&process->init_error);
    free(process);
    function_service_handle_closed(service);
}

static void handle_closed(uv_handle_t *handle) {
    struct function_process *process = handle->data;
    if (--process->handles == 0) process_free(process);
}

static void close_handle(struct function_process *process, uv_handle_t *handle) {
    (void)process;
    if (handle->data != NULL && !uv_is_closing(handle)) uv_close(handle, handle_closed);
}

static void close_handles(struct function_process *process) {
    close_handle(process, (uv_handle_t *)&process->handle);
    close_handle(process, (uv_handle_t *)&process->output);
    close_handle(process, (uv_handle_t *)&process->timer);
}

static void opened(struct function_process *process, uv_handle_t *handle) {
    handle->data = process;
    process->handles++;
}

static void signal_group(struct function_process *process) {
    /* it leads a process group of its own: children go with it */
    if (process->pid > 0) (void)kill(-process->pid, SIGKILL);
}

static void refuse_waiting(struct function_process *process) {
    struct net_request *waiting = process->waiting;
    process->waiting = NULL;
    if (waiting != NULL) net_reply(waiting, 500, NULL, 0);
}

void function_process_kill(struct function_process *process) {
    if (process->state == FUNCTION_DEAD) return;
    assert(process->call == NULL);
    function_pool_move(process, FUNCTION_DEAD);
    (void)uv_timer_stop(&process->timer);
    refuse_waiting(process);
    if (process->listener != NULL) net_server_close_here(process->listener);
    process->listener = NULL;
    signal_group(process);
}

/* After a process has died or been killed: somebody may be waiting for its place. */
static void go_on(struct function_process *process) {
    function_pool_dispatch(process->pool);
    function_pools_wake(process->pool->service);
}

/* ---- output ---- */

static void output_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out) {
    static char room[PROCESS_READ_BYTES]; /* the work loop's alone, and empty again when output_arrived returns */
    (void)handle, (void)suggested;
    *out = uv_buf_init(room, sizeof room);
}

static void output_arrived(uv_stream_t *stream, ssize_t size, const uv_buf_t *bytes) {
    struct function_process *process = stream->data;
    if (size > 0) {
        function_report_output(process, slice_of(bytes->base, (size_t)size));
        function_log_flush(process->version->log);
    } else if (size < 0) {
        (void)uv_read_stop(stream);
    }
}

void function_process_drain(struct function_process *process) {
    char room[4096];
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)&process->output, &fd) != 0) return;
    ssize_t size;
    size_t total = 0; /* one who prints without end does not hold the loop */
    while (total < PROCESS_READ_BYTES * 4 && (size = read(fd, room, sizeof room)) > 0) {
        function_report_output(process, slice_of(room, (size_t)size));
        total += (size_t)size;
    }
}

/* ---- failing ---- */

static void init_failed(struct function_process *process, struct leat_slice payload, const char *type, const char *message) {
    struct function_call *call = function_pool_take(process->pool);
    if (call == NULL) return;
    (void)snprintf(process->request_id, sizeof process->request_id, "%s", call->request_id);
    call->started_ns = process->spawned_ns;
    process->call = call;
    function_report_start(process);
    if (payload.data == NULL) {
        function_report_end(process, type);
        process->call = NULL;
        function_report_fault(call, type, message, buf_view(&process->tail));
        return;
    }
    function_report_end(process, "error");
    process->call = NULL;
    struct function_answer answer = {
        .payload = payload,
        .function_error = true,
        .request_id = slice_text(call->request_id),
        .executed_version = slice_text(process->pool->number),
    };
    if (call->want_log_tail) answer.log_tail = buf_view(&process->tail);
    function_call_answer(call, &answer);
}

void function_process_init_failed(struct function_process *process, struct leat_slice payload) {
    function_process_drain(process);
    function_report_flush_line(process);
    function_process_kill(process);
    init_failed(process, payload, NULL, NULL);
    go_on(process);
}

/* The running call is taken away and answered, then the process has no further use. */
static void call_failed(struct function_process *process, const char *type, const char *message) {
    struct function_call *call = process->call;
    function_process_drain(process);
    function_report_flush_line(process);
    function_report_end(process, type);
    process->call = NULL;
    function_process_kill(process);
    function_report_fault(call, type, message, buf_view(&process->tail));
    go_on(process);
}

/* Its limit is told as AWS tells it, where the kernel ends the process. */
void function_process_overgrown(struct function_process *process) {
    static const char words[] = "Runtime exited with error: signal: killed";
    if (process->state == FUNCTION_BUSY) {
        call_failed(process, "Runtime.ExitError", words);
        return;
    }
    function_process_drain(process);
    function_report_flush_line(process);
    function_process_kill(process);
    init_failed(process, (struct leat_slice){NULL, 0}, "Runtime.ExitError", words);
    go_on(process);
}

static void timed_out(struct function_process *process) {
    char words[96], now[CLOCK_ISO_SIZE], line[192];
    (void)snprintf(words, sizeof words, "Task timed out after %.2f seconds", (double)timeout_ms(process) / 1000);
    clock_iso(clock_real_ms(), now);
    (void)snprintf(line, sizeof line, "%sZ %s %s", now, process->request_id, words);
    function_process_drain(process);
    function_report_flush_line(process);
    function_report_line(process, slice_text(line));
    call_failed(process, "Sandbox.Timedout", words);
}

/* "Lambda execution environment lifecycle": an init that takes longer than 10 s is done again within the first invocation, under the
 * function's own timeout. */
static void init_timed_out(struct function_process *process) {
    char words[96];
    struct function_call *first = process->pool->first;
    function_process_drain(process);
    function_report_flush_line(process);
    function_process_kill(process);
    if (first != NULL && !process->init_retry) {
        first->init_timed_out = true;
    } else {
        (void)snprintf(words, sizeof words, "Task timed out after %.2f seconds", (double)timeout_ms(process) / 1000);
        init_failed(process, (struct leat_slice){NULL, 0}, "Sandbox.Timedout", words);
    }
    go_on(process);
}

static void timer_fired(uv_timer_t *timer) {
    struct function_process *process = timer->data;
    switch (process->state) {
    case FUNCTION_STARTING: init_timed_out(process); break;
    case FUNCTION_BUSY: timed_out(process); break;
    case FUNCTION_RETURNING:
        if (process->late) {
            function_process_kill(process);
        } else { /* it has something else to do first; it may until its deadline */
            uint64_t now = loop_now(process);
            process->late = true;
            process->pool->returning--;
            (void)uv_timer_start(timer, timer_fired, process->deadline_ms > now ? process->deadline_ms - now : 1, 0);
        }
        go_on(process);
        break;
    case FUNCTION_IDLE:
    case FUNCTION_DEAD: break;
    }
}

static void exit_words(char *out, size_t size, int64_t status, int signal) {
    const char *name = signal == 0 ? NULL : strsignal(signal); /* "Terminated"; AWS writes it small */
    if (name != NULL)
        (void)snprintf(out, size, "Runtime exited with error: signal: %c%s", tolower((unsigned char)name[0]), name + 1);
    else if (status != 0) (void)snprintf(out, size, "Runtime exited with error: exit status %d", (int)status);
    else (void)snprintf(out, size, "Runtime exited without providing a reason");
}

static void process_exited(uv_process_t *handle, int64_t status, int signal) {
    struct function_process *process = handle->data;
    enum function_state state = process->state;
    char words[128];
    exit_words(words, sizeof words, status, signal);
    signal_group(process); /* what it has left behind */
    function_strays_kill_later(process->pool->service, process->stream);
    function_watchdog_tell(process->pool->service, process->pid, false);
    process->pid = 0;
    if (state == FUNCTION_BUSY) {
        call_failed(process, "Runtime.ExitError", words);
    } else {
        function_process_drain(process);
        function_report_flush_line(process);
        function_process_kill(process);
        if (state == FUNCTION_STARTING)
            init_failed(process, (struct leat_slice){NULL, 0}, "Runtime.ExitError", words);
        if (state != FUNCTION_DEAD) go_on(process);
    }
    function_log_flush(process->version->log);
    close_handles(process);
}

/* ---- starting ---- */

static enum leat_code spawn(struct function_process *process, const struct function_launch *launch, int output,
                            struct leat_fault *fault) {
    struct function_service *service = process->pool->service;
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = output},
        {.flags = UV_INHERIT_FD, .data.fd = output},
    };
    uv_process_options_t options = {
        .exit_cb = process_exited,
        .file = service->launcher,
        .args = launch->arguments,
        .env = launch->environment,
        .cwd = process->version->code_path,
        .flags = UV_PROCESS_DETACHED, /* setsid: a group of its own */
        .stdio_count = 3,
        .stdio = stdio,
    };
    int error = uv_spawn(net_loop_uv(service->work_loop), &process->handle, &options);
    opened(process, (uv_handle_t *)&process->handle); /* also when it failed */
    if (error != 0) return fault_errno(fault, -error, "cannot start the function's process");
    process->pid = process->handle.pid;
    function_watchdog_tell(service, process->pid, true);
    return LEAT_OK;
}

static enum leat_code open_output(struct function_process *process, int *child_end, struct leat_fault *fault) {
    uv_loop_t *loop = net_loop_uv(process->pool->service->work_loop);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return fault_errno(fault, errno, "cannot make a pipe");
    (void)uv_pipe_init(loop, &process->output, 0);
    opened(process, (uv_handle_t *)&process->output);
    int error = uv_pipe_open(&process->output, ends[0]);
    if (error == 0) error = uv_read_start((uv_stream_t *)&process->output, output_room, output_arrived);
    *child_end = ends[1];
    if (error == 0) return LEAT_OK;
    (void)close(ends[1]);
    return fault_errno(fault, -error, "cannot read a function's output");
}

static enum leat_code open_listener(struct function_process *process, struct leat_fault *fault) {
    struct net_loop *loop = process->pool->service->work_loop;
    struct net_server_options options = {
        .host = "127.0.0.1",
        .loops = &loop,
        .loop_count = 1,
        .body_bytes_max = PROCESS_BODY_MAX,
        .idle_timeout_ms = PROCESS_NEVER_MS, /* a handler may run for minutes between two requests */
        .connections_max = PROCESS_CONNECTIONS_MAX,
        .handle = function_runtime_handle,
        .context = process,
    };
    TRY(net_server_new(&options, &process->listener, fault));
    net_server_start(process->listener);
    return LEAT_OK;
}

static enum leat_code process_launch(struct function_process *process, struct leat_fault *fault) {
    struct arena arena;
    struct function_launch launch = {0};
    int output = -1;
    arena_init(&arena, PROCESS_LAUNCH_MEMORY_MAX);
    enum leat_code code = open_listener(process, fault);
    if (code == LEAT_OK)
        code = function_launch_prepare(process, net_server_port(process->listener), &arena, &launch, fault);
    if (code == LEAT_OK) code = open_output(process, &output, fault);
    if (code == LEAT_OK) code = spawn(process, &launch, output, fault);
    if (output >= 0) (void)close(output);
    arena_fini(&arena);
    return code;
}

/* AWS's form: YYYY/MM/DD/[VERSION] and 32 digits. */
static void name_stream(struct function_process *process) {
    char today[CLOCK_ISO_SIZE];
    uint64_t digits;
    clock_iso(clock_real_ms(), today);
    random_bytes(&digits, sizeof digits);
    (void)snprintf(process->stream, sizeof process->stream, "%.4s/%.2s/%.2s/[%s]%s%016llx", today, today + 5, today + 8,
                   process->pool->number, process->pool->service->life, (unsigned long long)digits);
}

enum leat_code function_process_start(struct function_pool *pool, bool init_retry, struct leat_fault *fault) {
    struct function_process *process = calloc(1, sizeof *process);
    if (process == NULL) return fault_memory(fault);
    struct function_service *service = pool->service;
    function_service_watch(service);
    process->pool = pool;
    process->state = FUNCTION_DEAD;
    process->version = pool->version;
    process->version->references++;
    process->init_retry = init_retry;
    process->keep_tail = true; /* should the start fail, its words are the first call's */
    process->spawned_ns = clock_monotonic_ns();
    name_stream(process);
    buf_init(&process->line, FUNCTION_LOG_LINE_MAX);
    buf_init(&process->tail, 2 * FUNCTION_LOG_LINE_MAX);
    buf_init(&process->init_error, FUNCTION_RESPONSE_MAX);
    pool->processes++;
    service->handles++;
    (void)uv_timer_init(net_loop_uv(service->work_loop), &process->timer);
    opened(process, (uv_handle_t *)&process->timer);
    enum leat_code code = process_launch(process, fault);
    if (code == LEAT_OK) {
        function_pool_move(process, FUNCTION_STARTING);
        function_memory_watch(service);
        (void)uv_timer_start(&process->timer, timer_fired, init_retry ? timeout_ms(process) : FUNCTION_INIT_LIMIT_MS, 0);
        return LEAT_OK;
    }
    if (process->listener != NULL) net_server_close_here(process->listener);
    process->listener = NULL;
    close_handles(process);
    return code;
}

/* ---- working ---- */

void function_process_ready(struct function_process *process, struct net_request *request) {
    if (process->state == FUNCTION_STARTING) {
        process->init_ns = clock_monotonic_ns() - process->spawned_ns;
        (void)function_process_drain(process);
    }
    (void)uv_timer_stop(&process->timer);
    process->waiting = request;
    function_pool_move(process, FUNCTION_IDLE);
    process->idle_since_ms = loop_now(process);
    if (process->version != process->pool->version) function_process_kill(process);
    go_on(process);
}

static void next_headers(const struct function_process *process, uint64_t deadline_ms, struct net_reply_header headers[6],
                         char text[96]) {
    const struct function_call *call = process->call;
    (void)snprintf(text, 24, "%llu", (unsigned long long)deadline_ms);
    /* X-Ray's form of a trace identifier: seconds, 96 bits; never sampled */
    (void)snprintf(text + 24, 72, "Root=1-%08x-%.8s%.4s%.4s%.4s0000;Sampled=0", (unsigned)(deadline_ms / 1000),
                   call->request_id, call->request_id + 9, call->request_id + 14, call->request_id + 19);
    headers[0] = (struct net_reply_header){"Content-Type", SLICE("application/json")};
    headers[1] = (struct net_reply_header){"Lambda-Runtime-Aws-Request-Id", slice_text(call->request_id)};
    headers[2] = (struct net_reply_header){"Lambda-Runtime-Deadline-Ms", slice_text(text)};
    headers[3] = (struct net_reply_header){"Lambda-Runtime-Invoked-Function-Arn", slice_text(call->arn)};
    headers[4] = (struct net_reply_header){"Lambda-Runtime-Trace-Id", slice_text(text + 24)};
    headers[5] = (struct net_reply_header){"Lambda-Runtime-Client-Context", call->client_context};
}

void function_process_give(struct function_process *process, struct function_call *call) {
    struct net_reply_header headers[6];
    char text[96];
    struct net_request *request = process->waiting;
    function_process_drain(process); /* what was printed before belongs to no call */
    function_report_flush_line(process);
    buf_clear(&process->tail);
    process->waiting = NULL;
    process->call = call;
    call->started_ns = clock_monotonic_ns();
    process->keep_tail = call->want_log_tail;
    memcpy(process->request_id, call->request_id, sizeof process->request_id);
    function_pool_move(process, FUNCTION_BUSY);
    function_memory_watch(process->pool->service);
    next_headers(process, clock_real_ms() + timeout_ms(process), headers, text);
    buf_slice(net_reply_body(request), call->payload);
    net_reply(request, 200, headers, call->client_context.data != NULL ? 6 : 5);
    function_report_start(process);
    process->deadline_ms = loop_now(process) + timeout_ms(process);
    (void)uv_timer_start(&process->timer, timer_fired, timeout_ms(process), 0);
}

void function_process_answered(struct function_process *process, struct leat_slice payload, bool error) {
    struct function_call *call = process->call;
    function_process_drain(process);
    function_report_flush_line(process);
    function_report_end(process, error ? "error" : NULL);
    process->call = NULL;
    function_pool_move(process, FUNCTION_RETURNING);
    (void)uv_timer_start(&process->timer, timer_fired, FUNCTION_RETURN_PATIENCE_MS, 0);
    if (process->version != process->pool->version) {
        process->late = true;
        process->pool->returning--;
    }
    struct function_answer answer = {
        .payload = payload,
        .function_error = error,
        .request_id = slice_text(call->request_id),
        .executed_version = slice_text(process->pool->number),
    };
    if (call->want_log_tail) answer.log_tail = buf_view(&process->tail);
    function_call_answer(call, &answer);
}
