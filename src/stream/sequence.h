/* Sequence numbers as clients see them: decimal text of 25 digits, "1", 19 digits of the partition's own number, 5 digits
 * of the partition. So they grow within a partition, never repeat in a table, and compare as integers. */
#ifndef STREAM_SEQUENCE_H
#define STREAM_SEQUENCE_H

#include "leat_types.h"
#include "store/store.h"

void stream_sequence_print(store_sequence sequence, uint16_t part, char out[LEAT_SEQUENCE_SIZE]);

/* The partition's own number; 0 for what is smaller than any of ours, UINT64_MAX for what is greater. false: not a decimal
 * number of 1 to 40 digits. */
bool stream_sequence_parse(struct leat_slice text, store_sequence *out);

int stream_sequence_compare(struct leat_slice a, struct leat_slice b); /* as integers; any number of leading zeros */

#endif
