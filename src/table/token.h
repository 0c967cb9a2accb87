/* Client request tokens of transactions: the same token within ten minutes does its work once.
 * DynamoDB API Reference, TransactWriteItems: ClientRequestToken. Value, little-endian: hash of the request 8, time in ms 8, then for each
 * table of the request the read units of what was written 4: what the same request costs when it comes again. */
#ifndef TABLE_TOKEN_H
#define TABLE_TOKEN_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"

enum { TOKEN_LIFE_MS = 10 * 60 * 1000 };

/* *done: this very request has been done. LEAT_IDEMPOTENT_PARAMETER_MISMATCH: another one with the same token has. */
enum leat_code token_check(struct leat_slice value, uint64_t hash, uint64_t now_ms, bool *done, struct leat_fault *fault) LEAT_MUST_USE;
/* units: `count` of them. Absent: no memory. */
struct leat_slice token_value(uint64_t hash, uint64_t now_ms, const uint32_t *units, size_t count, struct arena *arena);
/* The units of the i-th table; 0 in a value written before there were any. */
uint32_t token_units(struct leat_slice value, size_t i);
uint64_t token_time_ms(struct leat_slice value);

#endif
