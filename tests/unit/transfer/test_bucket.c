#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"
#include "transfer/bucket.h"
#include "transfer/outflow.h"

static char directory[64];
static struct bucket bucket;
static struct leat_fault fault;

static void make(const char *path, const char *text) {
    char whole[256];
    (void)snprintf(whole, sizeof whole, "mkdir -p $(dirname %s/%s) && printf '%s' > %s/%s", directory, path, text, directory, path);
    cr_assert_eq(system(whole), 0);
}

static void init(void) {
    (void)snprintf(directory, sizeof directory, "/tmp/leat-bucket-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    make("buckets/one/first", "1");
    cr_assert_eq(bucket_open(directory, SLICE("one"), &bucket, &fault), LEAT_OK);
}

static void fini(void) {
    char command[128];
    bucket_close(&bucket);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", directory);
    cr_assert_eq(system(command), 0);
}

TestSuite(bucket, .init = init, .fini = fini, .timeout = 60);

/* The keys under a prefix, with commas between them. */
static const char *list(const char *prefix) {
    static char text[1024];
    struct arena arena;
    struct bucket_list found;
    arena_init(&arena, 1 << 20);
    cr_assert_eq(bucket_list(&bucket, slice_text(prefix), &arena, &found, &fault), LEAT_OK);
    text[0] = 0;
    for (size_t i = 0; i < found.count; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.*s", i > 0 ? "," : "", SLICE_FORMAT(found.objects[i].key));
    arena_fini(&arena);
    return text;
}

static enum leat_code open_named(const char *name) {
    struct bucket other;
    enum leat_code code = bucket_open(directory, slice_text(name), &other, &fault);
    bucket_close(&other);
    return code;
}

Test(bucket, one_that_is_not_there_is_s3s_no_such_bucket) {
    cr_assert_eq(open_named("two"), LEAT_RESOURCE_NOT_FOUND);
    cr_assert(slice_starts(slice_text(fault.message), SLICE("The specified bucket does not exist (Service: Amazon S3; Status Code: 404; "
                                                            "Error Code: NoSuchBucket; Request ID: ")));
    cr_assert_eq(open_named("../buckets/one"), LEAT_RESOURCE_NOT_FOUND);
    cr_assert_eq(open_named(".."), LEAT_RESOURCE_NOT_FOUND);
    cr_assert_eq(open_named(""), LEAT_RESOURCE_NOT_FOUND);
}

Test(bucket, keys_are_plain_relative_paths) {
    char long_key[BUCKET_KEY_SIZE + 1];
    for (size_t i = 0; i < sizeof long_key; i++) long_key[i] = i % 10 == 9 ? '/' : 'k';
    cr_assert(bucket_key_good(SLICE("a/b.c/..d/ e")));
    cr_assert(bucket_key_good(slice_of(long_key, BUCKET_KEY_SIZE - 2)));
    cr_assert_not(bucket_key_good(slice_of(long_key, BUCKET_KEY_SIZE)));
    const char *const bad[] = {"", "/a", "a/", "a//b", "..", "a/../b", "./a", "a/.", ".leat-parts/x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) cr_assert_not(bucket_key_good(slice_text(bad[i])), "%s", bad[i]);
    cr_assert_not(bucket_key_good(slice_of("a\0b", 3)));
}

Test(bucket, lists_by_prefix_in_the_order_of_bytes) {
    make("buckets/one/data/1.json", "");
    make("buckets/one/data2/x", "");
    make("buckets/one/data.bak", "");
    make("buckets/one/z/y/x", "");
    cr_assert_str_eq(list(""), "data.bak,data/1.json,data2/x,first,z/y/x");
    cr_assert_str_eq(list("data"), "data.bak,data/1.json,data2/x");
    cr_assert_str_eq(list("data/"), "data/1.json");
    cr_assert_str_eq(list("data/1.json"), "data/1.json");
    cr_assert_str_eq(list("z/y"), "z/y/x");
    cr_assert_str_eq(list("none"), "");
}

Test(bucket, follows_no_links_below_it) {
    char command[256];
    int fd;
    (void)snprintf(command, sizeof command, "cd %s/buckets/one && ln -s /etc/passwd link && ln -s /etc folder", directory);
    cr_assert_eq(system(command), 0);
    cr_assert_str_eq(list(""), "first");
    cr_assert_eq(bucket_get(&bucket, SLICE("link"), &fd, &fault), LEAT_RESOURCE_NOT_FOUND);
    cr_assert_eq(bucket_get(&bucket, SLICE("folder/passwd"), &fd, &fault), LEAT_RESOURCE_NOT_FOUND);
    cr_assert_eq(bucket_get(&bucket, SLICE("../../lock"), &fd, &fault), LEAT_VALIDATION);
}

Test(bucket, an_object_appears_whole_or_not_at_all) {
    struct bucket_put put;
    cr_assert_eq(bucket_put_begin(&bucket, SLICE("new/folder/object"), &put, &fault), LEAT_OK);
    cr_assert_eq(bucket_put_write(&put, SLICE("half"), &fault), LEAT_OK);
    cr_assert_str_eq(list(""), "first");
    cr_assert_eq(bucket_put_commit(&put, &fault), LEAT_OK);
    cr_assert_str_eq(list(""), "first,new/folder/object");

    cr_assert_eq(bucket_put_begin(&bucket, SLICE("first"), &put, &fault), LEAT_OK);
    bucket_put_abort(&put);
    cr_assert_eq(bucket_put_begin(&bucket, SLICE("killed"), &put, &fault), LEAT_OK);
    (void)close(put.fd);
    bucket_sweep(directory);
    char parts[128];
    (void)snprintf(parts, sizeof parts, "%s/buckets/one/.leat-parts", directory);
    cr_assert_neq(access(parts, F_OK), 0, "what was killed is swept away");
    cr_assert_str_eq(list(""), "first,new/folder/object");
}

Test(bucket, refuses_what_the_disk_refuses) {
    struct bucket_put put;
    if (geteuid() == 0) cr_skip("root may write everywhere");
    char path[128];
    (void)snprintf(path, sizeof path, "%s/buckets/one", directory);
    cr_assert_eq(chmod(path, 0500), 0);
    cr_assert_eq(bucket_put_begin(&bucket, SLICE("x"), &put, &fault), LEAT_ACCESS_DENIED);
    cr_assert_eq(chmod(path, 0700), 0);
}

Test(bucket, sums_are_those_of_the_manifest) {
    struct outflow_sums sums;
    cr_assert_eq(outflow_put(&bucket, SLICE("sum"), SLICE("hello"), &sums, &fault), LEAT_OK);
    cr_assert_str_eq(sums.md5, "XUFAKrxLKna5cZ2REBfFkg==");
    cr_assert_str_eq(sums.etag, "62109206880d38a4010a98e11243924a-1"); /* md5 of the md5's bytes */
}
