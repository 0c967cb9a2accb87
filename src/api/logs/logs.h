/* CloudWatch Logs (Logs_20140328, JSON 1.1): what people read functions' logs with, and what writes to groups of their own. */
#ifndef API_LOGS_LOGS_H
#define API_LOGS_LOGS_H

#include "api/api.h"
#include "function/log_events.h"

enum { LOGS_PAGE_MAX = 50, LOGS_EVENTS_MAX = 10000, LOGS_ANSWER_BYTES_MAX = 1 << 20, LOGS_TOKEN_SIZE = 48 };

extern const struct api_service api_logs_service;

/* logGroupName, or the name in logGroupIdentifier, which may be an ARN. LEAT_VALIDATION: neither, or both. */
enum leat_code logs_group_name(struct api_call *call, struct leat_slice name, struct leat_slice identifier,
                               struct leat_slice *out) LEAT_MUST_USE;
/* All of a group, in an arena of its own, which the caller frees in any case. */
enum leat_code logs_load(struct api_call *call, struct leat_slice group, struct arena *arena,
                         struct function_log_group *out) LEAT_MUST_USE;
const struct function_log_stream *logs_stream(const struct function_log_group *group, struct leat_slice name); /* NULL: none */
enum leat_code logs_no_stream(struct api_call *call);
/* An event's message, as a client sees it. */
void logs_write_message(struct api_call *call, const struct function_log_event *event);

#endif
