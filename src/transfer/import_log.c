/* The log of an import's errors. AWS writes it to the stream "<import>/error" of the log group /aws-dynamodb/imports; here it is the file
 * DIR/logs/imports/<import>.log. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/slice.h"
#include "transfer/import.h"

enum { LINES_MAX = 10000 /* of a run; further errors are only counted */, LINE_BYTES_MAX = 8192 };

static bool log_path(const struct import_run *run, char out[PATH_MAX]) {
    const char *directory = run->service->directory;
    static const char *const folders[] = {"logs", "logs/imports"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (snprintf(out, PATH_MAX, "%s/%s", directory, folders[i]) >= PATH_MAX) return false;
        if (mkdir(out, 0777) != 0 && errno != EEXIST) return false;
    }
    return snprintf(out, PATH_MAX, "%s/logs/imports/%.*s.log", directory, SLICE_FORMAT(run->record.id)) < PATH_MAX;
}

static bool ensure(struct import_run *run) {
    char path[PATH_MAX];
    if (run->log >= 0) return true;
    if (log_path(run, path)) run->log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (run->log >= 0 && ftruncate(run->log, run->record.log_bytes) == 0) return true;
    log_warning("import %.*s: its errors cannot be logged", SLICE_FORMAT(run->record.id));
    import_log_close(run);
    run->logged = LINES_MAX; /* said once */
    return false;
}

void import_log_open(struct import_run *run) {
    if (run->record.log_bytes > 0) (void)ensure(run);
}

void import_log_close(struct import_run *run) {
    if (run->log >= 0) (void)close(run->log);
    run->log = -1;
}

enum leat_code import_log_sync(struct import_run *run) {
    struct stat about;
    if (run->log < 0) return LEAT_OK;
    if (fsync(run->log) != 0 || fstat(run->log, &about) != 0) return fault_errno(&run->fault, errno, "writing the log of an import");
    run->record.log_bytes = about.st_size;
    return LEAT_OK;
}

static void member(struct json_writer *json, const char *name, struct leat_slice text) {
    json_key(json, name);
    json_string(json, text);
}

static void write_line(const struct import_run *run, uint64_t index, const char *words, struct buf *out) {
    struct json_writer json;
    json_writer_init(&json, out);
    json_object(&json);
    json_key(&json, "itemS3Pointer");
    json_object(&json);
    member(&json, "bucket", run->record.bucket);
    member(&json, "key", run->record.object);
    json_key(&json, "itemIndex");
    json_int(&json, (int64_t)index);
    json_object_end(&json);
    member(&json, "importArn", run->record.arn);
    json_key(&json, "errorMessages");
    json_array(&json);
    json_text(&json, words);
    json_array_end(&json);
    json_object_end(&json);
    buf_byte(out, '\n');
}

void import_refuse(struct import_run *run, uint64_t index, const char *words) {
    struct buf line;
    run->record.error_count++;
    if (run->logged >= LINES_MAX || !ensure(run)) return;
    buf_init(&line, LINE_BYTES_MAX);
    write_line(run, index, words, &line);
    if (buf_ok(&line) && write(run->log, line.data, line.size) == (ssize_t)line.size) run->logged++;
    buf_fini(&line);
}
