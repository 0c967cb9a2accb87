/* Names, logs and the watch on directories. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"
#include "function/code.h"
#include "function/log.h"
#include "function/name.h"
#include "function/watch.h"

static char directory[64];
static void init(void) {
    (void)snprintf(directory, sizeof directory, "/tmp/leat-parts-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
}
static void fini(void) { function_code_remove(directory); }

static void expect_name(const char *text, const char *name, const char *qualifier) {
    struct function_name got;
    cr_assert_eq(function_name_parse(slice_text(text), &got, NULL), LEAT_OK, "%s", text);
    cr_assert(slice_is(got.name, name), "%s", text);
    cr_assert_eq(got.qualifier.data == NULL, qualifier == NULL, "%s", text);
    if (qualifier != NULL) cr_assert(slice_is(got.qualifier, qualifier), "%s", text);
}

Test(function_name, every_form_is_understood) {
    expect_name("orders", "orders", NULL);
    expect_name("a-B_9", "a-B_9", NULL);
    expect_name("orders:$LATEST", "orders", "$LATEST");
    expect_name("orders:prod", "orders", "prod");
    expect_name("function:orders", "orders", NULL);
    expect_name("123456789012:function:orders:7", "orders", "7");
    expect_name("arn:aws:lambda:us-east-1:123456789012:function:orders", "orders", NULL);
    expect_name("arn:aws:lambda:us-east-1:123456789012:function:orders:$LATEST", "orders", "$LATEST");
}

Test(function_name, anything_else_is_refused) {
    const char *bad[] = {"", ":", "a:", "a b", "a/b", "../a", "a:b:c", "a:$OTHER", "arn:aws:lambda:us-east-1:123456789012:layer:x",
                         "function:", "\xc3\xa4"};
    struct function_name got;
    char longest[70];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(function_name_parse(slice_text(bad[i]), &got, NULL), LEAT_VALIDATION, "%s", bad[i]);
    cr_assert_eq(function_name_parse((struct leat_slice){NULL, 0}, &got, NULL), LEAT_VALIDATION);
    memset(longest, 'a', sizeof longest);
    cr_assert_eq(function_name_parse(slice_of(longest, 64), &got, NULL), LEAT_OK);
    cr_assert_eq(function_name_parse(slice_of(longest, 65), &got, NULL), LEAT_VALIDATION);
}

TestSuite(function_log, .init = init, .fini = fini);

static struct function_logs *logs;

static void close_log(struct function_log *log) {
    function_log_close(log);
    function_logs_free(logs);
}

static struct function_log *open_log(void) {
    char path[96];
    (void)snprintf(path, sizeof path, "%s/logs", directory);
    (void)mkdir(path, 0755);
    logs = function_logs_new(directory);
    return function_log_open(logs, SLICE("/aws/lambda/f"));
}

Test(function_log, lines_come_back_from_where_one_was) {
    struct function_log *log = open_log();
    struct buf out;
    uint64_t next = 7;
    buf_init(&out, 1 << 20);
    cr_assert_eq(function_log_read(directory, SLICE("/aws/lambda/f"), 7, 4096, &out, &next, NULL), LEAT_OK);
    cr_assert_eq(next, 7, "no file yet");
    function_log_line(log, "1a2b3c4d", "", SLICE("first"));
    function_log_line(log, "1a2b3c4d", "id", SLICE("second"));
    function_log_flush(log);
    cr_assert_eq(function_log_read(directory, SLICE("/aws/lambda/f"), 0, 4096, &out, &next, NULL), LEAT_OK);
    buf_byte(&out, 0);
    cr_assert_not_null(strstr((const char *)out.data, "Z 1a2b3c4d - first\n"));
    cr_assert_not_null(strstr((const char *)out.data, "Z 1a2b3c4d id second\n"));
    cr_assert_eq(next, out.size - 1);
    buf_clear(&out);
    cr_assert_eq(function_log_read(directory, SLICE("/aws/lambda/f"), next, 4096, &out, &next, NULL), LEAT_OK);
    cr_assert_eq(out.size, 0);
    function_log_line(log, "1a2b3c4d", "id", SLICE("third"));
    function_log_flush(log);
    cr_assert_eq(function_log_read(directory, SLICE("/aws/lambda/f"), next, 4096, &out, &next, NULL), LEAT_OK);
    cr_assert_eq(memmem(out.data, out.size, "id third\n", 9), out.data + out.size - 9);
    buf_fini(&out);
    close_log(log);
}

Test(function_log, every_group_has_a_file_of_its_own) {
    static const char *const groups[][2] = {
        {"/aws/lambda/f", "/x/logs/f.log"}, {"/aws/lambda/a/b", "/x/logs/%%2Faws%2Flambda%2Fa%2Fb.log"}, {"f", "/x/logs/%f.log"},
        {"/custom/group", "/x/logs/%%2Fcustom%2Fgroup.log"}, {"/aws/lambda/.x", "/x/logs/%%2Faws%2Flambda%2F.x.log"}};
    char path[FUNCTION_LOG_PATH_SIZE], group[FUNCTION_LOG_GROUP_MAX + 1], longest[FUNCTION_LOG_GROUP_MAX + 2];
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        cr_assert(function_log_path("/x", slice_text(groups[i][0]), path), "%s", groups[i][0]);
        cr_assert_str_eq(path, groups[i][1]);
        cr_assert(function_log_group_of(path + 8, group), "%s", path);
        cr_assert_str_eq(group, groups[i][0]);
    }
    const char *bad[] = {"", "a b", "a%2Fb", "a:b", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) cr_assert_not(function_log_path("/x", slice_text(bad[i]), path), "%s", bad[i]);
    memset(longest, 'a', sizeof longest);
    cr_assert(function_log_path("/x", slice_of(longest, FUNCTION_LOG_GROUP_MAX), path));
    cr_assert_not(function_log_path("/x", slice_of(longest, sizeof longest), path));
    cr_assert_not(function_log_group_of("f.log.1", group));
    cr_assert_not(function_log_group_of(".log", group));
}

Test(function_log, only_whole_lines_are_read) {
    struct function_log *log = open_log();
    struct buf out;
    uint64_t next;
    buf_init(&out, 1 << 20);
    for (int i = 0; i < 3; i++) function_log_line(log, "1a2b3c4d", "", SLICE("some words"));
    close_log(log);
    cr_assert_eq(function_log_read(directory, SLICE("/aws/lambda/f"), 0, 60, &out, &next, NULL), LEAT_OK);
    cr_assert_eq(next, out.size);
    cr_assert(out.size > 0 && out.size < 60 && out.data[out.size - 1] == '\n');
    buf_fini(&out);
}

Test(function_log, a_log_is_bounded_and_begins_anew) {
    struct function_log *log = open_log();
    struct buf out;
    struct stat status, old;
    char path[96], words[1000];
    uint64_t next;
    memset(words, 'w', sizeof words);
    for (int i = 0; i < 25000; i++) function_log_line(log, "1a2b3c4d", "", slice_of(words, sizeof words));
    close_log(log);
    (void)snprintf(path, sizeof path, "%s/logs/f.log", directory);
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_leq(status.st_size, FUNCTION_LOG_BYTES_MAX + (1 << 20));
    (void)snprintf(path, sizeof path, "%s/logs/f.log.1", directory);
    cr_assert_eq(stat(path, &old), 0);
    cr_assert_leq(old.st_size, FUNCTION_LOG_BYTES_MAX + (1 << 20));
    buf_init(&out, 2 << 20);
    cr_assert_eq(function_log_read(directory, SLICE("/aws/lambda/f"), (uint64_t)status.st_size + 1, 1 << 20, &out, &next, NULL), LEAT_OK);
    cr_assert_gt(out.size, 0, "whoever was further than the new file is long begins it");
    buf_fini(&out);
}

TestSuite(function_watch, .init = init, .fini = fini);

static void touch(const char *name) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    (void)fputs("x", file);
    (void)fclose(file);
}

Test(function_watch, changes_are_seen_once_and_at_once) {
    struct function_watch watch;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/inner", directory);
    cr_assert_eq(mkdir(path, 0755), 0);
    touch("there");
    function_watch_init(&watch, directory);
    cr_assert_not(function_watch_changed(&watch));
    const char *names[] = {"there", "new", "inner/deep"};
    for (size_t i = 0; i < 3; i++) {
        touch(names[i]);
        cr_assert(function_watch_changed(&watch), "%s", names[i]);
        cr_assert_not(function_watch_changed(&watch));
    }
    (void)snprintf(path, sizeof path, "%s/there", directory);
    cr_assert_eq(unlink(path), 0);
    cr_assert(function_watch_changed(&watch));
    function_watch_fini(&watch);
    cr_assert_not(function_watch_changed(&watch));
}

Test(function_watch, what_interpreters_and_editors_leave_is_no_change) {
    struct function_watch watch;
    char path[128];
    function_watch_init(&watch, directory);
    (void)snprintf(path, sizeof path, "%s/__pycache__", directory);
    cr_assert_eq(mkdir(path, 0755), 0);
    touch("__pycache__/a.pyc");
    touch("b.pyc");
    touch(".swap");
    touch("index.py~");
    cr_assert_not(function_watch_changed(&watch));
    function_watch_fini(&watch);
}
