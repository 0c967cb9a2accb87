/* The Query protocol's answers. */
#include <stdio.h>
#include <string.h>

#include "api/query.h"
#include "base/slice.h"

enum { XML_BYTES_MAX = 256 << 20 };

static void put_text(struct buf *out, const char *text) { buf_append(out, text, strlen(text)); }

static void put_tag(struct buf *out, const char *before, struct leat_slice name) {
    put_text(out, before);
    buf_slice(out, name);
    buf_byte(out, '>');
}

/* What a reader would take for markup, and the carriage return, which it would take for the end of a line. */
static void put_escaped(struct buf *out, struct leat_slice text) {
    for (size_t i = 0; i < text.size; i++) {
        switch (text.data[i]) {
        case '&': put_text(out, "&amp;"); break;
        case '<': put_text(out, "&lt;"); break;
        case '>': put_text(out, "&gt;"); break;
        case '"': put_text(out, "&quot;"); break;
        case '\r': put_text(out, "&#xD;"); break;
        default: buf_byte(out, text.data[i]);
        }
    }
}

struct translation {
    struct json_reader reader;
    struct buf *out;
    const struct api_xml *names;
};

static const struct api_xml *name_of(const struct translation *translation, struct leat_slice member) {
    for (const struct api_xml *at = translation->names; at != NULL && at->member != NULL; at++)
        if (slice_is(member, at->member)) return at;
    return NULL;
}

static void members(struct translation *translation);

/* The reader's newest token is the value's first. Lists in here have been named by their member. */
static void value(struct translation *translation) {
    struct json_reader *reader = &translation->reader;
    switch (reader->token) {
    case JSON_OBJECT: members(translation); break;
    case JSON_STRING:
    case JSON_NUMBER: put_escaped(translation->out, reader->text); break;
    case JSON_TRUE: put_text(translation->out, "true"); break;
    case JSON_FALSE: put_text(translation->out, "false"); break;
    default: (void)json_skip(reader); break;
    }
}

static void element(struct translation *translation, struct leat_slice name) {
    put_tag(translation->out, "<", name);
    value(translation);
    put_tag(translation->out, "</", name);
}

static void list(struct translation *translation, struct leat_slice name) {
    while (json_next(&translation->reader) != JSON_ARRAY_END && translation->reader.token != JSON_ERROR) element(translation, name);
}

static void map(struct translation *translation, const struct api_xml *name) {
    struct buf *out = translation->out;
    while (json_next(&translation->reader) == JSON_KEY) {
        put_tag(out, "<", slice_text(name->element));
        put_tag(out, "<", slice_text(name->key));
        put_escaped(out, translation->reader.text);
        put_tag(out, "</", slice_text(name->key));
        (void)json_next(&translation->reader);
        element(translation, slice_text(name->value));
        put_tag(out, "</", slice_text(name->element));
    }
}

static void members(struct translation *translation) {
    struct json_reader *reader = &translation->reader;
    while (json_next(reader) == JSON_KEY) {
        struct leat_slice name = reader->text;
        const struct api_xml *known = name_of(translation, name);
        enum json_token token = json_next(reader);
        if (known != NULL && token == JSON_ARRAY) list(translation, slice_text(known->element));
        else if (known != NULL && token == JSON_OBJECT && known->key != NULL) map(translation, known);
        else element(translation, name);
    }
}

static void put_metadata(struct api_call *call, struct buf *out) {
    put_text(out, "<ResponseMetadata><RequestId>");
    put_text(out, call->request_id);
    put_text(out, "</RequestId></ResponseMetadata>");
}

bool api_query_answer(struct api_call *call) {
    struct buf *body = net_reply_body(call->request), xml;
    struct translation translation = {.out = &xml, .names = call->operation->xml};
    const char *name = call->operation->name;
    buf_init(&xml, XML_BYTES_MAX);
    json_reader_init(&translation.reader, buf_view(body), call->arena);
    buf_print(&xml, "<?xml version=\"1.0\"?><%sResponse xmlns=\"%s\">", name, call->service->query_namespace);
    if (body->size > 0 && json_next(&translation.reader) == JSON_OBJECT) {
        buf_print(&xml, "<%sResult>", name);
        members(&translation);
        buf_print(&xml, "</%sResult>", name);
    }
    put_metadata(call, &xml);
    buf_print(&xml, "</%sResponse>", name);
    bool whole = translation.reader.token != JSON_ERROR && buf_ok(&xml);
    buf_clear(body);
    buf_slice(body, buf_view(&xml));
    buf_fini(&xml);
    return whole && buf_ok(body);
}

void api_query_error(struct api_call *call, bool sender, const char *code, struct leat_slice message) {
    struct buf *out = call->json.buf;
    buf_print(out, "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"%s\"><Error><Type>%s</Type><Code>%s</Code><Message>",
              call->service->query_namespace, sender ? "Sender" : "Receiver", code);
    put_escaped(out, message);
    put_text(out, "</Message><Detail/></Error><RequestId>");
    put_text(out, call->request_id);
    put_text(out, "</RequestId></ErrorResponse>");
}

enum leat_code api_query_validate(struct api_call *call) {
    for (const struct api_field *field = call->operation->fields; field->name != NULL; field++) {
        if (!field->required || api_is_given(field, call->input)) continue;
        call->error_type = "MissingRequiredParameterException";
        return fault_set(&call->fault, LEAT_VALIDATION, "The request must contain the parameter %s.", field->name);
    }
    return LEAT_OK;
}
