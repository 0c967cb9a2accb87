/* UpdateTable's parts: what it changes of indexes, and what it says of replicas. */
#ifndef API_DYNAMODB_UPDATE_TABLE_H
#define API_DYNAMODB_UPDATE_TABLE_H

#include "api/dynamodb/dynamodb.h"

struct index_update { struct leat_slice name; struct dynamodb_throughput *throughput; struct throughput *on_demand, *warm; };
struct index_delete { struct leat_slice name; };
struct index_change { struct dynamodb_index *create; struct index_update *update; struct index_delete *remove; };
extern const struct api_field index_change_element;

/* What the list of changes has. */
struct index_changes { size_t creates, updates, deletes; bool warm; };
enum leat_code index_changes_check(const struct api_list *changes, struct index_changes *out, struct leat_fault *fault) LEAT_MUST_USE;
enum leat_code index_changes_edit(struct settings_edit *edit, const struct api_list *changes, enum leat_billing billing) LEAT_MUST_USE;

struct replica { struct leat_slice region; };
struct replica_change { struct replica *create, *update, *remove; };
extern const struct api_field replica_change_element;
/* There is one region: what AWS says of the others, which it does not know either. */
enum leat_code replica_changes_refuse(const struct api_server *server, const struct api_list *changes,
                                      struct leat_fault *fault) LEAT_MUST_USE;

#endif
