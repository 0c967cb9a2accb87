/* A call from request to answer. */
#include <libdeflate.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "api/api.h"
#include "api/query.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/slice.h"

enum {
    MESSAGE_BYTES_MAX = 256 * 1024,
    TARGET_BODY_BYTES_MAX = 16 << 20 /* DynamoDB's own limit; only REST requests carry more */
};

void api_header(struct api_call *call, const char *name, struct leat_slice value) {
    if (call->header_count < API_HEADERS_MAX && value.data != NULL)
        call->headers[call->header_count++] = (struct net_reply_header){name, value};
}

/* ---- answering ---- */

enum { CRC_SIZE = 11 };

/* In decimal, by hand: printf would be a hundredth of a small answer's time. */
static struct leat_slice crc_text(const struct buf *body, char out[CRC_SIZE]) {
    uint32_t crc = libdeflate_crc32(0, body->data, body->size);
    size_t at = CRC_SIZE;
    do out[--at] = (char)('0' + crc % 10);
    while ((crc /= 10) != 0);
    return slice_of(out + at, CRC_SIZE - at);
}

/* The request's memory, and the call in it, may be gone when this returns. */
static void answer(struct api_call *call) {
    struct net_request *request = call->request;
    struct buf *body = net_reply_body(request);
    char crc[CRC_SIZE];
    if (call->failed || !buf_ok(body)) {
        if (!call->failed) call->code = LEAT_NO_MEMORY;
        call->failed = true;
        buf_clear(body);
        json_writer_init(&call->json, body);
        call->status = call->service->fail(call);
    } else if (call->form != NULL && !api_query_answer(call)) {
        call->code = LEAT_NO_MEMORY;
        call->failed = true;
        buf_clear(body);
        call->status = call->service->fail(call);
    } else if (call->status == 0) {
        call->status = call->operation->status != 0 ? call->operation->status : 200;
    }
    const char *type = call->service->content_type;
    if (!call->failed && call->operation->content_type != NULL) type = call->operation->content_type;
    if (call->plain_json) type = "application/json";
    if (call->form != NULL) type = "text/xml";
    if (body->size > 0 || call->service->crc) api_header(call, "Content-Type", slice_text(type));
    api_header(call, "x-amzn-RequestId", slice_text(call->request_id));
    if (call->service->crc) api_header(call, "x-amz-crc32", crc_text(body, crc));
    leat_result_free(&call->result);
    api_decoder_fini(&call->decoder);
    net_reply(request, call->status, call->headers, call->header_count);
}

void api_done(struct api_call *call) {
    if (!call->pooled) answer(call);
}

void api_fail(struct api_call *call, enum leat_code code, const struct leat_fault *fault) {
    call->failed = true;
    call->code = code;
    if (fault != NULL && fault->message[0] != 0 && call->message.data == NULL)
        call->message = arena_copy(call->arena, slice_text(fault->message));
    if (!call->pooled) answer(call);
}

void api_end(struct api_call *call, enum leat_code code) {
    if (code == LEAT_OK) api_done(call);
    else api_fail(call, code, &call->fault);
}

/* ---- pool and other threads ---- */

struct api_call *api_call_of(struct net_task *task) {
    return (struct api_call *)(void *)((char *)task - offsetof(struct api_call, task));
}

void api_post(struct api_call *call, struct net_loop *loop, void (*run)(struct net_task *task)) {
    call->task.run = run;
    net_loop_post(loop, &call->task);
}

static void pool_run(uv_work_t *work) {
    struct api_call *call = work->data;
    call->operation->run(call, call->input);
}

static void pool_done(uv_work_t *work, int status) {
    struct api_call *call = work->data;
    call->pooled = false;
    if (status != 0) api_fail(call, LEAT_CLOSED, NULL);
    else answer(call);
}

static void resume(struct net_task *task) {
    struct api_call *call = api_call_of(task);
    call->resume(call);
}

static void written(void *context, enum leat_code code, struct leat_result *result, const struct leat_fault *fault) {
    struct api_call *call = context;
    call->code = code;
    if (result != NULL) call->result = *result;
    if (code != LEAT_OK && fault != NULL) fault_copy(&call->fault, fault);
    api_post(call, call->request->loop, resume);
}

enum leat_code api_write(struct api_call *call, const struct leat_write *writes, size_t count, enum leat_mode mode,
                         struct leat_slice token, void (*then)(struct api_call *call)) {
    call->resume = then;
    return leat_write_start(call->server->db, writes, count, mode, token, written, call, &call->fault);
}

enum leat_code api_statements(struct api_call *call, const struct leat_statement *statements, size_t count, enum leat_mode mode,
                              struct leat_slice token, void (*then)(struct api_call *call)) {
    call->resume = then;
    return leat_statement_start(call->server->db, statements, count, mode, token, written, call, &call->fault);
}

/* ---- from request to run ---- */

/* What comes from in front of the service: no JSON. */
static void plain(struct api_call *call, unsigned status, const char *text) {
    char crc[CRC_SIZE];
    struct buf *body = net_reply_body(call->request);
    buf_append(body, text, strlen(text));
    random_request_id(call->request_id);
    struct net_reply_header headers[] = {
        {"Server", SLICE("Server")},
        {"Content-Type", SLICE("text/plain")},
        {"x-amzn-RequestId", slice_text(call->request_id)},
        {"x-amz-crc32", crc_text(body, crc)},
    };
    net_reply(call->request, status, headers, sizeof headers / sizeof headers[0]);
}

static void healthy(struct api_call *call) {
    struct leat_slice host = net_request_header(call->request, "Host");
    struct leat_slice text = arena_print(call->arena, "healthy: %.*s ", SLICE_FORMAT(host));
    plain(call, 200, text.data != NULL ? (const char *)text.data : "healthy");
}

/* What browsers ask before they send a request from a page of another origin. Pages may use tables, as with DynamoDB; they may
 * not reach Lambda's paths, or any page could run programs on the machine of whoever looks at it. */
static void preflight(struct net_request *request) {
    struct leat_slice names = net_request_header(request, "Access-Control-Request-Headers");
    struct leat_slice methods = net_request_header(request, "Access-Control-Request-Method");
    struct net_reply_header headers[4] = {
        {"Access-Control-Allow-Origin", SLICE("*")},
        {"Access-Control-Max-Age", SLICE("172800")},
    };
    size_t count = 2;
    if (names.data != NULL) headers[count++] = (struct net_reply_header){"Access-Control-Allow-Headers", names};
    if (methods.data != NULL) headers[count++] = (struct net_reply_header){"Access-Control-Allow-Methods", methods};
    net_reply(request, 200, headers, count);
}

static bool content_is(struct leat_slice type, const char *wanted) {
    size_t size = strlen(wanted);
    if (type.size < size || strncasecmp((const char *)type.data, wanted, size) != 0) return false;
    return type.size == size || type.data[size] == ';' || type.data[size] == ' ';
}

/* A request by target comes as the service's own kind of JSON or as plain JSON, and is answered likewise. */
static bool json_content(struct api_call *call) {
    struct leat_slice type = net_request_header(call->request, "Content-Type");
    call->plain_json = content_is(type, "application/json");
    return call->plain_json || content_is(type, call->service->content_type);
}

/* Without configured credentials anything signed is let in, but its signature must have all its parts: that is what clients meet at AWS. */
static bool allowed(struct api_call *call) {
    const struct api_server *server = call->server;
    call->code = server->credential_count > 0
                     ? net_sigv4_verify(call->request, server->credentials, server->credential_count, clock_real_ms(),
                                        &call->error_type, &call->fault)
                     : net_sigv4_claimed(call->request, &call->error_type, &call->fault);
    if (call->code == LEAT_OK) call->error_type = NULL; /* what is found later is of another type */
    return call->code == LEAT_OK;
}

/* A list of strings: the parameter comes once per element. */
static enum leat_code decode_query_list(struct api_call *call, const struct api_field *field) {
    struct api_list *list = (struct api_list *)(void *)((uint8_t *)call->input + field->offset);
    size_t place = 0, count = 0;
    while (net_request_query_next(call->request, field->name, &place).data != NULL) count++;
    struct leat_slice *elements = ARENA_ARRAY(call->arena, struct leat_slice, count + 1);
    if (elements == NULL) return fault_memory(&call->fault);
    place = 0;
    for (size_t i = 0; i < count; i++) elements[i] = net_request_query_next(call->request, field->name, &place);
    *list = (struct api_list){.elements = elements, .count = count, .given = count > 0};
    return LEAT_OK;
}

static bool decode_rest(struct api_call *call, const struct api_field *field, enum leat_code *code) {
    struct leat_slice text = {NULL, 0};
    if (field->kind == API_PAYLOAD) {
        text = call->request->body;
    } else if (field->location == API_IN_PATH) {
        for (size_t i = 0; i < call->label_count; i++)
            if (slice_is(call->labels[i].name, field->name))
                text = net_percent_decode(call->arena, call->labels[i].value, false);
    } else if (field->location == API_IN_QUERY && field->kind == API_LIST) {
        *code = decode_query_list(call, field);
    } else if (field->location == API_IN_QUERY) {
        text = net_request_query(call->request, field->name);
    } else if (field->location == API_IN_HEADER) {
        text = net_request_header(call->request, field->name);
    } else {
        return true;
    }
    if (text.data != NULL) *code = api_decode_text(&call->decoder, field, text, call->input, &call->fault);
    return false;
}

static enum leat_code decode(struct api_call *call) {
    const struct api_operation *operation = call->operation;
    struct leat_slice body = call->request->body;
    call->input = arena_zero(call->arena, 1, operation->input_size);
    if (call->input == NULL) return fault_memory(&call->fault);
    TRY(api_decoder_init(&call->decoder, call->arena, body.size, &call->fault));
    if (call->form != NULL) {
        body = form_to_json(call->form, operation->fields, call->arena);
        if (body.data == NULL) return fault_memory(&call->fault);
    }
    bool from_body = call->service->target != NULL;
    if (!from_body) {
        enum leat_code code = LEAT_OK;
        for (const struct api_field *field = operation->fields; field->name != NULL && code == LEAT_OK; field++)
            if (decode_rest(call, field, &code)) from_body = body.size > 0;
        TRY(code);
    }
    if (!from_body) return LEAT_OK;
    return api_decode(&call->decoder, operation->fields, body, call->input, &call->fault);
}

enum leat_code api_item_fault(const struct api_call *call, struct leat_fault *fault) {
    if (call->decoder.item_code != LEAT_OK) fault_copy(fault, &call->decoder.item_fault);
    return call->decoder.item_code;
}

static enum leat_code validate(struct api_call *call) {
    struct buf words;
    buf_init(&words, MESSAGE_BYTES_MAX);
    enum leat_code code = api_validate(call->operation->fields, call->input, &words);
    if (code != LEAT_OK) call->message = arena_copy(call->arena, buf_view(&words));
    buf_fini(&words);
    return code;
}

static bool is_json(struct leat_slice text, struct arena *arena) {
    struct json_reader reader;
    json_reader_init(&reader, text, arena);
    return json_next(&reader) != JSON_ERROR && json_skip(&reader) && json_next(&reader) == JSON_END;
}

/* JSON first, then each field's constraints, then what the operation says of their combination, then single attribute values. */
static enum leat_code prepare(struct api_call *call) {
    TRY(decode(call));
    TRY(call->service->validate != NULL ? call->service->validate(call) : validate(call));
    if (call->operation->check != NULL) TRY(call->operation->check(call, call->input, &call->fault));
    TRY(api_item_fault(call, &call->fault));
    if (call->decoder.values_code != LEAT_OK) fault_copy(&call->fault, &call->decoder.values_fault);
    return call->decoder.values_code;
}

static bool is_target_request(const struct api_call *call) {
    return call->service != NULL && call->service->target != NULL && call->form == NULL;
}

static void start(struct api_call *call) {
    const struct api_operation *operation = call->operation;
    if (operation->fields != NULL) {
        enum leat_code code = prepare(call);
        if (code != LEAT_OK) {
            /* that the rest of the body is no JSON counts before what was wrong up to there */
            if (code == LEAT_SERIALIZATION && is_target_request(call) && !is_json(call->request->body, call->arena))
                fault_clear(&call->fault);
            api_fail(call, code, &call->fault);
            return;
        }
    }
    if (operation->place == API_LOOP) {
        operation->run(call, call->input);
        return;
    }
    call->work.data = call;
    call->pooled = true;
    if (uv_queue_work(net_loop_uv(call->request->loop), &call->work, pool_run, pool_done) != 0) {
        call->pooled = false;
        api_fail(call, LEAT_INTERNAL, NULL);
    }
}

/* A request for a service. Of what may be wrong in front of the operation AWS names the body first, then the operation, then who asks. */
static void serve(struct api_call *call) {
    random_request_id(call->request_id);
    json_writer_init(&call->json, net_reply_body(call->request));
    if (call->service->crc) api_header(call, "Server", SLICE("Server"));
    if (is_target_request(call) && net_request_header(call->request, "Origin").data != NULL)
        api_header(call, "Access-Control-Allow-Origin", SLICE("*"));
    bool known = call->operation != NULL;
    if (known && allowed(call)) {
        start(call);
    } else if (is_target_request(call) && !is_json(call->request->body, call->arena)) {
        call->error_type = NULL;
        api_fail(call, LEAT_SERIALIZATION, NULL);
    } else {
        api_fail(call, known ? call->code : LEAT_UNKNOWN_OPERATION, known ? &call->fault : NULL);
    }
}

/* In a form that clients of every service show to their users. */
static void refuse_host(struct api_call *call) {
    struct leat_slice host = net_request_header(call->request, "Host");
    if (!slice_within(host, ' ', '~')) host = SLICE("that was given");
    struct leat_slice text = arena_print(call->arena, "Requests for the Host %.*s are refused, against DNS rebinding; leat serve "
                                                      "--host-name NAME lets a name in", SLICE_FORMAT(host));
    struct json_writer *json = &call->json;
    json_writer_init(json, net_reply_body(call->request));
    json_object(json);
    json_key(json, "__type");
    json_text(json, "AccessDeniedException");
    json_key(json, "message");
    json_string(json, text.data != NULL ? text : SLICE(""));
    json_object_end(json);
    struct net_reply_header headers[] = {{"Content-Type", SLICE("application/json")}, {"x-amzn-ErrorType", SLICE("AccessDeniedException")}};
    net_reply(call->request, 403, headers, sizeof headers / sizeof headers[0]);
}

static bool has_method(const struct net_request *request, const char *method) { return slice_is(request->method, method); }

/* For the path "/" and nothing in the headers that tells a service: AWS's own servers answer this much. False: not answered. */
static bool answer_root(struct api_call *call) {
    const struct net_request *request = call->request;
    if (!slice_is(request->path, "/") || net_request_query(call->request, "Action").data != NULL) return false;
    if (has_method(request, "GET") || has_method(request, "HEAD")) healthy(call);
    else if (has_method(request, "OPTIONS") && net_request_header(request, "Origin").data != NULL) preflight(call->request);
    else return false;
    return true;
}

void api_handle(struct net_request *request) {
    struct api_call *call = ARENA_NEW_UPTO(request->arena, struct api_call, decoder.item_fault);
    if (call == NULL) {
        net_reply(request, 503, NULL, 0);
        return;
    }
    fault_clear(&call->fault);
    call->request = request;
    call->server = request->context;
    call->arena = request->arena;
    if (!api_host_allowed(call->server, net_request_header(request, "Host"))) {
        refuse_host(call);
        return;
    }
    if (answer_root(call)) return;
    api_route(call);
    if ((is_target_request(call) || call->form != NULL) && request->body.size > TARGET_BODY_BYTES_MAX) plain(call, 413, "");
    else if (call->service == NULL || (is_target_request(call) && (!has_method(request, "POST") || !json_content(call))))
        plain(call, 404, "<UnknownOperationException/>\n");
    else serve(call);
}
