/* Archives that come from outside. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "base/slice.h"
#include "function/code.h"

static char directory[64];
static void init(void) {
    (void)snprintf(directory, sizeof directory, "/tmp/leat-code-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
}
static void fini(void) { function_code_remove(directory); }
TestSuite(function_code, .init = init, .fini = fini, .timeout = 60);

struct entry { const char *name, *text; mode_t mode; };

/* A zip archive in memory; free(data). */
static struct leat_slice pack(const struct entry *entries, size_t count) {
    zip_error_t error;
    zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, &error);
    zip_t *zip = zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &error);
    cr_assert_not_null(zip);
    zip_source_keep(source);
    for (size_t i = 0; i < count; i++) {
        zip_source_t *text = zip_source_buffer(zip, entries[i].text, strlen(entries[i].text), 0);
        zip_int64_t index = zip_file_add(zip, entries[i].name, text, ZIP_FL_ENC_UTF_8);
        cr_assert(index >= 0);
        if (entries[i].mode != 0)
            zip_file_set_external_attributes(zip, (zip_uint64_t)index, 0, ZIP_OPSYS_UNIX, (zip_uint32_t)entries[i].mode << 16);
    }
    cr_assert_eq(zip_close(zip), 0);
    cr_assert_eq(zip_source_open(source), 0);
    zip_stat_t stat;
    cr_assert_eq(zip_source_stat(source, &stat), 0);
    uint8_t *data = malloc(stat.size);
    cr_assert_eq(zip_source_read(source, data, stat.size), (zip_int64_t)stat.size);
    zip_source_close(source);
    zip_source_free(source);
    return slice_of(data, stat.size);
}

static enum leat_code unpack_entries(const struct entry *entries, size_t count, struct leat_fault *fault) {
    struct leat_slice zip = pack(entries, count);
    enum leat_code code = function_code_unpack(directory, zip, fault);
    free((void *)(uintptr_t)zip.data);
    return code;
}

static void in_place(char out[160], const char *name) { (void)snprintf(out, 160, "%s/%s", directory, name); }

Test(function_code, files_come_out_with_their_folders_and_exec_bits) {
    struct leat_fault fault = {0};
    struct entry entries[] = {{"bootstrap", "#!/bin/sh\n", S_IFREG | 0755}, {"a/b/c.txt", "deep", S_IFREG | 0400}, {"plain", "", 0}};
    char path[160], text[16] = "";
    struct stat status;
    cr_assert_eq(unpack_entries(entries, 3, &fault), LEAT_OK, "%s", fault.message);
    in_place(path, "bootstrap");
    cr_assert_eq(access(path, X_OK), 0);
    in_place(path, "a/b/c.txt");
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_mode & 0777, 0644);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(fgets(text, sizeof text, file));
    (void)fclose(file);
    cr_assert_str_eq(text, "deep");
    in_place(path, "plain");
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_mode & 0111, 0);
}

Test(function_code, paths_that_lead_out_are_refused) {
    const char *names[] = {"../x", "a/../../x", "/x", "a//x", "./x", "a/./x", "a\\..\\x", ".."};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct leat_fault fault = {0};
        struct entry entry = {names[i], "x", S_IFREG | 0644};
        cr_assert_eq(unpack_entries(&entry, 1, &fault), LEAT_INVALID_PARAMETER_VALUE, "%s", names[i]);
        cr_assert_not_null(strstr(fault.message, "Could not unzip uploaded file."), "%s", fault.message);
    }
}

Test(function_code, links_and_devices_are_refused) {
    mode_t modes[] = {S_IFLNK | 0777, S_IFIFO | 0644, S_IFCHR | 0644, S_IFSOCK | 0644};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct entry entry = {"x", "/etc/passwd", modes[i]};
        char path[160];
        struct stat status;
        cr_assert_eq(unpack_entries(&entry, 1, NULL), LEAT_INVALID_PARAMETER_VALUE);
        in_place(path, "x");
        cr_assert_neq(lstat(path, &status), 0);
    }
}

Test(function_code, a_file_where_a_folder_is_wanted_is_refused) {
    struct entry entries[] = {{"a", "x", 0}, {"a/b", "x", 0}};
    cr_assert_eq(unpack_entries(entries, 2, NULL), LEAT_INVALID_PARAMETER_VALUE);
}

Test(function_code, what_is_no_archive_is_refused) {
    struct leat_fault fault = {0};
    cr_assert_eq(function_code_unpack(directory, SLICE("PK\3\4 and nothing more"), &fault), LEAT_INVALID_PARAMETER_VALUE);
    cr_assert_eq(function_code_unpack(directory, SLICE(""), &fault), LEAT_INVALID_PARAMETER_VALUE);
    struct entry entry = {"x", "some text that is long enough to be damaged", 0};
    struct leat_slice zip = pack(&entry, 1);
    for (size_t cut = 1; cut < zip.size; cut++)
        cr_assert_eq(function_code_unpack(directory, slice_of(zip.data, zip.size - cut), NULL), LEAT_INVALID_PARAMETER_VALUE, "%zu", cut);
    free((void *)(uintptr_t)zip.data);
}

/* 251 MB of one letter, which pack to some 250 KB. */
Test(function_code, an_archive_that_grows_past_the_limit_is_refused) {
    size_t size = 251u << 20;
    char *text = malloc(size + 1);
    cr_assert_not_null(text);
    memset(text, 'x', size);
    text[size] = 0;
    struct leat_fault fault = {0};
    struct entry entry = {"x", text, 0};
    struct leat_slice zip = pack(&entry, 1);
    free(text);
    cr_assert_lt(zip.size, 1u << 20);
    cr_assert_eq(function_code_unpack(directory, zip, &fault), LEAT_INVALID_PARAMETER_VALUE);
    cr_assert_str_eq(fault.message, "Unzipped size must be smaller than 262144000 bytes");
    free((void *)(uintptr_t)zip.data);
}

Test(function_code, a_packed_archive_has_a_limit_of_its_own) {
    struct leat_slice zip = {(const uint8_t *)"", FUNCTION_ZIP_BYTES_MAX + 1};
    cr_assert_eq(function_code_unpack(directory, zip, NULL), LEAT_REQUEST_TOO_LARGE);
}

Test(function_code, directories_in_place_are_absolute_and_there) {
    cr_assert_eq(function_code_check_directory(slice_text(directory), NULL), LEAT_OK);
    cr_assert_eq(function_code_check_directory(SLICE("relative"), NULL), LEAT_INVALID_PARAMETER_VALUE);
    cr_assert_eq(function_code_check_directory(SLICE("/no/such/place"), NULL), LEAT_INVALID_PARAMETER_VALUE);
    cr_assert_eq(function_code_check_directory(SLICE("/etc/passwd"), NULL), LEAT_INVALID_PARAMETER_VALUE);
}
