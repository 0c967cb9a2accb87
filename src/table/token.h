/* Client request tokens of transactions: the same token within ten minutes does its work once.
 * DynamoDB API Reference, TransactWriteItems: ClientRequestToken. Value: 8 bytes hash of the request, 8 bytes time in ms, little-endian. */
#ifndef TABLE_TOKEN_H
#define TABLE_TOKEN_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/fault.h"

enum { TOKEN_LIFE_MS = 10 * 60 * 1000 };

/* *done: this very request has been done. LEAT_IDEMPOTENT_PARAMETER_MISMATCH: another one with the same token has. */
enum leat_code token_check(struct leat_slice value, uint64_t hash, uint64_t now_ms, bool *done, struct leat_fault *fault) LEAT_MUST_USE;
struct leat_slice token_value(uint64_t hash, uint64_t now_ms, struct arena *arena); /* absent: no memory */
uint64_t token_time_ms(struct leat_slice value);

#endif
