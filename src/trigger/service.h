/* The control plane's inside: what service.c (life, looking, deleting) and change.c (creating, updating) share. */
#ifndef TRIGGER_SERVICE_H
#define TRIGGER_SERVICE_H

#include <pthread.h>

#include "trigger/driver.h"
#include "trigger/store.h"
#include "trigger/trigger.h"

enum { SERVICE_MAPPINGS_MAX = 100000, SERVICE_ARN_SIZE = 512 };

struct trigger_service {
    struct leat *db;
    struct driver *driver;
    struct trigger_resolver resolver;
    const struct trigger_destination_resolver *destinations;
    char region[64], account[16];
    pthread_mutex_t control; /* one change at a time; held while writing */
    pthread_mutex_t lock;    /* mappings; never held while waiting */
    struct mapping **mappings;
    size_t count, capacity;
    bool store_ready, at_timestamp;
};

/* The next four: under `lock`. */

/* Where it is, or where it belongs. */
size_t service_place_of(const struct trigger_service *service, struct leat_slice uuid, bool *found);
bool service_reserve(struct trigger_service *service);                         /* room for one more; false: no memory */
void service_insert(struct trigger_service *service, struct mapping *mapping); /* there is room */
/* state: NULL for the one it is in. */
enum leat_code service_describe(const struct trigger_service *service, const struct mapping *mapping, const char *state,
                                struct arena *arena, struct trigger_description *out,
                                struct leat_fault *fault) LEAT_MUST_USE;

enum leat_code service_unknown_mapping(struct leat_fault *fault);

#endif
