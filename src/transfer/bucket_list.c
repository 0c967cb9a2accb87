/* The objects of a bucket: its files, all folders through. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"
#include "transfer/bucket.h"

struct listing {
    struct arena *arena;
    struct leat_slice prefix;
    struct bucket_list *out;
    size_t capacity;
    struct leat_fault *fault;
    char key[BUCKET_KEY_SIZE]; /* of the folder being read, with a slash behind it */
};

static int by_key(const void *a, const void *b) {
    return slice_compare(((const struct bucket_object *)a)->key, ((const struct bucket_object *)b)->key);
}

static enum leat_code add(struct listing *listing, struct leat_slice key, uint64_t size) {
    struct bucket_list *out = listing->out;
    if (out->count == BUCKET_OBJECTS_MAX)
        return fault_set(listing->fault, LEAT_LIMIT_EXCEEDED, "More than %d objects have this prefix", BUCKET_OBJECTS_MAX);
    if (out->count == listing->capacity) {
        size_t capacity = listing->capacity == 0 ? 64 : 2 * listing->capacity;
        struct bucket_object *objects = ARENA_ARRAY(listing->arena, struct bucket_object, capacity);
        if (objects == NULL) return fault_memory(listing->fault);
        if (out->count > 0) memcpy(objects, out->objects, out->count * sizeof *objects);
        out->objects = objects;
        listing->capacity = capacity;
    }
    struct leat_slice copy = arena_copy(listing->arena, key);
    if (copy.data == NULL) return fault_memory(listing->fault);
    out->objects[out->count++] = (struct bucket_object){copy, size};
    return LEAT_OK;
}

/* Can something below a folder, whose key ends with a slash, begin with the prefix? */
static bool worth_entering(struct leat_slice folder, struct leat_slice prefix) {
    return folder.size < prefix.size ? slice_starts(prefix, folder) : slice_starts(folder, prefix);
}

static enum leat_code list_folder(struct listing *listing, int fd, size_t key_size, unsigned depth);

static enum leat_code list_entry(struct listing *listing, int fd, const char *name, size_t key_size, unsigned depth) {
    struct stat about;
    size_t size = strlen(name);
    if (key_size + size + 1 >= sizeof listing->key) return LEAT_OK; /* longer than a key can be */
    memcpy(listing->key + key_size, name, size);
    struct leat_slice key = slice_of(listing->key, key_size + size);
    if (!bucket_key_good(key) || fstatat(fd, name, &about, AT_SYMLINK_NOFOLLOW) != 0) return LEAT_OK;
    if (S_ISREG(about.st_mode)) return slice_starts(key, listing->prefix) ? add(listing, key, (uint64_t)about.st_size) : LEAT_OK;
    if (!S_ISDIR(about.st_mode) || depth == BUCKET_DEPTH_MAX) return LEAT_OK;
    listing->key[key_size + size] = '/';
    if (!worth_entering(slice_of(listing->key, key_size + size + 1), listing->prefix)) return LEAT_OK;
    int inner = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0 && errno == ENOENT) return LEAT_OK; /* gone meanwhile */
    if (inner < 0) return fault_errno(listing->fault, errno, "listing a bucket");
    return list_folder(listing, inner, key_size + size + 1, depth + 1);
}

/* Closes fd. */
static enum leat_code list_folder(struct listing *listing, int fd, size_t key_size, unsigned depth) {
    DIR *folder = fdopendir(fd);
    enum leat_code code = LEAT_OK;
    if (folder == NULL) {
        code = fault_errno(listing->fault, errno, "listing a bucket");
        (void)close(fd);
        return code;
    }
    for (struct dirent *entry; code == LEAT_OK && (entry = readdir(folder)) != NULL;)
        code = list_entry(listing, fd, entry->d_name, key_size, depth);
    (void)closedir(folder);
    return code;
}

enum leat_code bucket_list(struct bucket *bucket, struct leat_slice prefix, struct arena *arena, struct bucket_list *out,
                           struct leat_fault *fault) {
    struct listing listing = {.arena = arena, .prefix = prefix, .out = out, .fault = fault};
    *out = (struct bucket_list){0};
    int fd = openat(bucket->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* one with a place of its own */
    if (fd < 0) return fault_errno(fault, errno, "listing a bucket");
    TRY(list_folder(&listing, fd, 0, 0));
    if (out->count > 1) qsort(out->objects, out->count, sizeof *out->objects, by_key);
    return LEAT_OK;
}
