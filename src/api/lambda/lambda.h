/* Lambda, API version 2015-03-31 (REST with JSON bodies): its operations and what they share. */
#ifndef API_LAMBDA_LAMBDA_H
#define API_LAMBDA_LAMBDA_H

#include "api/api.h"

extern const struct api_service api_lambda_service;

extern const struct api_operation lambda_invoke, lambda_create_function, lambda_get_function, lambda_get_function_configuration,
    lambda_list_functions, lambda_update_function_code, lambda_update_function_configuration, lambda_delete_function;

#endif
