#include "net/head.h"

#include <llhttp.h>
#include <string.h>
#include <strings.h>

#include "base/slice.h"

static const struct net_refusal
    BARE_CR = {400, "a carriage return stands alone"},
    BARE_LF = {400, "a line feed stands alone"},
    BAD_REQUEST_LINE = {400, "the request line is malformed"},
    BAD_TARGET = {400, "the request target is malformed"},
    BAD_VERSION = {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"},
    BAD_METHOD = {501, "this method is not known here"},
    BAD_HEADER = {400, "a header field is malformed"},
    FOLDED = {400, "a header field is folded over two lines"},
    SPACE_BEFORE_COLON = {400, "white space stands before a header field's colon"},
    TOO_MANY_HEADERS = {431, "the request has too many header fields"},
    NO_HOST = {400, "the request must have one Host header field"},
    BAD_HOST = {400, "the Host header field is malformed"},
    BAD_LENGTH = {400, "the Content-Length header field is malformed"},
    TWO_LENGTHS = {400, "the length of the body is given twice"},
    BAD_CODING = {400, "the Transfer-Encoding header field is malformed"},
    UNKNOWN_CODING = {501, "the only transfer coding known here is chunked"},
    BAD_EXPECT = {417, "the only expectation known here is 100-continue"};

size_t net_head_end(struct leat_slice bytes, size_t *scanned, const struct net_refusal **refusal) {
    const uint8_t *line = bytes.data + *scanned, *end = bytes.data + bytes.size;
    *refusal = NULL;
    while (line < end) {
        const uint8_t *feed = memchr(line, '\n', (size_t)(end - line));
        const uint8_t *stop = feed != NULL ? feed : end;
        const uint8_t *back = memchr(line, '\r', (size_t)(stop - line));
        if (back != NULL && back + 1 != stop) *refusal = &BARE_CR;
        else if (feed != NULL && back == NULL) *refusal = &BARE_LF;
        if (*refusal != NULL || feed == NULL) break;
        if (back == line && line == bytes.data) *refusal = &BAD_REQUEST_LINE;
        if (back == line) return *refusal != NULL ? 0 : (size_t)(feed + 1 - bytes.data);
        line = feed + 1;
        *scanned = (size_t)(line - bytes.data);
    }
    return 0;
}

static bool same_text(struct leat_slice a, const char *text, size_t size) {
    return a.size == size && strncasecmp((const char *)a.data, text, size) == 0;
}
#define SAME(slice, literal) same_text(slice, literal, sizeof(literal) - 1)

static struct leat_slice between(const uint8_t *begin, const uint8_t *end) {
    return slice_of(begin, (size_t)(end - begin));
}

static bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

static struct leat_slice trim(struct leat_slice text) {
    while (text.size > 0 && (*text.data == ' ' || *text.data == '\t')) text = slice_of(text.data + 1, text.size - 1);
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) text.size--;
    return text;
}

/* RFC 9112 section 3.2: origin form, absolute form, or the asterisk. */
static const struct net_refusal *parse_target(struct net_head *head) {
    struct leat_slice target = head->target;
    for (size_t i = 0; i < target.size; i++)
        if (target.data[i] <= ' ' || target.data[i] >= 0x7f || target.data[i] == '#') return &BAD_TARGET;
    const uint8_t *end = target.data + target.size, *path = target.data;
    if (slice_is(target, "*")) {
        if (!slice_is(head->method, "OPTIONS")) return &BAD_TARGET;
    } else if (*path != '/') {
        size_t scheme = strncasecmp((const char *)path, "http://", 7) == 0 ? 7
                        : strncasecmp((const char *)path, "https://", 8) == 0 ? 8 : 0;
        if (scheme == 0 || scheme == target.size) return &BAD_TARGET;
        const uint8_t *authority = path + scheme;
        for (path = authority; path < end && *path != '/' && *path != '?'; path++) {}
        if (path == authority) return &BAD_TARGET;
    }
    const uint8_t *mark = memchr(path, '?', (size_t)(end - path));
    head->path = between(path, mark != NULL ? mark : end);
    head->query = mark != NULL ? between(mark + 1, end) : SLICE("");
    if (head->path.size == 0) head->path = SLICE("/");
    return NULL;
}

static const struct net_refusal *parse_request_line(struct leat_slice line, struct net_head *head) {
    const uint8_t *end = line.data + line.size;
    const uint8_t *first = memchr(line.data, ' ', line.size);
    if (first == NULL || first == line.data) return &BAD_REQUEST_LINE;
    const uint8_t *second = memchr(first + 1, ' ', (size_t)(end - first - 1));
    if (second == NULL || second == first + 1) return &BAD_REQUEST_LINE;
    head->method = between(line.data, first);
    head->target = between(first + 1, second);
    struct leat_slice version = between(second + 1, end);
    head->version_1_0 = slice_is(version, "HTTP/1.0");
    if (!head->version_1_0 && !slice_is(version, "HTTP/1.1")) {
        bool formed = version.size == 8 && memcmp(version.data, "HTTP/", 5) == 0 && version.data[6] == '.' &&
                      is_digit(version.data[5]) && is_digit(version.data[7]);
        return formed ? &BAD_VERSION : &BAD_REQUEST_LINE;
    }
    if (slice_is(head->method, "CONNECT")) return &BAD_METHOD;
    return parse_target(head);
}

static const struct net_refusal *parse_length(struct leat_slice value, struct net_head *head) {
    if (head->length_count++ > 0) return &TWO_LENGTHS;
    if (value.size == 0 || value.size > 18) return &BAD_LENGTH; /* 18 digits fit into 64 bits */
    for (size_t i = 0; i < value.size; i++) {
        if (!is_digit(value.data[i])) return &BAD_LENGTH;
        head->content_length = head->content_length * 10 + (uint64_t)(value.data[i] - '0');
    }
    return NULL;
}

/* RFC 9112 section 6.1: chunked comes last and once; we know no other coding. */
static const struct net_refusal *parse_coding(struct leat_slice value, struct net_head *head) {
    if (head->coding_count++ > 0) return &BAD_CODING;
    head->chunked = SAME(value, "chunked");
    if (head->chunked) return NULL;
    for (size_t i = 0; i + 7 <= value.size; i++)
        if (strncasecmp((const char *)value.data + i, "chunked", 7) == 0 && i + 7 < value.size) return &BAD_CODING;
    return value.size == 0 ? &BAD_CODING : &UNKNOWN_CODING;
}

static bool ends_host(uint8_t byte) {
    switch (byte) {
    case '/': case '\\': case '@': case '?': case '#': case ',': case '<': case '>': case '"': return true;
    default: return false;
    }
}

static const struct net_refusal *parse_host(struct leat_slice value, struct net_head *head) {
    if (head->host_count++ > 0) return &NO_HOST;
    if (!slice_within(value, '!', '~')) return &BAD_HOST;
    for (size_t i = 0; i < value.size; i++)
        if (ends_host(value.data[i])) return &BAD_HOST;
    return NULL;
}

static const struct net_refusal *parse_field(struct leat_slice line, struct net_head *head) {
    if (line.data[0] == ' ' || line.data[0] == '\t') return &FOLDED;
    if (head->header_count == NET_HEADERS_MAX) return &TOO_MANY_HEADERS;
    const uint8_t *colon = memchr(line.data, ':', line.size);
    if (colon == NULL || colon == line.data) return &BAD_HEADER;
    if (colon[-1] == ' ' || colon[-1] == '\t') return &SPACE_BEFORE_COLON;
    struct leat_slice name = between(line.data, colon), value = trim(between(colon + 1, line.data + line.size));
    head->headers[head->header_count++] = (struct net_header){name, value};
    switch (name.size) {
    case 4: return SAME(name, "host") ? parse_host(value, head) : NULL;
    case 6:
        if (!SAME(name, "expect")) return NULL;
        head->expects_continue = SAME(value, "100-continue");
        return head->expects_continue ? NULL : &BAD_EXPECT;
    case 14: return SAME(name, "content-length") ? parse_length(value, head) : NULL;
    case 17: return SAME(name, "transfer-encoding") ? parse_coding(value, head) : NULL;
    default: return NULL;
    }
}

/* What llhttp makes of the head. Its own reading of the body is not used: a head is all it ever gets. */
struct verdict { bool complete, chunked, keep_alive; uint64_t content_length; };

static int judge(llhttp_t *parser) {
    struct verdict *verdict = parser->data;
    verdict->complete = true;
    verdict->chunked = (parser->flags & F_CHUNKED) != 0;
    verdict->content_length = parser->content_length;
    verdict->keep_alive = llhttp_should_keep_alive(parser) != 0;
    parser->upgrade = 0; /* RFC 9110 section 7.8: a server may ignore Upgrade */
    return 0;
}

static const struct net_refusal *ask_llhttp(struct leat_slice bytes, struct net_head *head) {
    static const llhttp_settings_t settings = {.on_headers_complete = judge};
    struct verdict verdict = {0};
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = &verdict;
    switch (llhttp_execute(&parser, (const char *)bytes.data, bytes.size)) {
    case HPE_OK: break;
    case HPE_INVALID_METHOD: return &BAD_METHOD;
    case HPE_INVALID_URL: return &BAD_TARGET;
    case HPE_INVALID_CONSTANT:
    case HPE_INVALID_VERSION: return &BAD_REQUEST_LINE;
    case HPE_INVALID_CONTENT_LENGTH: return &BAD_LENGTH;
    case HPE_UNEXPECTED_CONTENT_LENGTH: return &TWO_LENGTHS;
    case HPE_INVALID_TRANSFER_ENCODING: return &BAD_CODING;
    default: return &BAD_HEADER;
    }
    if (!verdict.complete) return &BAD_HEADER;
    if (verdict.chunked != head->chunked || verdict.content_length != head->content_length) return &BAD_LENGTH;
    /* HTTP/1.0's own "Connection: keep-alive" is not honoured: such clients are rare, and closing is always right */
    head->keep_alive = verdict.keep_alive && !head->version_1_0;
    return NULL;
}

const struct net_refusal *net_head_parse(struct leat_slice bytes, struct net_head *out) {
    const uint8_t *line = bytes.data, *end = bytes.data + bytes.size - 2; /* the empty line */
    out->header_count = 0;
    out->content_length = 0;
    out->host_count = out->length_count = out->coding_count = 0;
    out->chunked = out->keep_alive = out->expects_continue = false;
    out->method = out->target = SLICE("");
    while (line < end) {
        const uint8_t *feed = memchr(line, '\n', (size_t)(end - line));
        struct leat_slice text = between(line, feed - 1);
        const struct net_refusal *refusal =
            line == bytes.data ? parse_request_line(text, out) : parse_field(text, out);
        if (refusal != NULL) return refusal;
        line = feed + 1;
    }
    if (out->coding_count > 0 && out->length_count > 0) return &TWO_LENGTHS;
    /* RFC 9112 section 6.1: a coding in a message of HTTP/1.0 means that its framing is faulty */
    if (out->coding_count > 0 && out->version_1_0) return &BAD_CODING;
    /* section 3.2: exactly one Host, in HTTP/1.1 */
    if (out->host_count == 0 && !out->version_1_0) return &NO_HOST;
    if (out->version_1_0) out->expects_continue = false;
    return ask_llhttp(bytes, out);
}
