#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/directory.h"

static char root[64], path[128];
static struct store_directory directory;
static struct leat_fault fault;

static void make_root(void) {
    snprintf(root, sizeof root, "/tmp/leat-directory-XXXXXX");
    cr_assert_not_null(mkdtemp(root));
    snprintf(path, sizeof path, "%s/data", root);
    directory.lock_fd = -1;
}

static void file_in(const char *name, const char *text) {
    char full[256];
    snprintf(full, sizeof full, "%s/%s", path, name);
    FILE *file = fopen(full, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static const char *text_of(const char *name) {
    static char text[128];
    char full[256];
    snprintf(full, sizeof full, "%s/%s", path, name);
    FILE *file = fopen(full, "r");
    if (file == NULL) return NULL;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

static void remove_root(void) {
    static const char *const names[] = {"lock", "format", "format.new", "other"};
    store_directory_close(&directory);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char full[256];
        snprintf(full, sizeof full, "%s/%s", path, names[i]);
        unlink(full);
    }
    rmdir(path);
    rmdir(root);
}

TestSuite(store_directory, .init = make_root, .fini = remove_root);

#define REFUSED(code, words)                                                                  \
    do {                                                                                      \
        cr_assert_eq(store_directory_open(path, &directory, &fault), code);                   \
        cr_assert(strstr(fault.message, words) != NULL, "%s", fault.message);                 \
        cr_assert(strstr(fault.message, path) != NULL, "names the path: %s", fault.message);  \
        cr_assert_eq(directory.lock_fd, -1);                                                  \
    } while (0)

Test(store_directory, a_missing_one_is_made_and_marked) {
    cr_assert_eq(store_directory_open(path, &directory, &fault), LEAT_OK, "%s", fault.message);
    cr_assert_str_eq(text_of("format"), "leat 2\n");
    cr_assert_eq(atol(text_of("lock")), getpid());
    store_directory_close(&directory);
    cr_assert_eq(store_directory_open(path, &directory, &fault), LEAT_OK, "again: %s", fault.message);
}

Test(store_directory, an_empty_one_and_one_left_half_made_are_taken) {
    mkdir(path, 0700);
    file_in("lock", "");
    file_in("format.new", "le");
    cr_assert_eq(store_directory_open(path, &directory, &fault), LEAT_OK, "%s", fault.message);
    cr_assert_str_eq(text_of("format"), "leat 2\n");
}

Test(store_directory, is_held_by_one_at_a_time_and_says_by_whom) {
    int ready[2], done[2];
    char byte;
    cr_assert(pipe(ready) == 0 && pipe(done) == 0);
    pid_t child = fork();
    if (child == 0) {
        bool good = store_directory_open(path, &directory, NULL) == LEAT_OK && write(ready[1], "", 1) == 1;
        _exit(good && read(done[0], &byte, 1) == 1 ? 0 : 1);
    }
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    char words[64];
    snprintf(words, sizeof words, "is in use by process %d", (int)child);
    REFUSED(LEAT_STORE_LOCKED, words);
    cr_assert_eq(write(done[1], "", 1), 1);
    waitpid(child, NULL, 0);
    cr_assert_eq(store_directory_open(path, &directory, &fault), LEAT_OK, "free after its death: %s", fault.message);
    struct store_directory second;
    cr_assert_eq(store_directory_open(path, &second, &fault), LEAT_STORE_LOCKED, "also against this process");
}

/* Killed between the fork and the execution of a process that it started: that one has the lock for some milliseconds more. */
Test(store_directory, a_dead_holders_child_is_waited_for) {
    int ready[2];
    char byte;
    cr_assert(pipe(ready) == 0);
    pid_t holder = fork();
    if (holder == 0) {
        if (store_directory_open(path, &directory, NULL) != LEAT_OK) _exit(1);
        if (fork() == 0) {
            (void)usleep(200 * 1000);
            _exit(0);
        }
        _exit(write(ready[1], "", 1) == 1 ? 0 : 1);
    }
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    waitpid(holder, NULL, 0);
    cr_assert_eq(store_directory_open(path, &directory, &fault), LEAT_OK, "%s", fault.message);
}

Test(store_directory, an_older_format_becomes_the_newest) {
    cr_assert_eq(mkdir(path, 0700), 0);
    file_in("format", "leat 1\n");
    cr_assert_eq(store_directory_open(path, &directory, &fault), LEAT_OK, "%s", fault.message);
    store_directory_close(&directory);
    cr_assert_str_eq(text_of("format"), "leat 2\n");
}

Test(store_directory, a_newer_format_is_refused) {
    mkdir(path, 0700);
    file_in("format", "leat 7\n");
    REFUSED(LEAT_STORE_FORMAT, "has format 7, this leat knows up to 2");
    cr_assert_str_eq(text_of("format"), "leat 7\n");
}

Test(store_directory, a_format_file_that_is_not_leats_is_refused) {
    static const char *const texts[] = {"", "leat", "leat 0\n", "leat -1\n", "leat 1", "leat 1 \n", "milk 1\n", "leat 1x\n"};
    mkdir(path, 0700);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        file_in("format", texts[i]);
        REFUSED(LEAT_STORE_FORMAT, "is not a format file of leat");
    }
}

Test(store_directory, somebody_elses_directory_is_refused_and_left_alone) {
    mkdir(path, 0700);
    file_in("other", "precious");
    REFUSED(LEAT_STORE_FORMAT, "not empty and not a data directory of leat");
    cr_assert(text_of("lock") == NULL && text_of("format") == NULL);
    cr_assert_str_eq(text_of("other"), "precious");
}

Test(store_directory, a_parent_that_is_missing_and_a_file_in_the_place_are_errors) {
    snprintf(path, sizeof path, "%s/missing/data", root);
    REFUSED(LEAT_IO, "No such file");
    snprintf(path, sizeof path, "%s/file", root);
    FILE *file = fopen(path, "w");
    fclose(file);
    REFUSED(LEAT_IO, "Not a directory");
    unlink(path);
}
