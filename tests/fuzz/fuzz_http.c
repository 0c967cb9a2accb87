/* A request as bytes. Whether it comes whole or byte by byte, the head is measured and judged alike; what is accepted has no bare CR
 * or LF, its slices lie inside it, and it is framed in one way only. The rest is read as chunks, whole and in pieces, with the same
 * outcome, and never past its buffers. */
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "net/chunked.h"

enum { BODY_MAX = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool true_always) {
    if (!true_always) abort();
}

static void check_inside(struct leat_slice part, struct leat_slice whole) {
    for (size_t i = 0; i < part.size; i++) demand(part.data[i] != '\r' && part.data[i] != '\n' && part.data[i] != 0);
    demand(part.data >= whole.data && part.data + part.size <= whole.data + whole.size);
}

static void check_head(struct leat_slice whole) {
    static struct net_head head;
    demand(whole.size >= 4 && memcmp(whole.data + whole.size - 4, "\r\n\r\n", 4) == 0);
    if (net_head_parse(whole, &head) != NULL) return;
    check_inside(head.method, whole);
    check_inside(head.target, whole);
    demand(head.path.size > 0 && head.query.data != NULL);
    demand(!head.chunked || (head.length_count == 0 && head.coding_count == 1 && !head.version_1_0));
    demand(head.length_count <= 1 && (head.host_count == 1 || head.version_1_0));
    for (size_t i = 0; i < head.header_count; i++) {
        check_inside(head.headers[i].name, whole);
        check_inside(head.headers[i].value, whole);
    }
}

/* Gives the size of the head, 0 when there is none. */
static size_t measure(struct leat_slice bytes) {
    const struct net_refusal *whole_refusal, *refusal = NULL;
    size_t scanned = 0, whole = net_head_end(bytes, &scanned, &whole_refusal), found = 0;
    scanned = 0;
    for (size_t i = 1; i <= bytes.size && found == 0 && refusal == NULL; i++)
        found = net_head_end(slice_of(bytes.data, i), &scanned, &refusal);
    demand(found == whole && (refusal != NULL) == (whole_refusal != NULL));
    return whole;
}

struct outcome { enum net_chunked_state state; size_t body_size, raw_left; bool refused; uint8_t body[BODY_MAX]; };

/* As a connection does it: pieces arrive behind what is left, the body grows in the same buffer. */
static void read_chunks(const uint8_t *data, size_t size, size_t piece, struct outcome *out) {
    struct net_chunked chunked = {0};
    const struct net_refusal *refusal = NULL;
    uint8_t *buffer = malloc(size + 1);
    size_t body_size = 0, end = 0;
    while (size > 0 && refusal == NULL && chunked.state != NET_CHUNK_DONE) {
        size_t take = piece < size ? piece : size;
        memcpy(buffer + end, data, take);
        end += take, data += take, size -= take;
        size_t raw = body_size;
        size_t taken = net_chunked_read(&chunked, buffer + raw, end - raw, buffer, &body_size, BODY_MAX, &refusal);
        demand(taken <= end - raw && body_size <= raw + taken && body_size <= BODY_MAX);
        memmove(buffer + body_size, buffer + raw + taken, end - raw - taken);
        end = body_size + (end - raw - taken);
    }
    *out = (struct outcome){chunked.state, body_size, end - body_size + size, refusal != NULL, {0}};
    memcpy(out->body, buffer, body_size);
    free(buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct outcome whole, pieces;
    size_t head_size = measure(slice_of(data, size));
    if (head_size > 0) check_head(slice_of(data, head_size));
    read_chunks(data + head_size, size - head_size, size + 1, &whole);
    for (size_t piece = 1; piece <= 7; piece += 3) {
        read_chunks(data + head_size, size - head_size, piece, &pieces);
        demand(whole.refused == pieces.refused);
        if (whole.refused) continue;
        demand(whole.state == pieces.state && whole.body_size == pieces.body_size && whole.raw_left == pieces.raw_left);
        demand(memcmp(whole.body, pieces.body, whole.body_size) == 0);
    }
    return 0;
}
