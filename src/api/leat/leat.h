/* leat's own routes, under /_leat/: what its commands ask a running server for and AWS has no call for. */
#ifndef API_LEAT_LEAT_H
#define API_LEAT_LEAT_H

#include "api/api.h"

extern const struct api_service api_leat_service;

extern const struct api_operation leat_clock_get, leat_clock_move, leat_function_code, leat_layer_content, leat_function_log;

#endif
