/* Ordered keys with values: a skip list. No locks; the list owns its nodes. */
#ifndef STORE_MEMORY_LIST_H
#define STORE_MEMORY_LIST_H

#include "leat_types.h"

enum { MEMORY_LIST_LEVELS = 16 /* a quarter of each level is in the next: good for some 10^9 keys */ };

struct memory_node {
    struct memory_node *before;
    struct leat_slice key, value; /* stand behind next, in the same piece of memory */
    unsigned levels;
    struct memory_node *next[];
};

struct memory_list {
    struct memory_node *first[MEMORY_LIST_LEVELS]; /* all NULL: empty */
    struct memory_node *last;
};

/* A copy of both, in no list yet; random decides how high it stands. NULL when there is no memory; free with free(). */
struct memory_node *memory_node_new(struct leat_slice key, struct leat_slice value, uint64_t random);
size_t memory_node_size(const struct memory_node *node); /* bytes */

/* The first node with key >= key; NULL: none. */
struct memory_node *memory_list_seek(struct memory_list *list, struct leat_slice key);
struct memory_node *memory_list_find(struct memory_list *list, struct leat_slice key); /* exactly; NULL: none */
/* Takes the node over. No node with this key may be in the list. */
void memory_list_insert(struct memory_list *list, struct memory_node *node);
/* Out of the list; the caller frees it. */
void memory_list_remove(struct memory_list *list, struct memory_node *node);

#endif
