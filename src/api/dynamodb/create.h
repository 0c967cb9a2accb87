/* What a new table is made of: CreateTable's request, of which ImportTable's TableCreationParameters have a part. */
#ifndef API_DYNAMODB_CREATE_H
#define API_DYNAMODB_CREATE_H

#include "api/dynamodb/dynamodb.h"

struct throughput;
struct encryption;

struct create_input {
    struct leat_slice table, class, policy, source;
    struct api_list definitions, keys, local, global, tags;
    struct api_enum billing;
    struct dynamodb_throughput *throughput;
    struct throughput *on_demand, *warm;
    struct encryption *encryption;
    struct dynamodb_stream_specification *stream;
    struct api_boolean protection;
};

/* What can be said of it before the data is looked at. */
enum leat_code create_check(const struct create_input *in, struct leat_fault *fault) LEAT_MUST_USE;
/* The table as the library wants it; in the call's arena. */
enum leat_code create_table_of(struct api_call *call, const struct create_input *in, struct leat_table *out) LEAT_MUST_USE;

#endif
