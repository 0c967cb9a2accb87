#include "cmd/remote.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/slice.h"
#include "cmd/cmd.h"
#include "cmd/credentials.h"

enum { HEADER_BYTES_MAX = 512, ERROR_BYTES_MAX = 64 * 1024 };

static const char *setting(const char *name, const char *other_name, const char *otherwise) {
    const char *value = getenv(name);
    if (value == NULL || value[0] == 0) value = getenv(other_name);
    return value != NULL && value[0] != 0 ? value : otherwise;
}

enum leat_code cmd_remote_new(const char *option, const char *service, struct net_client **out, struct leat_fault *fault) {
    struct net_signer signer = {.region = setting("AWS_REGION", "AWS_DEFAULT_REGION", "us-east-1"), .service = service};
    TRY(cmd_credential_find(&signer.credential, fault));
    if (signer.credential.access_key == NULL) signer.credential = (struct net_credential){"local", "local"};
    const char *url = option != NULL ? option : getenv("AWS_ENDPOINT_URL");
    TRY(net_client_new(url != NULL && url[0] != 0 ? url : "http://127.0.0.1:8000", out, fault));
    return net_client_sign(*out, &signer, fault);
}

static enum leat_code code_of(struct leat_slice type) {
    static const enum leat_code codes[] = {LEAT_RESOURCE_NOT_FOUND, LEAT_EXPIRED_ITERATOR, LEAT_TRIMMED_DATA_ACCESS};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct leat_slice name = slice_text(fault_name(codes[i]));
        /* "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException" */
        if (type.size >= name.size && slice_equal(slice_of(type.data + type.size - name.size, name.size), name)) return codes[i];
    }
    return LEAT_VALIDATION;
}

static enum leat_code error_answer(unsigned status, struct leat_slice body, struct leat_fault *fault) {
    struct arena arena;
    struct json_reader reader;
    struct leat_slice type = {NULL, 0}, message = {NULL, 0};
    arena_init(&arena, ERROR_BYTES_MAX);
    json_reader_init(&reader, body, &arena);
    if (json_next(&reader) == JSON_OBJECT) {
        while (json_next(&reader) == JSON_KEY) {
            struct leat_slice name = reader.text;
            if (json_next(&reader) == JSON_STRING && slice_is(name, "__type")) type = reader.text;
            else if (reader.token == JSON_STRING && (slice_is(name, "message") || slice_is(name, "Message"))) message = reader.text;
            else if (!json_skip(&reader)) break;
        }
    }
    if (message.data == NULL) message = slice_text("no message");
    enum leat_code code = fault_set(fault, code_of(type), "the server answers %u: %.*s", status, SLICE_FORMAT(message));
    arena_fini(&arena);
    return code;
}

enum leat_code cmd_remote_call(struct net_client *client, const char *target, struct leat_slice request, struct buf *answer,
                               struct leat_fault *fault) {
    char headers[HEADER_BYTES_MAX];
    unsigned status = 0;
    (void)snprintf(headers, sizeof headers, "Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: %s\r\n",
                   target);
    buf_clear(answer);
    TRY(net_client_request(client, "POST", "/", headers, request, &status, answer, fault));
    return status == 200 ? LEAT_OK : error_answer(status, buf_view(answer), fault);
}

struct leat_slice cmd_remote_segment(struct arena *arena, const char *name) {
    struct buf out;
    buf_init(&out, 3 * strlen(name) + 8);
    for (const char *at = name; *at != 0; at++) {
        if (isalnum((unsigned char)*at) || strchr("-_.~:$", *at) != NULL) buf_byte(&out, (uint8_t)*at);
        else buf_print(&out, "%%%02X", (unsigned char)*at);
    }
    struct leat_slice copy = arena_copy(arena, buf_view(&out));
    buf_fini(&out);
    return copy;
}

int cmd_remote_refused(unsigned status, struct leat_slice body) {
    struct arena arena;
    struct json_reader reader;
    struct leat_slice words = body;
    arena_init(&arena, 1 << 20);
    json_reader_init(&reader, body, &arena);
    if (json_next(&reader) == JSON_OBJECT) {
        while (json_next(&reader) == JSON_KEY) {
            bool wanted = slice_is(reader.text, "message") || slice_is(reader.text, "Message");
            if (json_next(&reader) == JSON_STRING && wanted) words = reader.text;
            if (!json_skip(&reader)) break;
        }
    }
    if (words.size > 2000) words.size = 2000;
    int code = words.size > 0 ? cmd_fail("%.*s", SLICE_FORMAT(words)) : cmd_fail("the server answered %u", status);
    arena_fini(&arena);
    return code;
}
