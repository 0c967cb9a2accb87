/* What the function operations share: the members of a configuration in requests, and how one is written in answers. */
#ifndef API_LAMBDA_FUNCTION_H
#define API_LAMBDA_FUNCTION_H

#include "api/lambda/lambda.h"

enum { LAMBDA_TIMEOUT_MAX = 900, LAMBDA_MEMORY_MIN = 128, LAMBDA_MEMORY_MAX = 10240, LAMBDA_ENVIRONMENT_BYTES_MAX = 4096 };

struct lambda_variable { struct leat_slice name, value; };
struct lambda_environment { struct api_list variables; };

/* Where the code is. leat's extension: Directory, or S3Bucket "leat:directory" (or "local") with the path in S3Key, which the AWS
 * CLI can send. */
struct lambda_code { struct leat_slice zip, bucket, key, directory, image; };

/* CreateFunction and UpdateFunctionConfiguration */
struct lambda_function {
    struct leat_slice name, runtime, handler, role, description;
    struct api_integer timeout, memory;
    struct lambda_environment *environment;
    struct lambda_code *code;
    struct leat_slice package_type;
    struct api_list layers;
    struct leat_slice revision_id;
    struct api_boolean publish;
    struct api_list tags; /* struct lambda_variable */
    /* kept and given back as they came: JSON text */
    struct leat_slice architectures, ephemeral_storage, tracing, logging, vpc, dead_letter, snap_start, kms_key, file_systems, layers_kept;
};

extern const struct api_field lambda_code_fields[], lambda_environment_fields[];
extern const struct api_field lambda_string_element; /* an element that is a string */
extern const struct api_field lambda_variable_element; /* a struct lambda_variable of a map of strings */

/* Operations on one function: where their paths and queries name it. */
#define LAMBDA_NAME_FIELD(structure) \
    API_FIELD(structure, name, "FunctionName", API_STRING, .location = API_IN_PATH, .required = true)
#define LAMBDA_QUALIFIER_FIELD(structure) API_FIELD(structure, qualifier, "Qualifier", API_STRING, .location = API_IN_QUERY)
#define LAMBDA_PAGE_FIELDS(structure)                                                                                  \
    API_FIELD(structure, marker, "Marker", API_STRING, .location = API_IN_QUERY),                                      \
        API_FIELD(structure, limit, "MaxItems", API_INTEGER, .location = API_IN_QUERY, .min = 1, .max = 10000)
enum { LAMBDA_PAGE_MAX = 50 }; /* "... returns a maximum of 50 items in each response, even if you set the number higher." */
size_t lambda_page(struct api_integer limit);

/* The members that both operations have, to stand in their tables. */
#define LAMBDA_FUNCTION_FIELDS                                                                                         \
    API_FIELD(struct lambda_function, runtime, "Runtime", API_STRING),                                                 \
        API_FIELD(struct lambda_function, handler, "Handler", API_STRING, .max = 128),                                 \
        API_FIELD(struct lambda_function, description, "Description", API_STRING, .max = 256),                         \
        API_FIELD(struct lambda_function, timeout, "Timeout", API_INTEGER, .min = 1, .max = LAMBDA_TIMEOUT_MAX),       \
        API_FIELD(struct lambda_function, memory, "MemorySize", API_INTEGER, .min = LAMBDA_MEMORY_MIN,                 \
                  .max = LAMBDA_MEMORY_MAX),                                                                           \
        API_FIELD(struct lambda_function, environment, "Environment", API_STRUCT, .fields = lambda_environment_fields, \
                  .size = sizeof(struct lambda_environment), .type = "Environment"),                                   \
        API_FIELD(struct lambda_function, layers, "Layers", API_LIST, .element = &lambda_string_element,               \
                  .size = sizeof(struct leat_slice)),                                                                  \
        API_FIELD(struct lambda_function, ephemeral_storage, "EphemeralStorage", API_RAW),                             \
        API_FIELD(struct lambda_function, tracing, "TracingConfig", API_RAW),                                          \
        API_FIELD(struct lambda_function, logging, "LoggingConfig", API_RAW),                                          \
        API_FIELD(struct lambda_function, vpc, "VpcConfig", API_RAW),                                                  \
        API_FIELD(struct lambda_function, dead_letter, "DeadLetterConfig", API_RAW),                                   \
        API_FIELD(struct lambda_function, snap_start, "SnapStart", API_RAW),                                           \
        API_FIELD(struct lambda_function, kms_key, "KMSKeyArn", API_RAW),                                              \
        API_FIELD(struct lambda_function, file_systems, "FileSystemConfigs", API_RAW)

/* What the model says beyond single members: runtimes, layers, the environment's names and size. */
enum leat_code lambda_function_check(struct api_call *call, const struct lambda_function *in,
                                     struct leat_fault *fault) LEAT_MUST_USE;
/* Fills what `in` gives. Answers live in the call's arena. */
enum leat_code lambda_function_apply(struct api_call *call, const struct lambda_function *in, struct function_configuration *out,
                                     struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code lambda_code_take(const struct lambda_code *in, struct function_code *out, struct leat_fault *fault) LEAT_MUST_USE;

/* "name:qualifier" where the qualifier came apart from the name. */
struct leat_slice lambda_qualified(struct api_call *call, struct leat_slice name, struct leat_slice qualifier);

/* FunctionConfiguration, an object. */
void lambda_write_function(struct api_call *call, const struct function_configuration *configuration);
/* As lists show it: without states. Lambda API Reference, ListFunctions: "returns a subset of the FunctionConfiguration fields". */
void lambda_write_listed(struct api_call *call, const struct function_configuration *configuration);
/* The layers of a request as they are kept and shown: a JSON array. LEAT_INVALID_PARAMETER_VALUE: one that is not there, or too many. */
enum leat_code lambda_layers_take(struct api_call *call, const struct api_list *layers, struct leat_slice *out) LEAT_MUST_USE;
/* Where a path of ours can be fetched from for ten minutes: a URL that is signed. */
struct leat_slice lambda_download(struct api_call *call, struct leat_slice path);
/* "Concurrency", where the function has a share of its own. */
void lambda_write_concurrency(struct api_call *call, struct leat_slice name);
/* The answer of an update, LastUpdateStatus InProgress: of $LATEST, or of the version that is published then. */
void lambda_answer_updated(struct api_call *call, enum leat_code code, bool publish, struct function_configuration *configuration);
/* A page of configurations: {"<list>": [...], "NextMarker"}. */
void lambda_answer_page(struct api_call *call, enum leat_code code, const char *list, const struct function_page *page);

#endif
