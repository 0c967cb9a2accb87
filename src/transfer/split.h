/* Where items begin and end in a text that comes piece by piece, without understanding them. One thread. */
#ifndef TRANSFER_SPLIT_H
#define TRANSFER_SPLIT_H

#include "transfer/format.h"

enum split_result {
    SPLIT_MORE,   /* no item ends here: it goes on, or there is none */
    SPLIT_ITEM,   /* an item: split->begin .. split->at */
    SPLIT_BROKEN, /* what comes is not of the format */
};

struct split {
    enum transfer_format format;
    uint8_t delimiter;  /* CSV */
    size_t begin, at;   /* in the text given: where the item under way begins (== at: none has), and how far it was looked at */
    unsigned depth;     /* JSON, Ion: brackets that are open */
    uint8_t inside;     /* what is open: a quote, a comment */
    uint8_t count;      /* bytes of its end that were seen */
    bool escaped;
    bool field_begins; /* CSV: the next byte is a field's first */
};

void split_init(struct split *split, enum transfer_format format, uint8_t delimiter);

/* Looks on at text, whose bytes before split->at it has seen. Behind an item the next one begins at split->at. Between calls the caller
 * may move what lies from split->begin on to the front, and calls split_moved. ended: nothing comes behind the text. */
enum split_result split_next(struct split *split, struct leat_slice text, bool ended);
void split_taken(struct split *split);                 /* the item is done with: nothing before split->at is wanted any more */
void split_moved(struct split *split);                 /* what was at split->begin is at 0 now */
bool split_unfinished(const struct split *split);      /* at the end of all text: an item has begun that does not end */

#endif
