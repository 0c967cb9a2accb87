#include <criterion/criterion.h>

#include "base/slice.h"
#include "cmd/answer.h"
#include "cmd/follow.h"

static struct arena arena;
static void begin(void) { arena_init(&arena, 1 << 20); }
static void end(void) { arena_fini(&arena); }

TestSuite(cmd_follow, .init = begin, .fini = end);

#define EXPECT(json, text, ...)                                                                  \
    do {                                                                                         \
        struct leat_slice found = CMD_ANSWER(slice_text(json), &arena, __VA_ARGS__);             \
        cr_assert((text) == NULL ? found.data == NULL : slice_is(found, text), "%.*s", SLICE_FORMAT(found)); \
    } while (0)

Test(cmd_follow, finds_members_by_path) {
    static const char json[] =
        "{\"a\":{\"x\":[1,{\"b\":5}],\"b\":{\"c\":\"\\u0041B\",\"d\":12.5}},\"b\":{\"c\":7},\"n\":null,\"t\":true}";
    EXPECT(json, "AB", "a", "b", "c");
    EXPECT(json, "12.5", "a", "b", "d");
    EXPECT(json, "7", "b", "c");
    EXPECT(json, "{\"c\":7}", "b");
    EXPECT(json, NULL, "a", "c");
    EXPECT(json, NULL, "b", "c", "d");
    EXPECT(json, NULL, "n");
    EXPECT(json, NULL, "x");
}

Test(cmd_follow, broken_answers_have_no_members) {
    static const char *const broken[] = {"", "[]", "5", "{", "{\"a\"", "{\"a\":{\"b\":", "{\"x\":[}", "nothing"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) EXPECT(broken[i], NULL, "a", "b");
}

Test(cmd_follow, requests_are_escaped) {
    struct leat_slice request = cmd_request(&arena, (const char *const[][2]){{"A", "x\"y"}, {"B", ""}, {NULL, NULL}});
    cr_assert(slice_is(request, "{\"A\":\"x\\\"y\",\"B\":\"\"}"), "%.*s", SLICE_FORMAT(request));
}
