/* Random bytes and identifiers from the kernel. Any thread. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>

enum { RANDOM_UUID_SIZE = 37 };

void random_bytes(void *out, size_t size);
void random_uuid(char out[RANDOM_UUID_SIZE]);       /* version 4, lower case, zero-terminated */
void random_request_id(char out[53]);               /* 52 characters A-Z0-9, as DynamoDB's x-amzn-requestid */

#endif
