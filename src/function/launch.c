/* Which program runs a function, with which arguments and environment.
 * Source: AWS Lambda Developer Guide, "Using Lambda environment variables", "Lambda runtimes". */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/slice.h"
#include "function/service.h"

enum { LAUNCH_NODE_HEAP_PERCENT = 90, LAUNCH_ARGUMENTS_MAX = 12, LAUNCH_OWN_VARIABLES_MAX = 48 };

/* ---- the program ---- */

static bool is_program(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* The first in PATH; absent when there is none. */
static struct leat_slice find_program(struct arena *arena, const char *name) {
    const char *path = getenv("PATH");
    if (path == NULL) path = "/usr/local/bin:/usr/bin:/bin";
    while (*path != 0) {
        size_t size = strcspn(path, ":");
        struct leat_slice candidate = arena_print(arena, "%.*s/%s", (int)size, path, name);
        if (size > 0 && candidate.data != NULL && is_program((const char *)candidate.data)) return candidate;
        path += size + (path[size] == ':');
    }
    return (struct leat_slice){NULL, 0};
}

struct launch {
    const struct function_process *process;
    const struct function_configuration *configuration;
    struct function_service *service;
    const char *code;
    struct arena *arena;
    struct leat_fault *fault;
    char **arguments;
    size_t argument_count;
    char **variables;
    size_t variable_count, own_count;
    bool failed; /* no memory */
};

static void argument(struct launch *launch, struct leat_slice text) {
    if (text.data == NULL || launch->argument_count + 1 >= LAUNCH_ARGUMENTS_MAX) launch->failed = true;
    else launch->arguments[launch->argument_count++] = (char *)(uintptr_t)text.data;
}

static enum leat_code no_program(struct launch *launch, const char *what) {
    return fault_set(launch->fault, LEAT_VALIDATION, "%s", what);
}

/* npm's aws-lambda-ric where the function brings it, as container images do; else our own. */
static enum leat_code launch_node(struct launch *launch) {
    static const char *const clients[] = {"index.mjs", "index.js"};
    struct leat_slice node = find_program(launch->arena, "node"), script = {NULL, 0};
    if (node.data == NULL) return no_program(launch, "Couldn't find the program node in PATH");
    argument(launch, node);
    /* AWS's own way to let V8 collect before the limit ends it */
    argument(launch, arena_print(launch->arena, "--max-old-space-size=%lld",
                                 (long long)(launch->configuration->memory_megabytes * LAUNCH_NODE_HEAP_PERCENT / 100)));
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        script = arena_print(launch->arena, "%s/node_modules/aws-lambda-ric/bin/%s", launch->code, clients[i]);
        if (script.data == NULL || access((const char *)script.data, R_OK) != 0) continue;
        argument(launch, script);
        argument(launch, arena_copy(launch->arena, launch->configuration->handler));
        return LEAT_OK;
    }
    TRY(function_bootstrap_path(launch->service, true, launch->arena, &script, launch->fault));
    argument(launch, script);
    return LEAT_OK;
}

/* On Debian the system's Python is the one that the packaged boto3 belongs to. */
static enum leat_code launch_python(struct launch *launch) {
    struct leat_slice script, python = {NULL, 0};
    if (access("/etc/debian_version", F_OK) == 0 && is_program("/usr/bin/python3")) python = SLICE("/usr/bin/python3");
    else python = find_program(launch->arena, "python3");
    if (python.data == NULL) return no_program(launch, "Couldn't find the program python3 in PATH");
    TRY(function_bootstrap_path(launch->service, false, launch->arena, &script, launch->fault));
    argument(launch, python);
    argument(launch, script);
    return LEAT_OK;
}

static enum leat_code launch_provided(struct launch *launch) {
    struct leat_slice program = arena_print(launch->arena, "%s/bootstrap", launch->code);
    if (program.data != NULL && !is_program((const char *)program.data))
        return fault_set(launch->fault, LEAT_VALIDATION, "Couldn't find valid bootstrap(s): [%.700s]",
                         (const char *)program.data);
    argument(launch, program);
    return LEAT_OK;
}

static enum leat_code launch_program(struct launch *launch) {
    struct leat_slice runtime = launch->configuration->runtime;
    if (slice_starts(runtime, SLICE("nodejs"))) return launch_node(launch);
    if (slice_starts(runtime, SLICE("python3"))) return launch_python(launch);
    if (slice_starts(runtime, SLICE("provided"))) return launch_provided(launch);
    return fault_set(launch->fault, LEAT_VALIDATION, "The runtime %.*s cannot be run here", SLICE_FORMAT(runtime));
}

/* ---- the environment ---- */

static bool is_set(const struct launch *launch, const char *name) {
    for (size_t i = 0; i < launch->configuration->environment_count; i++)
        if (slice_is(launch->configuration->environment[i].name, name)) return true;
    return false;
}

static void variable(struct launch *launch, const char *name, struct leat_slice value) {
    struct leat_slice text = arena_print(launch->arena, "%s=%.*s", name, SLICE_FORMAT(value));
    if (text.data == NULL) launch->failed = true;
    else launch->variables[launch->variable_count++] = (char *)(uintptr_t)text.data;
}

static void variable_text(struct launch *launch, const char *name, const char *value) {
    variable(launch, name, slice_text(value));
}

/* Only where the function's own configuration does not set it. */
static void variable_default(struct launch *launch, const char *name, const char *value) {
    if (!is_set(launch, name)) variable_text(launch, name, value);
}

static const char *print(struct launch *launch, const char *format, const char *a, const char *b) {
    struct leat_slice text = arena_print(launch->arena, format, a, b);
    if (text.data == NULL) launch->failed = true;
    return text.data == NULL ? "" : (const char *)text.data;
}

/* "Defined runtime environment variables", the reserved ones */
static void reserved_variables(struct launch *launch, uint16_t port) {
    const struct function_configuration *configuration = launch->configuration;
    const struct function_service *service = launch->service;
    char number[24];
    variable(launch, "_HANDLER", configuration->handler.data != NULL ? configuration->handler : SLICE(""));
    variable_text(launch, "AWS_REGION", service->region);
    variable_text(launch, "AWS_DEFAULT_REGION", service->region);
    if (!slice_starts(configuration->runtime, SLICE("provided")))
        variable(launch, "AWS_EXECUTION_ENV", arena_print(launch->arena, "AWS_Lambda_%.*s", SLICE_FORMAT(configuration->runtime)));
    variable(launch, "AWS_LAMBDA_FUNCTION_NAME", configuration->name);
    variable_text(launch, "AWS_LAMBDA_FUNCTION_VERSION", launch->process->pool->number);
    (void)snprintf(number, sizeof number, "%lld", (long long)configuration->memory_megabytes);
    variable_text(launch, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", number);
    variable_text(launch, "AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
    variable_text(launch, "AWS_LAMBDA_LOG_GROUP_NAME", function_log_name(launch->process->version->log));
    variable_text(launch, FUNCTION_STREAM_VARIABLE, launch->process->stream);
    variable_text(launch, "AWS_ACCESS_KEY_ID", service->access_key);
    variable_text(launch, "AWS_SECRET_ACCESS_KEY", service->secret_key);
    variable_text(launch, "AWS_SESSION_TOKEN", "local");
    (void)snprintf(number, sizeof number, "127.0.0.1:%u", port);
    variable_text(launch, "AWS_LAMBDA_RUNTIME_API", number);
    variable_text(launch, "LAMBDA_TASK_ROOT", launch->code);
    variable_text(launch, "LAMBDA_RUNTIME_DIR", print(launch, "%s/functions/.runtime%s", service->directory, ""));
}

/* `own`, then the same folder of each layer, where it is there: what AWS finds below /opt. */
static const char *with_layers(struct launch *launch, const char *own, const char *folder) {
    const struct function_version *version = launch->process->version;
    for (size_t i = 0; i < version->layer_count; i++) {
        const char *path = print(launch, "%s/%s", version->layers[i], folder);
        if (access(path, F_OK) == 0) own = own[0] == 0 ? path : print(launch, "%s:%s", own, path);
    }
    return own;
}

static const char *and_then(struct launch *launch, const char *first, const char *more) {
    if (more == NULL || more[0] == 0) return first;
    return first[0] == 0 ? more : print(launch, "%s:%s", first, more);
}

static void local_variables(struct launch *launch) {
    const char *path = getenv("PATH"), *modules = getenv("NODE_PATH"), *libraries = getenv("LD_LIBRARY_PATH");
    const char *code = launch->code;
    struct leat_slice runtime = launch->configuration->runtime;
    variable_default(launch, "TZ", ":UTC");
    variable_default(launch, "LANG", "en_US.UTF-8");
    path = and_then(launch, path != NULL ? path : "/usr/local/bin:/usr/bin:/bin", with_layers(launch, "", "bin"));
    variable_default(launch, "PATH", path);
    variable_default(launch, "PWD", code);
    const char *own = print(launch, "%s/lib:%s", code, code);
    variable_default(launch, "LD_LIBRARY_PATH", and_then(launch, with_layers(launch, own, "lib"), libraries));
    if (slice_starts(runtime, SLICE("nodejs"))) {
        /* AWS's image brings its SDK on this path: so does a machine that has one for leat */
        struct leat_slice major = arena_print(launch->arena, "nodejs/node%.*s/node_modules", (int)runtime.size - 8,
                                              (const char *)runtime.data + 6); /* nodejs20.x */
        own = with_layers(launch, print(launch, "%s/node_modules:%s", code, code), "nodejs/node_modules");
        own = with_layers(launch, own, major.data == NULL ? "nodejs" : (const char *)major.data);
        variable_default(launch, "NODE_PATH", and_then(launch, own, modules));
    }
    if (slice_starts(launch->configuration->runtime, SLICE("python"))) {
        struct leat_slice packages = arena_print(launch->arena, "python/lib/%.*s/site-packages", SLICE_FORMAT(runtime));
        own = with_layers(launch, code, "python");
        own = with_layers(launch, own, packages.data == NULL ? "python" : (const char *)packages.data);
        variable_default(launch, "PYTHONPATH", own);
        variable_default(launch, "PYTHONIOENCODING", "utf-8"); /* the C locale of a bare machine is no reason to fail */
        /* A directory used in place is not littered with __pycache__; and what is compiled there is taken to be fresh when size and
         * second of the source are the same, which two quick changes may well be. */
        if (!launch->process->version->code_owned) variable_default(launch, "PYTHONDONTWRITEBYTECODE", "1");
    }
    variable_default(launch, "AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR");
    variable_default(launch, "AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000");
    variable_default(launch, "_AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1");
    variable_default(launch, "_AWS_XRAY_DAEMON_PORT", "2000");
    /* SDKs of 2023 and later take all their calls here */
    if (launch->service->endpoint != NULL && !is_set(launch, "AWS_ENDPOINT_URL")) {
        variable_text(launch, "AWS_ENDPOINT_URL", launch->service->endpoint);
        variable_default(launch, "AWS_ENDPOINT_URL_DYNAMODB", launch->service->endpoint);
    }
}

static void user_variables(struct launch *launch) {
    const struct function_configuration *configuration = launch->configuration;
    for (size_t i = 0; i < configuration->environment_count; i++) {
        struct leat_slice name = arena_copy(launch->arena, configuration->environment[i].name);
        if (name.data == NULL) launch->failed = true;
        else variable(launch, (const char *)name.data, configuration->environment[i].value);
    }
}

enum leat_code function_launch_prepare(const struct function_process *process, uint16_t port, struct arena *arena,
                                       struct function_launch *out, struct leat_fault *fault) {
    struct launch launch = {
        .process = process,
        .configuration = &process->version->configuration,
        .service = process->pool->service,
        .code = process->version->code_path,
        .arena = arena,
        .fault = fault,
    };
    launch.arguments = ARENA_ARRAY(arena, char *, LAUNCH_ARGUMENTS_MAX);
    launch.variables = ARENA_ARRAY(arena, char *, LAUNCH_OWN_VARIABLES_MAX + launch.configuration->environment_count + 1);
    if (launch.arguments == NULL || launch.variables == NULL) return fault_memory(fault);
    if (access(launch.code, F_OK) != 0 && errno == ENOENT)
        return fault_set(fault, LEAT_VALIDATION, "the function's code is gone: there is no %s", launch.code);
    argument(&launch, slice_text(function_launcher_name));
    argument(&launch, arena_print(arena, "%d", (int)getpid()));
    argument(&launch, arena_print(arena, "%lld", (long long)launch.configuration->memory_megabytes));
    TRY(launch_program(&launch));
    reserved_variables(&launch, port);
    local_variables(&launch);
    user_variables(&launch);
    if (launch.failed) return fault_memory(fault);
    *out = (struct function_launch){.arguments = launch.arguments, .environment = launch.variables};
    return LEAT_OK;
}
