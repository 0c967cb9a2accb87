/* The HTTP server with an empty handler, on one loop: what a request costs before anyone does anything for it.
 *   build/bench/http_empty [port] [loops]
 * Drive it with bench/http_empty.lua: wrk -t1 -c64 -d5 -s bench/http_empty.lua http://127.0.0.1:PORT/
 * Stops when its standard input ends, and tells requests and CPU per request. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/slice.h"
#include "net/server.h"

static _Atomic(unsigned long) requests;

static void answer(struct net_request *request) {
    static const struct net_reply_header headers[] = {
        {"x-amzn-requestid", SLICE("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345ABCDEFGHIJKLMNOPQRST")},
        {"x-amz-crc32", SLICE("2745614147")},
        {"Content-Type", SLICE("application/x-amz-json-1.0")},
    };
    atomic_fetch_add_explicit(&requests, 1, memory_order_relaxed);
    buf_slice(net_reply_body(request), SLICE("{}"));
    net_reply(request, 200, headers, 3);
}

int main(int argument_count, char **arguments) {
    struct net_loop *loops[8];
    size_t loop_count = argument_count > 2 ? (size_t)strtoul(arguments[2], NULL, 10) : 1;
    struct leat_fault fault;
    for (size_t i = 0; i < loop_count && i < 8; i++)
        if (net_loop_new("bench", &loops[i], &fault) != LEAT_OK || net_loop_start(loops[i], &fault) != LEAT_OK) return 1;
    struct net_server_options options = {.port = argument_count > 1 ? (uint16_t)strtoul(arguments[1], NULL, 10) : 0,
                                         .loops = loops, .loop_count = loop_count, .handle = answer};
    struct net_server *server;
    if (net_server_new(&options, &server, &fault) != LEAT_OK) {
        (void)fprintf(stderr, "%s\n", fault.message);
        return 1;
    }
    net_server_start(server);
    (void)printf("port %u\n", net_server_port(server));
    (void)fflush(stdout);
    char byte;
    while (read(0, &byte, 1) > 0) {}
    net_server_stop(server, 0);
    for (size_t i = 0; i < loop_count; i++) net_loop_stop(loops[i]);
    struct rusage used;
    (void)getrusage(RUSAGE_SELF, &used);
    double cpu_us = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
                    (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    unsigned long count = atomic_load(&requests);
    (void)printf("requests %lu, CPU %.2f us each\n", count, count > 0 ? cpu_us / (double)count : 0.0);
    return 0;
}
