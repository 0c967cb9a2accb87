/* Resource policies: kept and given back. Nobody is refused anything by them: leat has one account, which may do all. */
#ifndef API_DYNAMODB_POLICY_H
#define API_DYNAMODB_POLICY_H

#include "api/dynamodb/settings.h"

/* AWS keeps a form of its own of what it is given: members in order, lists of one element as that element, accounts as ARNs. Two
 * documents with one form are the same. */
struct policy_document {
    struct leat_slice text; /* that form; in the call's arena */
    bool locks_out;         /* whoever stores it could not store another */
};
enum leat_code policy_read(struct api_call *call, struct leat_slice text, struct policy_document *out) LEAT_MUST_USE;

/* CreateTable's ResourcePolicy. */
enum leat_code policy_create(struct settings_edit *edit, struct leat_slice text) LEAT_MUST_USE;

#endif
