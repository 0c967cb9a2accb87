/* Members of a JSON answer by their path. */
#ifndef CMD_ANSWER_H
#define CMD_ANSWER_H

#include "base/arena.h"

enum { CMD_PATH_MAX = 4 };

/* names: ended by NULL. A string's text, a number as it is written, an object or array as it is written; absent: it is not there. */
struct leat_slice cmd_answer_find(struct leat_slice json, struct arena *arena, const char *const names[]);
#define CMD_ANSWER(json, arena, ...) cmd_answer_find((json), (arena), (const char *const[]){__VA_ARGS__, NULL})
uint64_t cmd_answer_number(struct leat_slice text); /* 0 for what is none */

#endif
