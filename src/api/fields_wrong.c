/* SerializationException: what AWS says of a value that is not what its member wants, in the words of its JSON reader. */
#include "api/fields.h"
#include "base/slice.h"
#include "item/item_json.h"

enum { TYPE_TEXT_MAX = 512 };

#define MODEL "com.amazonaws.dynamodb.v20120810."

/* As Java names them: java.lang.String, java.util.Map<java.lang.String, java.util.List<...>> */
static void java_type(struct buf *out, const struct api_field *field) {
    switch (field->kind) {
    case API_INTEGER: buf_print(out, "java.lang.%s", field->wide ? "Long" : "Integer"); return;
    case API_BOOLEAN: buf_print(out, "java.lang.Boolean"); return;
    case API_TIMESTAMP: buf_print(out, "java.util.Date"); return;
    case API_BLOB: buf_print(out, "java.nio.ByteBuffer"); return;
    case API_VALUE: buf_print(out, MODEL "AttributeValue"); return;
    case API_ITEM:
    case API_VALUES: buf_print(out, "java.util.Map<java.lang.String, " MODEL "AttributeValue>"); return;
    case API_NAMES: buf_print(out, "java.util.Map<java.lang.String, java.lang.String>"); return;
    case API_STRUCT: buf_print(out, MODEL "%s", field->type); return;
    case API_LIST:
    case API_MAP:
        buf_print(out, "%s", field->kind == API_LIST ? "java.util.List<" : "java.util.Map<java.lang.String, ");
        java_type(out, field->element);
        buf_byte(out, '>');
        return;
    default: buf_print(out, "java.lang.String"); return;
    }
}

static enum leat_code wrong_array(const struct api_field *field, struct leat_fault *fault) {
    struct buf type;
    buf_init(&type, TYPE_TEXT_MAX);
    java_type(&type, field);
    bool plain = type.size > 0 && type.data[type.size - 1] != '>';
    enum leat_code code = fault_set(fault, LEAT_SERIALIZATION, "Unrecognized collection type %s%.*s", plain ? "class " : "",
                                    SLICE_FORMAT(buf_view(&type)));
    buf_fini(&type);
    return code;
}

enum leat_code api_malformed(const struct json_reader *reader, struct leat_fault *fault) {
    return reader->error == json_error_memory ? fault_memory(fault) : fault_set(fault, LEAT_SERIALIZATION, "%s", "");
}

enum leat_code api_wrong_value(const struct json_reader *reader, const struct api_field *field, bool nested, struct leat_fault *fault) {
    const char *wanted = "String";
    if (reader->token == JSON_ERROR) return api_malformed(reader, fault);
    if (reader->token == JSON_OBJECT)
        return fault_set(fault, LEAT_SERIALIZATION, "Start of structure or map found where not expected");
    if (reader->token == JSON_ARRAY) return wrong_array(field, fault);
    switch (field->kind) {
    case API_INTEGER: wanted = field->wide ? "Long" : "Integer"; break;
    case API_BOOLEAN: wanted = "Boolean"; break;
    case API_TIMESTAMP: wanted = "Date"; break;
    case API_BLOB: return fault_set(fault, LEAT_SERIALIZATION, "only base-64-encoded strings are convertible to bytes");
    case API_VALUE:
    case API_ITEM:
    case API_VALUES:
    case API_NAMES:
    case API_STRUCT:
    case API_LIST:
    case API_MAP: return fault_set(fault, LEAT_SERIALIZATION, nested ? "Unexpected value type in payload" : "Unexpected field type");
    default: break;
    }
    return fault_set(fault, LEAT_SERIALIZATION, "%s cannot be converted to %s", item_json_scalar_name(reader), wanted);
}
