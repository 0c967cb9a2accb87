/* WarmThroughput and OnDemandThroughput, of tables and of global indexes. They are kept and shown; nothing is throttled by them. */
#ifndef API_DYNAMODB_THROUGHPUT_H
#define API_DYNAMODB_THROUGHPUT_H

#include "api/dynamodb/settings.h"

/* Either: members that are not given stay as they are. */
struct throughput { struct api_integer read, write; };
extern const struct api_field warm_fields[], on_demand_fields[];
#define WARM_FIELD(structure, member)                                                                                   \
    API_FIELD(structure, member, "WarmThroughput", API_STRUCT, .fields = warm_fields, .size = sizeof(struct throughput), \
              .type = "WarmThroughput")
#define ON_DEMAND_FIELD(structure, member)                                                \
    API_FIELD(structure, member, "OnDemandThroughput", API_STRUCT, .fields = on_demand_fields, \
              .size = sizeof(struct throughput), .type = "OnDemandThroughput")
/* AWS takes an empty structure for an absent one. */
static inline bool throughput_given(const struct throughput *in) { return in != NULL && (in->read.given || in->write.given); }

/* Below, index NULL is the table itself; for CreateTable edit->table is what is being made. `in` may be NULL. */

/* Not less than there is; `new`: than a table or index that is being made has anyway. */
enum leat_code warm_change(struct settings_edit *edit, const struct throughput *in, const struct leat_index *index,
                           bool new) LEAT_MUST_USE;
/* Warm throughput is what a table has had, once: called before its units or its billing change. */
enum leat_code warm_keep(struct settings_edit *edit) LEAT_MUST_USE;
void warm_describe(struct api_call *call, const struct leat_table *table, const struct leat_index *index, bool changing);

/* -1 takes a limit away, except from a new table or index. `billing`: as it will be. */
enum leat_code on_demand_change(struct settings_edit *edit, const struct throughput *in, const struct leat_index *index,
                                enum leat_billing billing, bool new) LEAT_MUST_USE;
void on_demand_describe(struct api_call *call, const struct leat_table *table, const struct leat_index *index);

#endif
