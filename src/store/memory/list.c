#include "store/memory/list.h"

#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

struct memory_node *memory_node_new(struct leat_slice key, uint64_t random) {
    unsigned levels = 1;
    for (; levels < MEMORY_LIST_LEVELS && (random & 3) == 0; random >>= 2) levels++;
    size_t links = levels * sizeof(struct memory_node *);
    struct memory_node *node = malloc(sizeof *node + links + key.size);
    if (node == NULL) return NULL;
    uint8_t *bytes = (uint8_t *)node->next + links;
    if (key.size > 0) memcpy(bytes, key.data, key.size);
    node->key = slice_of(bytes, key.size);
    node->value = slice_of(NULL, 0);
    node->levels = levels;
    return node;
}

void memory_node_free(struct memory_node *node) {
    if (node == NULL) return;
    free((void *)(uintptr_t)node->value.data);
    free(node);
}

void memory_node_set(struct memory_node *node, struct leat_slice value) {
    free((void *)(uintptr_t)node->value.data);
    node->value = value;
}

size_t memory_node_size(const struct memory_node *node) {
    return sizeof *node + node->levels * sizeof node->next[0] + node->key.size + node->value.size;
}

/* In links the pointer of each level that a node with this key is, or would be, hung on; answers the node before it. */
static struct memory_node *list_links(struct memory_list *list, struct leat_slice key,
                                      struct memory_node **links[MEMORY_LIST_LEVELS]) {
    struct memory_node **next = list->first, *before = NULL;
    for (size_t level = MEMORY_LIST_LEVELS; level-- > 0;) {
        while (next[level] != NULL && slice_compare(next[level]->key, key) < 0) {
            before = next[level];
            next = before->next;
        }
        links[level] = &next[level];
    }
    return before;
}

struct memory_node *memory_list_seek(struct memory_list *list, struct leat_slice key) {
    struct memory_node **links[MEMORY_LIST_LEVELS];
    (void)list_links(list, key, links);
    return *links[0];
}

struct memory_node *memory_list_find(struct memory_list *list, struct leat_slice key) {
    struct memory_node *node = memory_list_seek(list, key);
    return node != NULL && slice_equal(node->key, key) ? node : NULL;
}

void memory_list_insert(struct memory_list *list, struct memory_node *node) {
    struct memory_node **links[MEMORY_LIST_LEVELS];
    node->before = list_links(list, node->key, links);
    for (size_t level = 0; level < node->levels; level++) {
        node->next[level] = *links[level];
        *links[level] = node;
    }
    if (node->next[0] != NULL) node->next[0]->before = node;
    else list->last = node;
}

void memory_list_remove(struct memory_list *list, struct memory_node *node) {
    struct memory_node **links[MEMORY_LIST_LEVELS];
    (void)list_links(list, node->key, links);
    for (size_t level = 0; level < node->levels; level++) *links[level] = node->next[level];
    if (node->next[0] != NULL) node->next[0]->before = node->before;
    else list->last = node->before;
}
