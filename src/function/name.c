#include "function/name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"

static bool name_characters(struct leat_slice text) {
    for (size_t i = 0; i < text.size; i++)
        if (!isalnum(text.data[i]) && text.data[i] != '-' && text.data[i] != '_') return false;
    return text.size > 0;
}

static bool name_qualifier(struct leat_slice text) {
    return text.size <= FUNCTION_QUALIFIER_MAX && (slice_is(text, "$LATEST") || name_characters(text));
}

/* What stands in front of the name in an ARN or a partial ARN, whole: everything up to "function:". */
static struct leat_slice skip_arn(struct leat_slice text) {
    static const char mark[] = ":function:";
    if (slice_starts(text, SLICE("function:"))) return slice_of(text.data + 9, text.size - 9);
    const uint8_t *found = text.size == 0 ? NULL : memmem(text.data, text.size, mark, sizeof mark - 1);
    if (found == NULL) return text;
    const uint8_t *begin = found + sizeof mark - 1;
    return slice_of(begin, text.size - (size_t)(begin - text.data));
}

/* AWS API, FunctionName: pattern of the parameter, quoted in the answer. */
enum leat_code function_name_parse(struct leat_slice text, struct function_name *out, struct leat_fault *fault) {
    struct leat_slice rest = skip_arn(text);
    const uint8_t *colon = rest.size == 0 ? NULL : memchr(rest.data, ':', rest.size);
    *out = (struct function_name){.name = rest};
    if (colon != NULL) {
        out->name.size = (size_t)(colon - rest.data);
        out->qualifier = slice_of(colon + 1, rest.size - out->name.size - 1);
    }
    bool good = name_characters(out->name) && (out->qualifier.data == NULL || name_qualifier(out->qualifier));
    if (!good)
        return fault_set(fault, LEAT_VALIDATION,
                         "1 validation error detected: Value '%.*s' at 'functionName' failed to satisfy constraint: "
                         "Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?"
                         "([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)"
                         "(:(\\$LATEST|[a-zA-Z0-9-_]+))?",
                         (int)(text.size < 200 ? text.size : 200), (const char *)text.data);
    if (out->name.size > FUNCTION_NAME_MAX)
        return fault_set(fault, LEAT_VALIDATION,
                         "1 validation error detected: Value '%.*s' at 'functionName' failed to satisfy constraint: "
                         "Member must have length less than or equal to %d",
                         (int)(out->name.size < 200 ? out->name.size : 200), (const char *)out->name.data,
                         FUNCTION_NAME_MAX);
    return LEAT_OK;
}

void function_name_arn(const struct function_name *name, const char *region, const char *account,
                       char out[FUNCTION_ARN_SIZE]) {
    bool qualified = name->qualifier.data != NULL;
    (void)snprintf(out, FUNCTION_ARN_SIZE, "arn:aws:lambda:%.32s:%.16s:function:%.*s%s%.*s", region, account,
                   SLICE_FORMAT(name->name), qualified ? ":" : "", (int)name->qualifier.size,
                   qualified ? (const char *)name->qualifier.data : "");
}
