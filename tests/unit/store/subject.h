/* What the contract is checked on: every engine there is, alone and inside of each wrapper. A check is written once:
 *     CONTRACT(name_says_the_behaviour) { ... subject->store ... }
 * and becomes one test that runs over all of them, each with a fresh store. */
#ifndef TESTS_STORE_SUBJECT_H
#define TESTS_STORE_SUBJECT_H

#include <criterion/criterion.h>

#include "base/slice.h"
#include "store/store.h"
#include "store/wrap.h"

enum { SUBJECT_NAME_SIZE = 64 };

struct subject {
    struct store *store;
    struct store_options options;
    const struct store_engine *engine;
    char name[SUBJECT_NAME_SIZE];
    char directory[64]; /* of its own, in /tmp */
    struct arena arena; /* for the check's own use */
    struct buf trace;
    struct leat_fault fault;
};

void subject_init(struct subject *subject, const struct store_engine *engine); /* a fresh directory, no store yet */
void subject_fini(struct subject *subject);                                      /* closes the store, removes the directory */
void subject_open(struct subject *subject);
void subject_reopen(struct subject *subject);
void subject_each(void (*check)(struct subject *));        /* over all engines and wrappers, opened */
void subject_each_durable(void (*check)(struct subject *)); /* over the engines with STORE_DURABLE, not opened */

#define CONTRACT(name)                                  \
    static void name(struct subject *subject);          \
    Test(store_contract, name) { subject_each(name); } \
    static void name(struct subject *subject)
#define CONTRACT_DURABLE(name)                                  \
    static void name(struct subject *subject);                  \
    Test(store_durable, name) { subject_each_durable(name); } \
    static void name(struct subject *subject)

/* The call must answer code. */
#define EXPECT(subject_, call, code_)                                                                             \
    do {                                                                                                          \
        enum leat_code got_ = (call);                                                                             \
        cr_assert(got_ == (code_), "%s: %s answers %d (%s), not " #code_, (subject_)->name, #call, (int)got_,     \
                  (subject_)->fault.message);                                                                     \
    } while (0)
#define OK(subject_, call) EXPECT(subject_, call, LEAT_OK)

/* Texts stand for keys and values. */
void subject_put(struct subject *subject, store_part part, const char *key, const char *value);
void subject_del(struct subject *subject, store_part part, const char *key);
store_sequence subject_append(struct subject *subject, store_part part, const char *record);
const char *subject_get(struct subject *subject, store_part part, const char *key); /* NULL: not there */
struct store_head subject_head(struct subject *subject, store_part part);
/* "a=1 b=2 " of a range; NULL: open end. */
const char *subject_scan(struct subject *subject, store_part part, const char *low, const char *high, bool reverse);
/* "1=x 2=y " */
const char *subject_log(struct subject *subject, store_part part, store_sequence after);

#define SAYS(subject_, got, want)                                                                            \
    do {                                                                                                     \
        const char *got_ = (got);                                                                            \
        cr_assert_str_eq(got_ == NULL ? "(absent)" : got_, want, "%s: %s is \"%s\"", (subject_)->name, #got, got_); \
    } while (0)

#endif
