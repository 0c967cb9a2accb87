/* leat serve: where all is put together. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/api.h"
#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/credentials.h"
#include "cmd/listen.h"
#include "cmd/time.h"
#include "queue/destination.h"

enum { DESTINATIONS_MAX = 4 }; /* services that take failure records */
enum { LOOPS_MAX = 64, LOOPS_DEFAULT_MAX = 4, DRAIN_MS = 3000, HOST_NAMES_MAX = 16, HOST_TEXT_SIZE = 1024 };

/* Lambda API Reference, CreateFunction: 50 MB of zip archive as base64, and the rest of the request */
enum { BODY_BYTES_MAX = 72 << 20 };

static const struct cmd_option options[] = {
    {"data", 'd', "DIR", "where the data is; made when missing (./leat-data)"},
    {"listen", 'l', "ADDR:PORT", "where to listen; port 0: any free one (127.0.0.1:8000)"},
    {"store", 0, "NAME", "lmdb, or memory: gone when the server ends (lmdb)"},
    {"region", 0, "NAME", "in ARNs (us-east-1)"},
    {"account", 0, "NUMBER", "in ARNs (000000000000)"},
    {"credentials", 0, "FILE", "accept only these access keys; format of ~/.aws/credentials"},
    {"insecure", 0, NULL, "listen on any address without credentials"},
    {"host-name", 0, "NAME,...", "further names that requests may have in Host, without credentials; .NAME: all below"},
    {"loops", 0, "N", "threads that answer requests (one per processor, at most 4)"},
    {"retention", 0, "TIME", "how long streams keep records: 90m, 24h, 7d (24h)"},
    {"rotation", 0, "TIME", "age at which a shard is closed and followed by a new one (4h)"},
    {"throttle", 0, NULL, "hold tables with provisioned throughput to their units (off: as fast as the machine)"},
    {"collection-limit", 0, "BYTES", "size at which an item collection of a table with local indexes is full (10 GB)"},
    {"async-retry", 0, "TIME", "pause before an asynchronous invocation is tried again, doubled for the second time (1m)"},
    {"at-timestamp", 0, NULL, "let triggers of tables begin AT_TIMESTAMP, which AWS does for Kinesis alone"},
    {"retry-pause", 0, "TIME", "the longest pause before a trigger gives a failed batch again; the first is 100 ms, then doubled (10s)"},
    {"clock", 0, "virtual[=TIME]", "a clock that stands still until it is moved with leat clock (the system's)"},
    {"settle", 0, "TIME", "how long tables stay CREATING, UPDATING and DELETING, to try a client's waiting (0s)"},
    {NULL, 0, NULL, NULL},
};

struct settings {
    struct leat_options db;
    struct cmd_listen listen;
    struct cmd_credentials credentials;
    char host_text[HOST_TEXT_SIZE];
    const char *host_names[HOST_NAMES_MAX + 1];
    size_t loops;
    uint64_t event_retry_ms, retry_pause_ms; /* 0: as usual */
    bool at_timestamp;
};

struct server {
    struct api_server api;
    struct net_loop *loops[LOOPS_MAX], *work_loop;
    size_t loop_count;
    struct net_server *http;
    struct trigger_destination_resolver destinations[DESTINATIONS_MAX + 1]; /* ends with service NULL */
    char endpoint[CMD_LISTEN_TEXT_SIZE + 8];
};

/* ---- settings ---- */

/* They stand in ARNs, and ARNs in messages, iterators and JSON: nothing that would have to be escaped there. */
static bool made_of(const char *text, const char *allowed, size_t size_min, size_t size_max) {
    size_t size = strlen(text);
    return size >= size_min && size <= size_max && strspn(text, allowed) == size;
}

static enum leat_code read_place(const struct cmd_call *call, struct settings *out, struct leat_fault *fault) {
    const char *region = cmd_value(call, "region"), *account = cmd_value(call, "account");
    out->db.region = region != NULL ? region : "us-east-1";
    out->db.account = account != NULL ? account : "000000000000";
    if (!made_of(out->db.region, "abcdefghijklmnopqrstuvwxyz0123456789-", 1, 32))
        return fault_set(fault, LEAT_VALIDATION, "--region wants a name like us-east-1, not %s", region);
    if (!made_of(out->db.account, "0123456789", 12, 12))
        return fault_set(fault, LEAT_VALIDATION, "--account wants 12 digits, not %s", account);
    return LEAT_OK;
}

static size_t default_loops(void) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors < 1) return 1;
    return processors < LOOPS_DEFAULT_MAX ? (size_t)processors : LOOPS_DEFAULT_MAX;
}

static enum leat_code read_times(const struct cmd_call *call, struct settings *out, struct leat_fault *fault) {
    const char *retention = cmd_value(call, "retention"), *rotation = cmd_value(call, "rotation");
    const char *settle = cmd_value(call, "settle"), *retry = cmd_value(call, "async-retry"), *pause = cmd_value(call, "retry-pause");
    if (pause != NULL && (!cmd_duration_ms(pause, &out->retry_pause_ms) || out->retry_pause_ms == 0))
        return fault_set(fault, LEAT_VALIDATION, "--retry-pause wants a time like 10s, not %s", pause);
    if (retry != NULL && (!cmd_duration_ms(retry, &out->event_retry_ms) || out->event_retry_ms == 0))
        return fault_set(fault, LEAT_VALIDATION, "--async-retry wants a time like 1m, not %s", retry);
    if (retention != NULL && (!cmd_duration_ms(retention, &out->db.stream_retention_ms) || out->db.stream_retention_ms == 0))
        return fault_set(fault, LEAT_VALIDATION, "--retention wants a time like 24h, not %s", retention);
    if (rotation != NULL && (!cmd_duration_ms(rotation, &out->db.shard_rotation_ms) || out->db.shard_rotation_ms == 0))
        return fault_set(fault, LEAT_VALIDATION, "--rotation wants a time like 4h, not %s", rotation);
    if (settle != NULL && !cmd_duration_ms(settle, &out->db.settle_ms))
        return fault_set(fault, LEAT_VALIDATION, "--settle wants a time like 5s, not %s", settle);
    return LEAT_OK;
}

static enum leat_code read_clock(const struct cmd_call *call, struct settings *out, struct leat_fault *fault) {
    const char *value = cmd_value(call, "clock");
    if (value == NULL) return LEAT_OK;
    out->db.virtual_ms = clock_real_ms();
    if (strcmp(value, "virtual") == 0) return LEAT_OK;
    if (strncmp(value, "virtual=", 8) == 0 && cmd_time_ms(value + 8, &out->db.virtual_ms) && out->db.virtual_ms > 0) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION, "--clock wants virtual, or virtual= and a time like 2025-02-22T03:03:25Z, not %s", value);
}

static enum leat_code read_limits(const struct cmd_call *call, struct settings *out, struct leat_fault *fault) {
    const char *limit = cmd_value(call, "collection-limit");
    out->at_timestamp = cmd_value(call, "at-timestamp") != NULL;
    out->db.throttle = cmd_value(call, "throttle") != NULL;
    if (limit != NULL && (!cmd_number(limit, UINT64_MAX, &out->db.collection_bytes_max) || out->db.collection_bytes_max == 0))
        return fault_set(fault, LEAT_VALIDATION, "--collection-limit wants a number of bytes, not %s", limit);
    return LEAT_OK;
}

static enum leat_code read_credentials(const struct cmd_call *call, struct settings *out, struct leat_fault *fault) {
    const char *path = cmd_value(call, "credentials");
    if (path != NULL) return cmd_credentials_read(&out->credentials, path, fault);
    TRY(cmd_credential_own(&out->credentials.pairs[0], fault));
    if (out->credentials.pairs[0].access_key != NULL) out->credentials.count = 1;
    return LEAT_OK;
}

static enum leat_code read_host_names(const struct cmd_call *call, struct settings *out, struct leat_fault *fault) {
    const char *value = cmd_value(call, "host-name");
    size_t count = 0;
    char *rest = NULL;
    if (value == NULL) return LEAT_OK;
    bool fits = strlen(value) < sizeof out->host_text;
    (void)snprintf(out->host_text, sizeof out->host_text, "%s", value);
    for (char *name = strtok_r(out->host_text, ",", &rest); name != NULL && fits; name = strtok_r(NULL, ",", &rest)) {
        fits = count < HOST_NAMES_MAX;
        if (fits) out->host_names[count++] = name;
    }
    if (fits && count > 0) return LEAT_OK;
    return fault_set(fault, LEAT_VALIDATION, "--host-name wants up to %d names with commas between them", HOST_NAMES_MAX);
}

static enum leat_code read_settings(const struct cmd_call *call, struct settings *out, struct leat_fault *fault) {
    const char *value;
    uint64_t number;
    out->db.directory = (value = cmd_value(call, "data")) != NULL ? value : "./leat-data";
    out->db.backend = cmd_value(call, "store");
    out->loops = default_loops();
    if ((value = cmd_value(call, "loops")) != NULL) {
        if (!cmd_number(value, LOOPS_MAX, &number) || number == 0)
            return fault_set(fault, LEAT_VALIDATION, "--loops wants 1 to %d, not %s", LOOPS_MAX, value);
        out->loops = (size_t)number;
    }
    TRY(read_place(call, out, fault));
    TRY(read_times(call, out, fault));
    TRY(read_clock(call, out, fault));
    TRY(read_limits(call, out, fault));
    TRY(read_credentials(call, out, fault));
    TRY(read_host_names(call, out, fault));
    TRY(cmd_listen_parse((value = cmd_value(call, "listen")) != NULL ? value : "127.0.0.1:8000", &out->listen, fault));
    if (!out->listen.loopback && out->credentials.count == 0 && cmd_value(call, "insecure") == NULL)
        return fault_set(fault, LEAT_VALIDATION,
                         "%s can be reached by others: give --credentials FILE, or --insecure to accept everyone", out->listen.host);
    return LEAT_OK;
}

/* ---- starting and stopping, in the order of what needs what ---- */

static enum leat_code start_loops(struct server *server, size_t count, struct leat_fault *fault) {
    TRY(net_loop_new("work", &server->work_loop, fault));
    TRY(net_loop_start(server->work_loop, fault));
    for (size_t i = 0; i < count; i++) {
        TRY(net_loop_new("http", &server->loops[i], fault));
        server->loop_count++;
        TRY(net_loop_start(server->loops[i], fault));
    }
    return LEAT_OK;
}

/* What triggers send to must be there before them. */
static enum leat_code start_destinations(struct server *server, const struct settings *settings, struct leat_fault *fault) {
    struct queue_service_options queues = {
        .db = server->api.db,
        .loop = server->work_loop,
        .region = settings->db.region,
        .account = settings->db.account,
    };
    TRY(queue_service_new(&queues, &server->api.queues, fault));
    server->destinations[0] = queue_destinations(server->api.queues);
    return LEAT_OK;
}

static enum leat_code start_services(struct server *server, const struct settings *settings, struct leat_fault *fault) {
    struct api_server *api = &server->api;
    struct function_service_options functions = {
        .db = api->db,
        .work_loop = server->work_loop,
        .directory = settings->db.directory,
        .region = settings->db.region,
        .account = settings->db.account,
        .endpoint = server->endpoint,
        .access_key = settings->credentials.count > 0 ? settings->credentials.pairs[0].access_key : NULL,
        .secret_key = settings->credentials.count > 0 ? settings->credentials.pairs[0].secret_key : NULL,
        .event_retry_ms = settings->event_retry_ms,
        .destinations = server->destinations,
    };
    TRY(function_service_new(&functions, &api->functions, fault));
    struct trigger_service_options triggers = {
        .db = api->db,
        .work_loop = server->work_loop,
        .resolver = {.arn = function_resolve_arn, .open = function_open_target, .context = api->functions},
        .destinations = server->destinations,
        .region = settings->db.region,
        .account = settings->db.account,
        .retry_ms_max = settings->retry_pause_ms,
        .at_timestamp = settings->at_timestamp,
    };
    TRY(trigger_service_new(&triggers, &api->triggers, fault));
    struct transfer_service_options transfers = {
        .db = api->db,
        .directory = settings->db.directory,
        .region = settings->db.region,
        .account = settings->db.account,
    };
    return transfer_service_new(&transfers, &api->transfers, fault);
}

/* What runs functions must know the port, so it is taken first; clients that connect now wait. */
static enum leat_code take_port(struct server *server, struct settings *settings, struct leat_fault *fault) {
    struct net_server_options http = {
        .host = settings->listen.host,
        .port = settings->listen.port,
        .loops = server->loops,
        .loop_count = server->loop_count,
        .body_bytes_max = BODY_BYTES_MAX,
        .handle = api_handle,
        .context = &server->api,
    };
    TRY(net_server_new(&http, &server->http, fault));
    cmd_listen_bound(&settings->listen, net_server_port(server->http));
    cmd_listen_endpoint(&settings->listen, server->endpoint, sizeof server->endpoint);
    return LEAT_OK;
}

static enum leat_code start(struct server *server, struct settings *settings, struct leat_fault *fault) {
    struct api_server *api = &server->api;
    TRY(leat_open(&settings->db, &api->db, fault));
    TRY(start_loops(server, settings->loops, fault));
    TRY(take_port(server, settings, fault));
    TRY(start_destinations(server, settings, fault));
    TRY(start_services(server, settings, fault));
    api->work_loop = server->work_loop;
    api->region = settings->db.region;
    api->account = settings->db.account;
    api->directory = settings->db.directory;
    api->credentials = settings->credentials.pairs;
    api->credential_count = settings->credentials.count;
    api->host_names = settings->host_names;
    net_server_start(server->http);
    return LEAT_OK;
}

static void stop(struct server *server) {
    if (server->api.queues != NULL) queue_service_drain(server->api.queues);
    if (server->api.db != NULL) leat_clock_stop(server->api.db); /* a request may be moving it */
    if (server->http != NULL) net_server_stop(server->http, DRAIN_MS);
    if (server->api.transfers != NULL) transfer_service_free(server->api.transfers);
    if (server->api.triggers != NULL) trigger_service_free(server->api.triggers);
    if (server->api.functions != NULL) function_service_free(server->api.functions);
    if (server->api.queues != NULL) queue_service_free(server->api.queues);
    for (size_t i = 0; i < server->loop_count; i++) net_loop_stop(server->loops[i]);
    if (server->work_loop != NULL) net_loop_stop(server->work_loop);
    leat_close(server->api.db);
}

/* Connections and function processes are counted by their own limits; the shell's customary 1024 descriptors are fewer than those. */
static void raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Signals are blocked before the first thread begins, so that only the main thread, waiting for them, gets them. */
static void block_signals(sigset_t *set) {
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

static void wait_for_signal(const sigset_t *set) {
    int number;
    while (sigwait(set, &number) != 0) {}
    /* a second one ends the program at once */
    (void)pthread_sigmask(SIG_UNBLOCK, set, NULL);
}

static int serve(struct settings *settings) {
    struct server server = {.loop_count = 0};
    struct leat_fault fault = {0};
    sigset_t signals;
    block_signals(&signals);
    raise_file_limit();
    enum leat_code code = start(&server, settings, &fault);
    if (code == LEAT_OK) {
        bool memory = settings->db.backend != NULL && strcmp(settings->db.backend, "memory") == 0;
        printf("leat %s listening on http://%s, data in %s\n", leat_version(), settings->listen.text,
               memory ? "memory" : settings->db.directory);
        (void)fflush(stdout);
        wait_for_signal(&signals);
    }
    stop(&server);
    return code == LEAT_OK ? EXIT_SUCCESS : cmd_fail("%s", fault.message);
}

static int run(const struct cmd_call *call) {
    struct settings settings = {.loops = 0};
    struct leat_fault fault = {0};
    int status;
    if (read_settings(call, &settings, &fault) != LEAT_OK) status = cmd_fail("%s", fault.message);
    else status = serve(&settings);
    cmd_credentials_fini(&settings.credentials);
    return status;
}

const struct cmd cmd_serve = {
    .name = "serve",
    .arguments = "",
    .summary = "Runs the server: DynamoDB, DynamoDB Streams, Lambda and SQS on one port.",
    .details = "Without credentials every signed request is accepted; the server then listens on this machine's own addresses only.\n"
               "Instead of --credentials, LEAT_ACCESS_KEY and LEAT_SECRET_KEY in the environment name one access key.\n"
               "SIGTERM and SIGINT end it cleanly; a second one at once.",
    .options = options,
    .run = run,
};
