/* Function names as the Lambda API takes them: "orders", "orders:$LATEST", "123456789012:function:orders", or a whole ARN
 * "arn:aws:lambda:us-east-1:123456789012:function:orders:$LATEST". Borrowed slices, any thread. */
#ifndef FUNCTION_NAME_H
#define FUNCTION_NAME_H

#include "base/fault.h"

enum { FUNCTION_NAME_MAX = 64, FUNCTION_QUALIFIER_MAX = 128, FUNCTION_ARN_SIZE = 320 };

struct function_name {
    struct leat_slice name;
    struct leat_slice qualifier; /* absent: none given */
};

/* LEAT_VALIDATION in AWS's words. Region and account of an ARN are not compared with ours: there is one of each here. */
enum leat_code function_name_parse(struct leat_slice text, struct function_name *out,
                                   struct leat_fault *fault) LEAT_MUST_USE;

/* "arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]" */
void function_name_arn(const struct function_name *name, const char *region, const char *account,
                       char out[FUNCTION_ARN_SIZE]);

#endif
