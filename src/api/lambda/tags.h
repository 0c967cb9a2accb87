/* TagResource, UntagResource and ListTags are the same calls for everything that has tags: each kind says how its own are kept. */
#ifndef API_LAMBDA_TAGS_H
#define API_LAMBDA_TAGS_H

#include "api/lambda/function.h"

enum { LAMBDA_TAGS_MAX = 50 };

struct lambda_tagged_kind {
    const char *mark; /* in the ARN of its kind: ":function:" */
    /* The tags, an item of S; absent: none. */
    enum leat_code (*get)(struct api_call *call, struct leat_slice arn, struct leat_slice *tags);
    /* Adds or replaces (struct lambda_variable) and removes (struct leat_slice); either may be NULL. */
    enum leat_code (*change)(struct api_call *call, struct leat_slice arn, const struct api_list *tags, const struct api_list *keys);
};

/* Functions' tags, by the function's name. */
enum leat_code lambda_function_tag(struct api_call *call, struct leat_slice name, const struct api_list *tags,
                                   const struct api_list *keys) LEAT_MUST_USE;
struct leat_slice lambda_function_tags(struct api_call *call, struct leat_slice name);
/* What a new mapping with these tags keeps: JSON in the call's arena; absent when there are none. */
enum leat_code lambda_mapping_tags(struct api_call *call, const struct api_list *tags, struct leat_slice *out) LEAT_MUST_USE;
extern const struct lambda_tagged_kind lambda_tagged_mappings;
/* An object of tag and value. */
void lambda_write_tags(struct json_writer *json, struct leat_slice tags);
/* What `before` becomes, as an item in the call's arena. LEAT_INVALID_PARAMETER_VALUE: too many. */
enum leat_code lambda_edit_tags(struct api_call *call, struct leat_slice before, const struct api_list *tags,
                                const struct api_list *keys, struct leat_slice *out) LEAT_MUST_USE;

#endif
