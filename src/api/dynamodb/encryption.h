/* SSESpecification and SSEDescription. What is stored is the key's ARN; nothing is encrypted with it: data at rest is the file system's
 * matter, and there is no key service here. */
#ifndef API_DYNAMODB_ENCRYPTION_H
#define API_DYNAMODB_ENCRYPTION_H

#include "api/dynamodb/settings.h"

struct encryption { struct api_boolean enabled; struct api_enum type; struct leat_slice key; };
extern const struct api_field encryption_fields[];
#define ENCRYPTION_FIELD(structure, member)                                                            \
    API_FIELD(structure, member, "SSESpecification", API_STRUCT, .fields = encryption_fields, \
              .size = sizeof(struct encryption), .type = "SSESpecification")

enum leat_code encryption_check(const struct encryption *in, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code encryption_create(struct settings_edit *edit, const struct encryption *in) LEAT_MUST_USE;
enum leat_code encryption_update(struct settings_edit *edit, const struct encryption *in) LEAT_MUST_USE;
/* The SSEDescription member, if there is one: tables under a key of DynamoDB's own have none. */
void encryption_describe(struct json_writer *json, const struct leat_table *table, bool changing);

#endif
