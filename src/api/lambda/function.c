/* FunctionConfiguration in requests and answers. Source: AWS Lambda API Reference, CreateFunction and FunctionConfiguration. */
#include "api/lambda/function.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/slice.h"
#include "item/value.h"

const struct api_field lambda_string_element = {.name = "", .kind = API_STRING};

const struct api_field lambda_variable_element = {
    .name = "", .kind = API_STRING, .offset = offsetof(struct lambda_variable, value)};
const struct api_field lambda_environment_fields[] = {
    API_FIELD(struct lambda_environment, variables, "Variables", API_MAP, .element = &lambda_variable_element,
              .size = sizeof(struct lambda_variable)),
    API_FIELDS_END,
};
const struct api_field lambda_code_fields[] = {
    API_FIELD(struct lambda_code, zip, "ZipFile", API_BLOB),
    API_FIELD(struct lambda_code, bucket, "S3Bucket", API_STRING),
    API_FIELD(struct lambda_code, key, "S3Key", API_STRING),
    API_FIELD(struct lambda_code, directory, "Directory", API_STRING),
    API_FIELD(struct lambda_code, image, "ImageUri", API_STRING),
    API_FIELDS_END,
};

/* ---- requests ---- */

/* "Defined runtime environment variables": the reserved ones */
static bool reserved(struct leat_slice name) {
    static const char *const names[] = {
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_is(name, names[i])) return true;
    return false;
}

static enum leat_code check_environment(const struct lambda_environment *environment, struct leat_fault *fault) {
    const struct lambda_variable *variables = environment->variables.elements;
    size_t bytes = 0;
    for (size_t i = 0; i < environment->variables.count; i++) {
        if (reserved(variables[i].name))
            return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE,
                             "Lambda was unable to configure your environment variables because the environment variables you have "
                             "provided contains reserved keys that are currently not supported for modification. Reserved keys used "
                             "in this request: %.*s",
                             SLICE_FORMAT(variables[i].name));
        if (variables[i].value.data == NULL || memchr(variables[i].value.data, 0, variables[i].value.size) != NULL ||
            !api_pattern_matches("[a-zA-Z][a-zA-Z0-9_]+", variables[i].name))
            return fault_set(fault, LEAT_VALIDATION,
                             "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys "
                             "must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]");
        bytes += variables[i].name.size + variables[i].value.size;
    }
    if (bytes <= LAMBDA_ENVIRONMENT_BYTES_MAX) return LEAT_OK;
    return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE,
                     "Lambda was unable to configure your environment variables because the environment variables you have "
                     "provided exceeded the 4KB limit.");
}

/* Any version of the three kinds: which are installed is the machine's affair. */
static bool runtime_known(struct leat_slice runtime) {
    return api_pattern_matches("nodejs[0-9]+.x", runtime) || api_pattern_matches("python3.[0-9]+", runtime) ||
           api_pattern_matches("provided[a-z0-9.]*", runtime);
}

enum leat_code lambda_function_check(struct api_call *call, const struct lambda_function *in, struct leat_fault *fault) {
    (void)call;
    if (in->runtime.data != NULL && !runtime_known(in->runtime))
        return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE,
                         "Value %.*s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs18.x, "
                         "nodejs20.x, nodejs22.x, nodejs24.x, python3.9, python3.10, python3.11, python3.12, python3.13, python3.14, "
                         "provided, provided.al2, provided.al2023] or be a valid ARN",
                         (int)(in->runtime.size < 64 ? in->runtime.size : 64), (const char *)in->runtime.data);
    return in->environment == NULL ? LEAT_OK : check_environment(in->environment, fault);
}

/* ---- settings: kept as an item of JSON texts ---- */

struct setting { const char *name; size_t offset; };
static const struct setting settings[] = {
    {"Architectures", offsetof(struct lambda_function, architectures)},
    {"EphemeralStorage", offsetof(struct lambda_function, ephemeral_storage)},
    {"TracingConfig", offsetof(struct lambda_function, tracing)},
    {"LoggingConfig", offsetof(struct lambda_function, logging)},
    {"VpcConfig", offsetof(struct lambda_function, vpc)},
    {"DeadLetterConfig", offsetof(struct lambda_function, dead_letter)},
    {"SnapStart", offsetof(struct lambda_function, snap_start)},
    {"KMSKeyArn", offsetof(struct lambda_function, kms_key)},
    {"Layers", offsetof(struct lambda_function, layers_kept)},
    {"FileSystemConfigs", offsetof(struct lambda_function, file_systems)},
};

static enum leat_code keep_settings(struct api_call *call, const struct lambda_function *in, struct leat_slice *out,
                                    struct leat_fault *fault) {
    struct buf item;
    buf_init(&item, 64 << 10);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        struct leat_slice value = *(const struct leat_slice *)(const void *)((const char *)in + settings[i].offset);
        if (value.data == NULL) continue;
        item_put_name(&item, slice_text(settings[i].name));
        item_put_string(&item, value);
    }
    bool good = item_close(&item, 0) == LEAT_OK && buf_ok(&item);
    if (good) *out = arena_copy(call->arena, buf_view(&item));
    buf_fini(&item);
    return good && out->data != NULL ? LEAT_OK : fault_memory(fault);
}

enum leat_code lambda_function_apply(struct api_call *call, const struct lambda_function *in, struct function_configuration *out,
                                     struct leat_fault *fault) {
    out->runtime = in->runtime;
    out->handler = in->handler;
    out->role = in->role;
    out->description = in->description;
    if (in->timeout.given) out->timeout_seconds = in->timeout.value;
    if (in->memory.given) out->memory_megabytes = in->memory.value;
    if (in->environment != NULL) {
        const struct lambda_variable *variables = in->environment->variables.elements;
        size_t count = in->environment->variables.count;
        struct function_variable *copy = ARENA_ARRAY(call->arena, struct function_variable, count + 1);
        if (copy == NULL) return fault_memory(fault);
        for (size_t i = 0; i < count; i++) copy[i] = (struct function_variable){variables[i].name, variables[i].value};
        out->environment = copy;
        out->environment_count = count;
    }
    struct lambda_function kept = *in;
    if (in->layers.given) TRY(lambda_layers_take(call, &in->layers, &kept.layers_kept));
    return keep_settings(call, &kept, &out->settings, fault);
}

enum leat_code lambda_code_take(const struct lambda_code *in, struct function_code *out, struct leat_fault *fault) {
    *out = (struct function_code){.zip = in->zip, .directory = in->directory};
    if (in->image.data != NULL)
        return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "Container images are not supported here: send a zip archive.");
    bool local = slice_is(in->bucket, "leat:directory") || slice_is(in->bucket, "local");
    if (out->directory.data == NULL && local && in->key.data != NULL) out->directory = in->key;
    else if (in->bucket.data != NULL)
        return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE,
                         "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does "
                         "not exist");
    if (out->zip.data == NULL && out->directory.data == NULL)
        return fault_set(fault, LEAT_INVALID_PARAMETER_VALUE, "Please provide a source for function code.");
    if (out->directory.data != NULL) out->zip = (struct leat_slice){NULL, 0};
    return LEAT_OK;
}

struct leat_slice lambda_qualified(struct api_call *call, struct leat_slice name, struct leat_slice qualifier) {
    if (qualifier.data == NULL || qualifier.size == 0) return name;
    return arena_print(call->arena, "%.*s:%.*s", SLICE_FORMAT(name), SLICE_FORMAT(qualifier));
}

/* ---- answers ---- */

static void text(struct json_writer *json, const char *key, struct leat_slice value) {
    if (value.data == NULL) return;
    json_key(json, key);
    json_string(json, value);
}

static void setting(struct json_writer *json, const struct function_configuration *configuration, const char *name,
                    const char *otherwise) {
    struct leat_slice value = function_setting(configuration, name);
    if (value.data == NULL && otherwise == NULL) return;
    json_key(json, name);
    json_verbatim(json, value.data != NULL ? value : slice_text(otherwise));
}

static void write_environment(struct json_writer *json, const struct function_configuration *configuration) {
    if (configuration->environment == NULL) return;
    json_key(json, "Environment");
    json_object(json);
    json_key(json, "Variables");
    json_object(json);
    for (size_t i = 0; i < configuration->environment_count; i++) {
        json_key_slice(json, configuration->environment[i].name);
        json_string(json, configuration->environment[i].value);
    }
    json_object_end(json);
    json_object_end(json);
}

static void write_logging(struct api_call *call, const struct function_configuration *configuration) {
    static const char *const levels[] = {"ApplicationLogLevel", "SystemLogLevel"};
    struct json_writer *json = &call->json;
    struct leat_slice given = function_setting(configuration, "LoggingConfig");
    struct leat_slice format = function_json_text(given, "LogFormat", call->arena);
    bool structured = slice_is(format, "JSON");
    json_key(json, "LoggingConfig");
    json_object(json);
    json_key(json, "LogFormat");
    json_string(json, format.data != NULL ? format : SLICE("Text"));
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        struct leat_slice level = function_json_text(given, levels[i], call->arena);
        if (level.data == NULL && structured) level = SLICE("INFO");
        text(json, levels[i], level);
    }
    json_key(json, "LogGroup");
    json_string(json, function_log_group(configuration, call->arena));
    json_object_end(json);
}

static void write_snap_start(struct api_call *call, const struct function_configuration *configuration) {
    struct leat_slice on = function_json_text(function_setting(configuration, "SnapStart"), "ApplyOn", call->arena);
    json_key(&call->json, "SnapStart");
    json_object(&call->json);
    json_key(&call->json, "ApplyOn");
    json_string(&call->json, on.data != NULL ? on : SLICE("None"));
    json_key(&call->json, "OptimizationStatus");
    json_text(&call->json, "Off"); /* no process is started from a snapshot here */
    json_object_end(&call->json);
}

static void write_defaults(struct api_call *call, const struct function_configuration *configuration) {
    struct json_writer *json = &call->json;
    json_key(json, "PackageType");
    json_text(json, "Zip");
    setting(json, configuration, "Architectures", "[\"x86_64\"]");
    setting(json, configuration, "EphemeralStorage", "{\"Size\":512}");
    setting(json, configuration, "TracingConfig", "{\"Mode\":\"PassThrough\"}");
    write_logging(call, configuration);
    setting(json, configuration, "VpcConfig", NULL);
    setting(json, configuration, "DeadLetterConfig", NULL);
    setting(json, configuration, "KMSKeyArn", NULL);
    if (function_setting(configuration, "Layers").size > 2) setting(json, configuration, "Layers", NULL); /* [] is none */
    setting(json, configuration, "FileSystemConfigs", NULL);
    write_snap_start(call, configuration);
}

static void write_runtime(struct api_call *call, const struct function_configuration *configuration) {
    char runtime[160];
    unsigned long long hash = hash_bytes(configuration->runtime);
    (void)snprintf(runtime, sizeof runtime, "{\"RuntimeVersionArn\":\"arn:aws:lambda:%.32s::runtime:%016llx%016llx%016llx%016llx\"}",
                   call->server->region, hash, hash * 3, hash * 5, hash * 7);
    json_key(&call->json, "RuntimeVersionConfig");
    json_verbatim(&call->json, slice_text(runtime));
}

static void write_state(struct json_writer *json, const struct function_configuration *configuration) {
    text(json, "State", configuration->state);
    text(json, "StateReason", configuration->state_reason);
    text(json, "StateReasonCode", configuration->state_reason_code);
    text(json, "LastUpdateStatus", configuration->last_update_status);
    if (!slice_is(configuration->last_update_status, "InProgress")) return;
    json_key(json, "LastUpdateStatusReason");
    json_text(json, "The function is being created."); /* as recorded */
    json_key(json, "LastUpdateStatusReasonCode");
    json_text(json, "Creating");
}

static void write_configuration(struct api_call *call, const struct function_configuration *configuration, bool listed) {
    struct json_writer *json = &call->json;
    char modified[CLOCK_ISO_SIZE], zoned[CLOCK_ISO_SIZE + 8];
    clock_iso(configuration->last_modified_ms, modified);
    (void)snprintf(zoned, sizeof zoned, "%s+0000", modified);
    json_object(json);
    text(json, "FunctionName", configuration->name);
    text(json, "FunctionArn", configuration->arn);
    text(json, "Runtime", configuration->runtime);
    text(json, "Role", configuration->role);
    text(json, "Handler", configuration->handler);
    text(json, "Description", configuration->description);
    text(json, "Version", configuration->version);
    text(json, "RevisionId", configuration->revision_id);
    text(json, "CodeSha256", configuration->code_sha256);
    json_key(json, "CodeSize");
    json_int(json, (int64_t)configuration->code_size);
    json_key(json, "Timeout");
    json_int(json, configuration->timeout_seconds);
    json_key(json, "MemorySize");
    json_int(json, configuration->memory_megabytes);
    json_key(json, "LastModified");
    json_text(json, zoned);
    write_environment(json, configuration);
    write_defaults(call, configuration);
    if (!listed) {
        write_runtime(call, configuration);
        write_state(json, configuration);
    }
    json_object_end(json);
}

void lambda_write_function(struct api_call *call, const struct function_configuration *configuration) {
    write_configuration(call, configuration, false);
}

void lambda_write_listed(struct api_call *call, const struct function_configuration *configuration) {
    write_configuration(call, configuration, true);
}

void lambda_answer_page(struct api_call *call, enum leat_code code, const char *list, const struct function_page *page) {
    struct json_writer *json = &call->json;
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    json_object(json);
    json_key(json, list);
    json_array(json);
    for (size_t i = 0; i < page->count; i++) lambda_write_listed(call, &page->functions[i]);
    json_array_end(json);
    text(json, "NextMarker", page->next);
    json_object_end(json);
    api_done(call);
}

size_t lambda_page(struct api_integer limit) {
    return limit.given && limit.value < LAMBDA_PAGE_MAX ? (size_t)limit.value : LAMBDA_PAGE_MAX;
}

void lambda_answer_updated(struct api_call *call, enum leat_code code, bool publish, struct function_configuration *configuration) {
    struct function_publish asked = {.revision_id = configuration->revision_id};
    if (code == LEAT_OK && publish)
        code = function_publish(call->server->functions, configuration->name, &asked, call->arena, configuration, &call->fault);
    if (code != LEAT_OK) {
        api_fail(call, code, &call->fault);
        return;
    }
    /* AWS's clients wait until it is Successful, which it is when they look */
    configuration->last_update_status = SLICE("InProgress");
    lambda_write_function(call, configuration);
    api_done(call);
}
