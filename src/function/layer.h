/* Layers: archives that functions share. Any thread; blocks.
 * Source: AWS Lambda Developer Guide, "Managing Lambda dependencies with layers". */
#ifndef FUNCTION_LAYER_H
#define FUNCTION_LAYER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"

enum { FUNCTION_LAYER_NAME_MAX = 140, FUNCTION_LAYERS_MAX = 5 /* of a function */ };

struct function_service;

struct function_layer {
    struct leat_slice name, arn; /* without the version */
    int64_t version;
    struct leat_slice description, license, sha256;
    struct leat_slice runtimes, architectures; /* JSON; absent: not said */
    struct leat_slice code;                    /* function's own: the place of the files */
    uint64_t size, created_ms;
    bool deleted; /* but in use: shown to nobody */
};
struct function_layer_page {
    struct function_layer *layers;
    size_t count;
    struct leat_slice next; /* absent at the end */
};

/* Fills in what the request does not say. */
enum leat_code function_layer_publish(struct function_service *service, struct function_layer *layer, struct leat_slice zip,
                                      struct arena *arena, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code function_layer_get(struct function_service *service, struct leat_slice layer, int64_t version, struct arena *arena,
                                  struct function_layer *out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code function_layer_delete(struct function_service *service, struct leat_slice layer, int64_t version,
                                     struct leat_fault *fault) LEAT_MUST_USE;
/* The newest version of each, in order of name. */
enum leat_code function_layer_list(struct function_service *service, struct leat_slice marker, size_t limit, struct arena *arena,
                                   struct function_layer_page *out, struct leat_fault *fault) LEAT_MUST_USE;
/* Of one, the newest first; before 0: from the newest. */
enum leat_code function_layer_versions(struct function_service *service, struct leat_slice layer, int64_t before, size_t limit,
                                       struct arena *arena, struct function_layer_page *out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code function_layer_archive(struct function_service *service, struct leat_slice layer, int64_t version, struct arena *arena,
                                      struct buf *out, struct leat_fault *fault) LEAT_MUST_USE;

/* "arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION" */
bool function_layer_parse(struct leat_slice arn, struct leat_slice *layer, int64_t *version);
/* Where its files are; absent: there is none. */
struct leat_slice function_layer_path(struct function_service *service, struct leat_slice arn, struct arena *arena);

#endif
