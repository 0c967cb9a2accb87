/* What belongs to a function beside its configuration, each an item of the reserved table "leat:function-parts" with the key (name, part):
 *
 *   version/0000000012   a published version: a configuration (registry.c)
 *   alias/NAME           (alias.c)
 *   tags                 tags M of S
 *   concurrency          reserved N
 *   policy/QUALIFIER     statements S (a JSON array), revision S
 *   invoke/QUALIFIER     settings of asynchronous invocations (api/lambda)
 *
 * Any thread; writes wait for their commit. Answers live in the arena. */
#ifndef FUNCTION_PARTS_H
#define FUNCTION_PARTS_H

#include "base/arena.h"
#include "base/buf.h"
#include "leat.h"

enum { FUNCTION_ITEM_BYTES_MAX = 400 << 10, FUNCTION_PARTS_PER_WRITE = 25 };

struct function_service;

/* LEAT_RESOURCE_NOT_FOUND without words when there is none. */
enum leat_code function_part_get(struct function_service *service, struct leat_slice name, struct leat_slice part,
                                 struct arena *arena, struct leat_slice *item, struct leat_fault *fault) LEAT_MUST_USE;

enum function_part_rule {
    FUNCTION_PART_ANY,
    FUNCTION_PART_NEW,  /* LEAT_CONDITIONAL_CHECK_FAILED when it is there */
    FUNCTION_PART_OLD   /* ... unless it is there, with the `revision` given, if any is */
};
/* `item` has the part's members, unfinished: names and values as item_put_... append them. It is finished here. */
enum leat_code function_part_put(struct function_service *service, struct leat_slice name, struct leat_slice part,
                                 struct buf *item, enum function_part_rule rule, struct leat_slice revision,
                                 struct leat_fault *fault) LEAT_MUST_USE;
/* *was (may be NULL): it was there. */
enum leat_code function_part_delete(struct function_service *service, struct leat_slice name, struct leat_slice part,
                                    bool *was, struct leat_fault *fault) LEAT_MUST_USE;
/* All of them: for functions that are deleted. */
enum leat_code function_parts_delete(struct function_service *service, struct leat_slice name, struct leat_fault *fault) LEAT_MUST_USE;

struct function_part_page {
    struct leat_slice *items;
    size_t count;
    struct leat_slice next; /* the last one's part, when there are more; absent at the end */
};
/* Those that begin with `prefix` (absent: all), in order, after `after` (absent: from the first). */
enum leat_code function_part_list(struct function_service *service, struct leat_slice name, struct leat_slice prefix,
                                  struct leat_slice after, size_t limit, struct arena *arena, struct function_part_page *out,
                                  struct leat_fault *fault) LEAT_MUST_USE;

/* ---- for registry.c ---- */
extern const struct leat_slice function_parts_table;
enum leat_code function_parts_make_table(struct function_service *service, struct leat_fault *fault) LEAT_MUST_USE;
/* A reserved table with a key of strings; LEAT_OK when it is there already. sort absent: none. */
enum leat_code function_make_table(struct function_service *service, struct leat_slice table, struct leat_slice partition_key,
                                   struct leat_slice sort, struct leat_fault *fault) LEAT_MUST_USE;

/* Small items: members by name, absent and 0 when they are not there; and back. */
struct leat_slice function_item_text(struct leat_slice item, const char *name, struct arena *arena);
int64_t function_item_int(struct leat_slice item, const char *name);
void function_item_put_text(struct buf *out, const char *name, struct leat_slice text); /* absent: left out */
void function_item_put_int(struct buf *out, const char *name, int64_t value);

#endif
