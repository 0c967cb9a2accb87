/* Plain members of items that leat writes for itself: settings, catalogue entries. Names are C strings. */
#ifndef ITEM_MEMBER_H
#define ITEM_MEMBER_H

#include "item/value.h"

void item_put_member_int(struct buf *out, const char *name, int64_t value);
void item_put_member_text(struct buf *out, const char *name, struct leat_slice text); /* absent text: no member */

/* The member, or 0 / absent when it is missing or of another type. The text is borrowed (an S or a B). */
int64_t item_member_int(struct leat_slice map, const char *name);
struct leat_slice item_member_text(struct leat_slice map, const char *name);

#endif
