/* Ordered keys with values: a skip list. No locks; the list owns its nodes. */
#ifndef STORE_MEMORY_LIST_H
#define STORE_MEMORY_LIST_H

#include "leat_types.h"

enum { MEMORY_LIST_LEVELS = 16 /* a quarter of each level is in the next: good for some 10^9 keys */ };

struct memory_node {
    struct memory_node *before;
    struct leat_slice key;   /* stands behind next, in the same piece of memory */
    struct leat_slice value; /* the node's own, a piece of memory by itself: it changes and the node stays */
    unsigned levels;
    struct memory_node *next[];
};

struct memory_list {
    struct memory_node *first[MEMORY_LIST_LEVELS]; /* all NULL: empty */
    struct memory_node *last;
};

/* With a copy of the key and no value, in no list yet; random decides how high it stands. NULL when there is no memory. */
struct memory_node *memory_node_new(struct leat_slice key, uint64_t random);
void memory_node_free(struct memory_node *node); /* NULL is allowed */
void memory_node_set(struct memory_node *node, struct leat_slice value); /* takes over what malloc gave; frees the old one */
size_t memory_node_size(const struct memory_node *node); /* bytes, with its value */

/* The first node with key >= key; NULL: none. */
struct memory_node *memory_list_seek(struct memory_list *list, struct leat_slice key);
struct memory_node *memory_list_find(struct memory_list *list, struct leat_slice key); /* exactly; NULL: none */
/* Takes the node over. No node with this key may be in the list. */
void memory_list_insert(struct memory_list *list, struct memory_node *node);
/* Out of the list; the caller frees it. */
void memory_list_remove(struct memory_list *list, struct memory_node *node);

#endif
