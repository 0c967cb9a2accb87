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
    /* kept and given back as they came: JSON text */
    struct leat_slice architectures, ephemeral_storage, tracing, logging, vpc, dead_letter, tags;
};

extern const struct api_field lambda_code_fields[], lambda_environment_fields[];
extern const struct api_field lambda_string_element; /* an element that is a string */

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
        API_FIELD(struct lambda_function, dead_letter, "DeadLetterConfig", API_RAW)

/* What the model says beyond single members: runtimes, layers, the environment's names and size. */
enum leat_code lambda_function_check(struct api_call *call, const struct lambda_function *in,
                                     struct leat_fault *fault) LEAT_MUST_USE;
/* Fills what `in` gives; `before` (NULL: none) is whose settings go on where `in` has none. Answers live in the call's arena. */
enum leat_code lambda_function_apply(struct api_call *call, const struct lambda_function *in, struct leat_slice before,
                                     struct function_configuration *out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code lambda_code_take(const struct lambda_code *in, struct function_code *out, struct leat_fault *fault) LEAT_MUST_USE;

/* "name:qualifier" where the qualifier came apart from the name. */
struct leat_slice lambda_qualified(struct api_call *call, struct leat_slice name, struct leat_slice qualifier);

/* FunctionConfiguration, an object. */
void lambda_write_function(struct api_call *call, const struct function_configuration *configuration);
/* A setting as it is kept, JSON text; absent when there is none. */
struct leat_slice lambda_setting(const struct function_configuration *configuration, const char *name);
/* The answer of an update: LastUpdateStatus InProgress. */
void lambda_answer_updated(struct api_call *call, enum leat_code code, struct function_configuration *configuration);

#endif
