/* Tags of tables: the rules that CreateTable, TagResource and UntagResource share. */
#ifndef API_DYNAMODB_TAGS_H
#define API_DYNAMODB_TAGS_H

#include "api/dynamodb/settings.h"

struct tags_tag { struct leat_slice key, value; };
extern const struct api_field tags_element;

/* Keys and values one by one and together; AWS has words of its own for each. */
enum leat_code tags_check(const struct api_list *tags, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code tags_check_keys(const struct api_list *keys, struct leat_fault *fault) LEAT_MUST_USE;

/* Sets these tags, removes these keys (of struct leat_slice). */
enum leat_code tags_change(struct settings_edit *edit, const struct api_list *tags, const struct api_list *removed) LEAT_MUST_USE;

#endif
