/* struct leat: what a database handle holds. */
#ifndef DB_DB_H
#define DB_DB_H

#include "leat.h"
#include "table/engine.h"

struct leat { struct engine *engine; };

#endif
