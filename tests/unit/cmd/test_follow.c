#include <criterion/criterion.h>

#include "base/slice.h"
#include "cmd/follow.h"

static struct arena arena;
static void begin(void) { arena_init(&arena, 1 << 20); }
static void end(void) { arena_fini(&arena); }

TestSuite(cmd_follow, .init = begin, .fini = end);

static void expect(const char *json, const char *path, const char *text) {
    struct leat_slice found = cmd_member(&arena, slice_text(json), path);
    if (text == NULL) cr_assert_null(found.data, "%s has %s", json, path);
    else cr_assert(found.data != NULL && slice_is(found, text), "%s: %s", path, json);
}

Test(cmd_follow, finds_members_by_path) {
    static const char json[] =
        "{\"a\":{\"x\":[1,{\"b\":5}],\"b\":{\"c\":\"\\u0041B\",\"d\":12.5}},\"b\":{\"c\":7},\"n\":null,\"t\":true}";
    expect(json, "a/b/c", "AB");
    expect(json, "a/b/d", "12.5");
    expect(json, "b/c", "7");
    expect(json, "a/b", NULL);
    expect(json, "a/c", NULL);
    expect(json, "b/c/d", NULL);
    expect(json, "n", NULL);
    expect(json, "t", NULL);
    expect(json, "x", NULL);
}

Test(cmd_follow, broken_answers_have_no_members) {
    static const char *const broken[] = {"", "[]", "5", "{", "{\"a\"", "{\"a\":{\"b\":", "{\"x\":[}", "nothing"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) expect(broken[i], "a/b", NULL);
}

Test(cmd_follow, requests_are_escaped) {
    struct leat_slice request = cmd_request(&arena, (const char *const[][2]){{"A", "x\"y"}, {"B", ""}, {NULL, NULL}});
    cr_assert(slice_is(request, "{\"A\":\"x\\\"y\",\"B\":\"\"}"), "%.*s", SLICE_FORMAT(request));
}
