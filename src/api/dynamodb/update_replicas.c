/* ReplicaUpdates. Global tables are not served: each change is refused, in the words AWS has for a region it does not replicate to. */
#include "api/dynamodb/update_table.h"

#include "base/slice.h"

static const struct api_field replica_fields[] = {
    API_FIELD(struct replica, region, "RegionName", API_STRING, .required = true),
    API_FIELDS_END,
};
#define REPLICA_FIELD(member, name)                                                                                           \
    API_FIELD(struct replica_change, member, name, API_STRUCT, .fields = replica_fields, .size = sizeof(struct replica), \
              .type = name "ReplicationGroupMemberAction")
static const struct api_field change_fields[] = {
    REPLICA_FIELD(create, "Create"),
    REPLICA_FIELD(update, "Update"),
    REPLICA_FIELD(remove, "Delete"),
    API_FIELDS_END,
};
const struct api_field replica_change_element = {
    .name = "", .kind = API_STRUCT, .fields = change_fields, .type = "ReplicationGroupUpdate"};

enum leat_code replica_changes_refuse(const struct api_server *server, const struct api_list *changes,
                                      struct leat_fault *fault) {
    const struct replica_change *change = changes->elements;
    if (!changes->given) return LEAT_OK;
    if (changes->count == 0 || (change->create == NULL && change->update == NULL && change->remove == NULL))
        return fault_set(fault, LEAT_VALIDATION, "There are no actions specified in the Replica Update Action of the request.");
    const struct replica *replica = change->create != NULL ? change->create : change->update != NULL ? change->update : change->remove;
    if (change->update == NULL && slice_is(replica->region, server->region))
        return fault_set(fault, LEAT_VALIDATION,
                         "Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as "
                         "required.");
    if (change->create == NULL)
        return fault_set(fault, LEAT_VALIDATION,
                         "Update global table operation failed because one or more replicas were not part of the global table. Please "
                         "retry the request without these replicas: [%.*s].", SLICE_FORMAT(replica->region));
    return fault_set(fault, LEAT_VALIDATION,
                     "Region %.*s is not supported. The latest version of global tables are only supported in the following regions: [%s]",
                     SLICE_FORMAT(replica->region), server->region);
}
