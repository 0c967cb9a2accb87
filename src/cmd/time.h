#ifndef CMD_TIME_H
#define CMD_TIME_H

#include "cmd/remote.h"

/* "2025-02-22T03:03:25.490Z" (fraction and Z may be missing), "2025-02-22", or seconds since 1970. false: not that. */
bool cmd_time_ms(const char *text, uint64_t *milliseconds);

/* What GET /_leat/clock answers, or, with a request, POST. */
struct cmd_clock { uint64_t now_ms; bool is_virtual; };
enum leat_code cmd_clock_call(struct net_client *client, struct leat_slice request, struct cmd_clock *out,
                              struct leat_fault *fault) LEAT_MUST_USE;

#endif
