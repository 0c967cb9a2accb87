#include <stdio.h>
#include <string.h>

#include "subject.h"

Test(store_wrap, the_tracer_writes_one_line_a_call) {
    struct subject subject;
    subject_init(&subject, store_engine_find("memory"));
    subject_open(&subject);
    subject.store = store_trace_new(subject.store, &subject.trace);
    struct store_transaction *t;
    OK(&subject, store_begin(subject.store, (store_part[]){0x10000, 2}, 2, &t, NULL));
    OK(&subject, store_put(t, 0x10000, SLICE("k1"), SLICE("abc"), NULL));
    OK(&subject, store_del(t, 2, SLICE("k"), NULL));
    OK(&subject, store_append(t, 2, SLICE("record"), NULL, NULL));
    OK(&subject, store_commit(t, NULL));
    (void)subject_get(&subject, 0x10000, "k1");
    (void)subject_scan(&subject, 0x10000, "k", NULL, true);
    (void)subject_log(&subject, 2, 5);
    static const uint8_t too_long[STORE_KEY_MAX + 1];
    OK(&subject, store_begin(subject.store, NULL, 0, &t, NULL));
    EXPECT(&subject, store_put(t, 1, slice_of(too_long, sizeof too_long), SLICE(""), NULL), LEAT_VALIDATION);
    store_abort(t);
    buf_byte(&subject.trace, 0);
    const char *lines = (const char *)subject.trace.data;
    const char *refused = strstr(lines, "begin -> OK\nput 1 ");
    cr_assert_not_null(refused);
    cr_assert_not_null(strstr(refused, "0 bytes -> VALIDATION\nabort -> OK\n"));
    subject.trace.data[refused - lines] = 0;
    cr_assert_str_eq(lines, "begin 10000 2 -> OK\nput 10000 6b31 3 bytes -> OK\ndel 2 6b -> OK\nappend 2 6 bytes -> OK\n"
                            "commit -> OK\nget 10000 6b31 -> OK\nscan-reverse 10000 6b - -> OK\nlog 2 after 5 -> OK\n");
    subject_fini(&subject);
}

/* Moves an amount from one key to another and records it; every call can fail. */
static enum leat_code scenario(struct subject *subject) {
    struct leat_fault *fault = &subject->fault;
    const store_part part = 7;
    struct store_key keys[] = {{part, SLICE("from")}, {part, SLICE("to")}};
    struct leat_slice values[2];
    struct store_transaction *t;
    bool more;
    struct store_head head;
    TRY(store_begin(subject->store, &part, 1, &t, fault));
    enum leat_code code = store_getv(t, keys, 2, values, fault);
    if (code == LEAT_OK) code = store_put(t, part, keys[1].key, values[0], fault);
    if (code == LEAT_OK) code = store_del(t, part, keys[0].key, fault);
    if (code == LEAT_OK) code = store_append(t, part, SLICE("moved"), NULL, fault);
    if (code != LEAT_OK) {
        store_abort(t);
        return code;
    }
    TRY(store_commit(t, fault));
    TRY(store_get(subject->store, keys, 2, &subject->arena, values, fault));
    TRY(store_heads(subject->store, &part, 1, &head, fault));
    TRY(store_trim(subject->store, part, head.next - 2, 10, &more, fault));
    return store_drop(subject->store, 8, 10, &more, fault);
}

static void reset(struct subject *subject) {
    bool more = true;
    while (more) OK(subject, store_drop(subject->store, 7, 100, &more, NULL));
    subject_put(subject, 7, "from", "coin");
}

static void failing_each_call(struct subject *subject) {
    subject_open(subject);
    subject->store = store_failer_new(subject->store);
    reset(subject);
    unsigned long before = store_failer_calls(subject->store);
    OK(subject, scenario(subject));
    unsigned long calls = store_failer_calls(subject->store) - before, moved = 0;
    cr_assert_eq(calls, 10);
    for (unsigned long nth = 1; nth <= calls; nth++) {
        reset(subject);
        store_failer_set(subject->store, nth, LEAT_IO);
        EXPECT(subject, scenario(subject), LEAT_IO);
        cr_assert(strstr(subject->fault.message, "made to fail") != NULL);
        store_failer_set(subject->store, 0, LEAT_OK);
        bool done = subject_head(subject, 7).next == 2;
        SAYS(subject, subject_scan(subject, 7, NULL, NULL, false), done ? "to=coin " : "from=coin ");
        SAYS(subject, subject_log(subject, 7, 0), done ? "1=moved " : "");
        moved += done;
    }
    cr_assert_eq(moved, 4, "only what fails after the commit leaves the change");
}

Test(store_wrap, whichever_call_fails_all_or_nothing_has_happened) {
    for (const struct store_engine *const *engine = store_engines(); *engine != NULL; engine++) {
        struct subject subject;
        subject_init(&subject, *engine);
        failing_each_call(&subject);
        subject_fini(&subject);
    }
}
