/* What the operations of exports and imports share. */
#ifndef API_DYNAMODB_TRANSFER_H
#define API_DYNAMODB_TRANSFER_H

#include "api/dynamodb/dynamodb.h"
#include "transfer/transfer.h"

#define DYNAMODB_BUCKET_PATTERN "[a-z0-9A-Z]+[a-zA-Z0-9_.-]*[a-z0-9A-Z]+"
#define DYNAMODB_OWNER_PATTERN "[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]"
enum { DYNAMODB_JOB_ARN_MIN = 37, DYNAMODB_JOB_ARN_MAX = 1024 };

/* {"ExportDescription": ...} and {"ImportTableDescription": ...}, or the fault: ends the call. */
void dynamodb_answer_export(struct api_call *call, enum leat_code code, const struct transfer_export *record);
void dynamodb_answer_import(struct api_call *call, enum leat_code code, const struct transfer_import *record);

/* {name: [...], "NextToken": ...}, or the fault: ends the call. */
void dynamodb_answer_page(struct api_call *call, enum leat_code code, const struct transfer_page *page, const char *name,
                          void (*write_one)(struct json_writer *json, const struct transfer_page *page, size_t i));

/* Members that are left out when they are absent, or 0. */
void dynamodb_text_member(struct json_writer *json, const char *name, struct leat_slice text);
void dynamodb_time_member(struct json_writer *json, const char *name, int64_t time_ms);
void dynamodb_bucket_source(struct json_writer *json, const struct transfer_import *record); /* S3BucketSource */

#endif
