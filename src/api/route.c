/* Which service and operation a request is for: by X-Amz-Target, else by method and path. */
#include <string.h>
#include <strings.h>

#include "api/api.h"
#include "api/query.h"
#include "base/slice.h"

static void route_target(struct api_call *call, struct leat_slice target) {
    const uint8_t *dot = target.size > 0 ? memchr(target.data, '.', target.size) : NULL;
    if (dot == NULL) return;
    struct leat_slice prefix = slice_of(target.data, (size_t)(dot - target.data));
    struct leat_slice name = slice_of(dot + 1, target.size - prefix.size - 1);
    for (size_t i = 0; api_services[i] != NULL; i++) {
        const struct api_service *service = api_services[i];
        if (service->target == NULL || !slice_is(prefix, service->target)) continue;
        call->service = service;
        for (size_t k = 0; service->operations[k] != NULL; k++) {
            const char *candidate = service->operations[k]->name; /* the first letter tells most of them apart */
            if (name.size == 0 || candidate[0] != (char)name.data[0] || !slice_is(name, candidate)) continue;
            call->operation = service->operations[k];
            return;
        }
        return;
    }
}

/* Takes the next segment off a path: "/a/b" -> "a", "/b". */
static bool path_segment(struct leat_slice *path, struct leat_slice *segment) {
    if (path->size == 0 || path->data[0] != '/') return false;
    const uint8_t *begin = path->data + 1, *end = path->data + path->size;
    const uint8_t *slash = begin < end ? memchr(begin, '/', (size_t)(end - begin)) : NULL;
    if (slash == NULL) slash = end;
    *segment = slice_of(begin, (size_t)(slash - begin));
    *path = slice_of(slash, (size_t)(end - slash));
    return true;
}

static bool path_matches(struct api_call *call, const char *pattern, struct leat_slice path) {
    struct leat_slice wanted = slice_text(pattern), part, segment;
    call->label_count = 0;
    while (path_segment(&wanted, &part)) {
        if (!path_segment(&path, &segment)) return false;
        if (part.size > 2 && part.data[0] == '{') {
            if (segment.size == 0 || call->label_count == API_LABELS_MAX) return false;
            call->labels[call->label_count++] = (struct api_label){slice_of(part.data + 1, part.size - 2), segment};
        } else if (!slice_equal(part, segment)) {
            return false;
        }
    }
    return path.size == 0 || slice_is(path, "/"); /* some clients write a final slash */
}

static void route_path(struct api_call *call) {
    const struct net_request *request = call->request;
    for (size_t i = 0; api_services[i] != NULL; i++) {
        const struct api_service *service = api_services[i];
        if (service->target != NULL) continue;
        for (size_t k = 0; service->operations[k] != NULL; k++) {
            const struct api_operation *operation = service->operations[k];
            if (!slice_is(request->method, operation->method) || !path_matches(call, operation->path, request->path)) continue;
            call->service = service;
            call->operation = operation;
            return;
        }
    }
}

static const struct api_operation *find_operation(const struct api_service *service, struct leat_slice name) {
    for (size_t i = 0; service->operations[i] != NULL; i++)
        if (slice_is(name, service->operations[i]->name)) return service->operations[i];
    return NULL;
}

/* The Query protocol is spoken at "/", and by SQS at its queues: "/account/name". */
static bool is_query_path(struct leat_slice path) {
    struct leat_slice account, name;
    if (slice_is(path, "/")) return true;
    return path_segment(&path, &account) && path_segment(&path, &name) && path.size == 0 && name.size > 0 && account.size > 0 &&
           slice_within(account, '0', '9');
}

static void route_query(struct api_call *call) {
    const struct net_request *request = call->request;
    bool post = slice_is(request->method, "POST");
    struct leat_slice type = net_request_header(request, "Content-Type");
    if (!is_query_path(request->path) || (!post && !slice_is(request->method, "GET"))) return;
    if (post && !slice_starts(type, SLICE("application/x-www-form-urlencoded"))) return;
    struct form *form = form_read(post ? request->body : request->query, call->arena);
    struct leat_slice action = form_value(form, "Action"), version = form_value(form, "Version");
    if (action.data == NULL) return;
    for (size_t i = 0; api_services[i] != NULL; i++) {
        const struct api_service *service = api_services[i];
        if (service->query_version == NULL) continue;
        const struct api_operation *operation = find_operation(service, action);
        if (version.data != NULL ? !slice_is(version, service->query_version) : operation == NULL) continue;
        call->form = form;
        call->service = service;
        call->operation = operation;
        return;
    }
}

void api_route(struct api_call *call) {
    struct leat_slice target = net_request_header(call->request, "X-Amz-Target");
    if (target.data != NULL) route_target(call, target);
    else route_query(call);
    if (target.data == NULL && call->service == NULL) route_path(call);
    /* what nobody knows goes to the first service, which is at "/", and has no operation there */
    if (call->service == NULL && (target.data != NULL || slice_is(call->request->path, "/"))) call->service = api_services[0];
}
