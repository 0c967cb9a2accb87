/* AWS's Query protocol: parameters in a form, answers in XML. Operations know nothing of it: a form becomes the JSON that the same request
 * would be by target, guided by the operation's fields; the answer's JSON becomes XML, guided by names that the operation gives its lists
 * and maps. */
#ifndef API_QUERY_H
#define API_QUERY_H

#include "api/api.h"

enum { FORM_PARAMETERS_MAX = 4096 };

struct form;

/* Of a body or a query; NULL: malformed, too many parameters, no memory. */
struct form *form_read(struct leat_slice text, struct arena *arena);
struct leat_slice form_value(const struct form *form, const char *name); /* absent: it is not there; form may be NULL */
/* An object with the members that fields name; absent: no memory. */
struct leat_slice form_to_json(const struct form *form, const struct api_field *fields, struct arena *arena);

/* A list: one <element> for each. A map: one <element> with <key> and <value> for each. */
struct api_xml {
    const char *member; /* of an answer, wherever it stands; NULL ends a table */
    const char *element;
    const char *key, *value; /* a map's; NULL: a list */
};

/* Turns the body that was written as JSON into the answer's XML; false: no memory. */
bool api_query_answer(struct api_call *call);
/* Writes the body of a refusal: code in the protocol's own words. */
void api_query_error(struct api_call *call, bool sender, const char *code, struct leat_slice message);

/* For struct api_service's validate: a required member that is missing, in the words of services that have come from this protocol. */
enum leat_code api_query_validate(struct api_call *call);

#endif
