/* Expressions and the parameters that came before them: what AWS checks of their combination. */
#include "api/dynamodb/dynamodb.h"
#include "base/slice.h"
#include "item/value.h"

static bool any_given(const struct dynamodb_parameter *parameters) {
    for (; parameters->name != NULL; parameters++)
        if (parameters->given) return true;
    return false;
}

static void list_given(struct buf *out, const struct dynamodb_parameter *parameters) {
    bool comma = false;
    buf_byte(out, '{');
    for (; parameters->name != NULL; parameters++) {
        if (!parameters->given) continue;
        buf_print(out, "%s%s", comma ? ", " : "", parameters->name);
        comma = true;
    }
    buf_byte(out, '}');
}

static enum leat_code both_kinds(const struct dynamodb_parameters *parameters, struct leat_fault *fault) {
    struct buf words;
    buf_init(&words, 1024);
    buf_print(&words, "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: ");
    list_given(&words, parameters->legacy);
    buf_print(&words, " Expression parameters: ");
    list_given(&words, parameters->expressions);
    enum leat_code code = fault_set(fault, LEAT_VALIDATION, "%.*s", SLICE_FORMAT(buf_view(&words)));
    buf_fini(&words);
    return code;
}

static bool is_placeholder(struct leat_slice name, uint8_t first) {
    if (name.size < 2 || name.data[0] != first) return false;
    for (size_t i = 1; i < name.size; i++) {
        uint8_t byte = name.data[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
        if (!letter && !(byte >= '0' && byte <= '9')) return false;
    }
    return true;
}

static enum leat_code check_placeholders(struct leat_slice map, const char *what, uint8_t first, struct leat_fault *fault) {
    if (map.data == NULL) return LEAT_OK;
    if (map.size == 0) return fault_set(fault, LEAT_VALIDATION, "%s must not be empty", what);
    struct item_iterator entries = item_iterate(map);
    struct leat_slice name;
    struct item_value value;
    while (item_map_next(&entries, &name, &value))
        if (!is_placeholder(name, first))
            return fault_set(fault, LEAT_VALIDATION, "%s contains invalid key: Syntax error; key: \"%.*s\"", what, SLICE_FORMAT(name));
    return LEAT_OK;
}

enum leat_code dynamodb_check_kinds(const struct dynamodb_parameters *parameters, struct leat_fault *fault) {
    return any_given(parameters->expressions) && any_given(parameters->legacy) ? both_kinds(parameters, fault) : LEAT_OK;
}

enum leat_code dynamodb_check_parameters(const struct dynamodb_parameters *parameters, struct leat_fault *fault) {
    bool expressions = any_given(parameters->expressions);
    TRY(dynamodb_check_kinds(parameters, fault));
    if (!expressions && parameters->names.data != NULL)
        return fault_set(fault, LEAT_VALIDATION, "ExpressionAttributeNames can only be specified when using expressions");
    if (!expressions && parameters->values.data != NULL)
        return fault_set(fault, LEAT_VALIDATION, "ExpressionAttributeValues can only be specified when using expressions: %s",
                         parameters->values_need);
    TRY(check_placeholders(parameters->names, "ExpressionAttributeNames", '#', fault));
    return check_placeholders(parameters->values, "ExpressionAttributeValues", ':', fault);
}
