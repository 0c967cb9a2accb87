/* leat import: reads files of items here and writes them into a table of the server, 25 at a time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/slice.h"
#include "cmd/answer.h"
#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "cmd/remote.h"
#include "item/item_json.h"
#include "transfer/reader.h"

enum {
    BATCH_ITEMS = 25, /* API Reference, BatchWriteItem */
    BATCH_BYTES = 4 << 20,
    REQUEST_BYTES_MAX = 64 << 20,
    ANSWER_BYTES_MAX = 32 << 20,
    ATTRIBUTES_MAX = 50,
    RETRY_MS = 50,
    COMPLAINTS_MAX = 10
};
#define TARGET "DynamoDB_20120810."

static const struct cmd_option options[] = {
    {"format", 'f', "FORMAT", "json, ion or csv (by the file's name, else json)"},
    {"delimiter", 0, "CHAR", "CSV: what is between columns (a comma)"},
    CMD_REMOTE_OPTION,
    {NULL, 0, NULL, NULL},
};

struct run {
    const struct cmd_call *cmd;
    const char *table;
    struct net_client *client;
    struct arena arena;
    struct leat_attribute attributes[ATTRIBUTES_MAX];
    size_t attribute_count;
    struct buf batch, request, answer; /* batch: {"PutRequest":...} with commas between */
    size_t starts[BATCH_ITEMS + 1], count;
    struct cmd_progress progress;
    uint64_t written, wrong;         /* items */
    uint64_t before, done, total; /* bytes of earlier files, of what was read, of all files */
    struct leat_fault fault;
};

/* ---- the table ---- */

/* What types its key attributes have: CSV does not say. */
static void take_attributes(struct run *run, struct leat_slice definitions) {
    struct json_reader json;
    json_reader_init(&json, definitions, &run->arena);
    (void)json_next(&json);
    while (json_next(&json) == JSON_OBJECT && run->attribute_count < ATTRIBUTES_MAX) {
        struct leat_slice one = json_raw(&json);
        struct leat_slice name = CMD_ANSWER(one, &run->arena, "AttributeName"), type = CMD_ANSWER(one, &run->arena, "AttributeType");
        if (name.size > 0 && type.size > 0)
            run->attributes[run->attribute_count++] = (struct leat_attribute){arena_copy(&run->arena, name), (char)type.data[0]};
    }
}

static enum leat_code describe(struct run *run) {
    struct json_writer json;
    json_writer_init(&json, &run->request);
    json_object(&json);
    json_key(&json, "TableName");
    json_text(&json, run->table);
    json_object_end(&json);
    TRY(cmd_remote_call(run->client, TARGET "DescribeTable", buf_view(&run->request), &run->answer, &run->fault));
    struct leat_slice text = arena_copy(&run->arena, buf_view(&run->answer));
    take_attributes(run, CMD_ANSWER(text, &run->arena, "Table", "AttributeDefinitions"));
    return LEAT_OK;
}

/* ---- writing ---- */

static void complain(struct run *run, const char *where, uint64_t number, const char *words) {
    if (++run->wrong <= COMPLAINTS_MAX) (void)fprintf(stderr, "leat: %s, item %llu: %s\n", where, (unsigned long long)number, words);
    if (run->wrong == COMPLAINTS_MAX) (void)fprintf(stderr, "leat: further ones are only counted\n");
}

static void put_text(struct buf *out, const char *text) { buf_append(out, text, strlen(text)); }

/* Sends requests, and what the server left of them, until nothing is left. */
static enum leat_code send_batch(struct run *run, struct leat_slice requests) {
    struct json_writer json;
    buf_clear(&run->request);
    json_writer_init(&json, &run->request);
    put_text(&run->request, "{\"RequestItems\":{");
    json_string(&json, slice_text(run->table));
    put_text(&run->request, ":[");
    buf_slice(&run->request, requests);
    put_text(&run->request, "]}}");
    for (;;) {
        if (!buf_ok(&run->request)) return fault_memory(&run->fault);
        TRY(cmd_remote_call(run->client, TARGET "BatchWriteItem", buf_view(&run->request), &run->answer, &run->fault));
        struct arena arena;
        arena_init(&arena, ANSWER_BYTES_MAX);
        struct leat_slice left = CMD_ANSWER(buf_view(&run->answer), &arena, "UnprocessedItems");
        bool done = left.data == NULL || slice_is(left, "{}");
        buf_clear(&run->request);
        put_text(&run->request, "{\"RequestItems\":");
        buf_slice(&run->request, left);
        put_text(&run->request, "}");
        arena_fini(&arena);
        if (done) return LEAT_OK;
        (void)nanosleep(&(struct timespec){.tv_nsec = RETRY_MS * 1000000L}, NULL);
    }
}

/* A batch is refused for one bad item, or for two of one key: then each goes alone. */
static enum leat_code flush(struct run *run, const char *where, uint64_t behind) {
    size_t count = run->count;
    run->count = 0;
    if (count == 0) return LEAT_OK;
    if (!buf_ok(&run->batch)) return fault_memory(&run->fault);
    enum leat_code code = send_batch(run, slice_of(run->batch.data + 1, run->batch.size - 1));
    if (code == LEAT_OK) run->written += count;
    for (size_t i = 0; code == LEAT_VALIDATION && i < count; i++) {
        size_t start = run->starts[i] + 1; /* behind the comma */
        enum leat_code one = send_batch(run, slice_of(run->batch.data + start, run->starts[i + 1] - start));
        if (one == LEAT_OK) run->written++;
        else if (one == LEAT_VALIDATION) complain(run, where, behind - count + i, run->fault.message);
        else code = one;
    }
    buf_clear(&run->batch);
    return code == LEAT_VALIDATION ? LEAT_OK : code;
}

static enum leat_code add(struct run *run, struct leat_slice item, const char *where, uint64_t number) {
    struct json_writer json;
    run->starts[run->count] = run->batch.size;
    put_text(&run->batch, ",{\"PutRequest\":{\"Item\":");
    json_writer_init(&json, &run->batch);
    item_to_json(&json, item);
    put_text(&run->batch, "}}");
    run->starts[++run->count] = run->batch.size;
    return run->count == BATCH_ITEMS || run->batch.size >= BATCH_BYTES ? flush(run, where, number + 1) : LEAT_OK;
}

/* ---- files ---- */

static bool ends(const char *path, const char *end) {
    size_t size = strlen(path), end_size = strlen(end);
    return size >= end_size && strcmp(path + size - end_size, end) == 0;
}

static bool options_of(const struct run *run, const char *path, struct reader_options *out) {
    static const struct { const char *name, *ends; enum transfer_format format; } formats[] = {
        {"json", ".json", TRANSFER_DYNAMODB_JSON}, {"ion", ".ion", TRANSFER_ION}, {"csv", ".csv", TRANSFER_CSV}};
    const char *asked = cmd_value(run->cmd, "format"), *delimiter = cmd_value(run->cmd, "delimiter");
    char bare[4096];
    *out = (struct reader_options){.attributes = run->attributes, .attribute_count = run->attribute_count};
    if (ends(path, ".gz")) out->compression = INFLOW_GZIP;
    if (ends(path, ".zst") || ends(path, ".zstd")) out->compression = INFLOW_ZSTD;
    (void)snprintf(bare, sizeof bare, "%s", path);
    if (out->compression != INFLOW_NONE) *strrchr(bare, '.') = 0;
    if (delimiter != NULL) out->delimiter = (uint8_t)delimiter[0];
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (asked != NULL ? strcmp(asked, formats[i].name) == 0 : ends(bare, formats[i].ends)) out->format = formats[i].format;
    if (out->format == 0 && asked == NULL) out->format = TRANSFER_DYNAMODB_JSON;
    return out->format != 0;
}

/* place: a descriptor that shares the reader's place in the file. */
static enum leat_code read_items(struct run *run, struct reader *reader, const char *path, int place) {
    for (uint64_t number = 0;; number++) {
        struct leat_slice item;
        enum reader_result result = reader_next(reader, &item, &run->fault);
        if (result == READER_END) return flush(run, path, number);
        if (result == READER_FAILED) return LEAT_IO;
        if (result == READER_ITEM) {
            TRY(add(run, item, path, number));
        } else {
            TRY(flush(run, path, number));
            complain(run, path, number, run->fault.message);
        }
        off_t at = lseek(place, 0, SEEK_CUR);
        run->done = run->before + (at > 0 ? (uint64_t)at : 0);
        cmd_progress_count(&run->progress, run->written, run->done);
        cmd_progress_show(&run->progress, run->done, run->total);
    }
}

static enum leat_code read_file(struct run *run, const char *path) {
    struct reader_options reading;
    struct reader *reader = NULL;
    struct stat about;
    if (!options_of(run, path, &reading)) return fault_set(&run->fault, LEAT_VALIDATION, "--format is json, ion or csv");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0) return fault_errno(&run->fault, errno, path);
    int place = dup(fd);
    enum leat_code code = reader_new(fd, &reading, &reader, &run->fault);
    if (code == LEAT_OK) code = read_items(run, reader, path, place);
    reader_free(reader);
    if (place >= 0) (void)close(place);
    run->before += (uint64_t)about.st_size;
    return code;
}

static enum leat_code read_files(struct run *run) {
    struct stat about;
    for (size_t i = 1; i < run->cmd->argument_count; i++)
        if (stat(run->cmd->arguments[i], &about) == 0) run->total += (uint64_t)about.st_size;
    for (size_t i = 1; i < run->cmd->argument_count; i++) TRY(read_file(run, run->cmd->arguments[i]));
    return LEAT_OK;
}

static int import(struct run *run) {
    char what[300];
    (void)snprintf(what, sizeof what, "importing into %s", run->table);
    enum leat_code code = cmd_remote_new(cmd_value(run->cmd, "endpoint"), "dynamodb", &run->client, &run->fault);
    if (code == LEAT_OK) code = describe(run);
    if (code != LEAT_OK) return cmd_fail("%s", run->fault.message);
    cmd_progress_begin(&run->progress, what);
    code = read_files(run);
    cmd_progress_count(&run->progress, run->written, run->before);
    cmd_progress_end(&run->progress, code == LEAT_OK);
    if (code != LEAT_OK) return cmd_fail("%s", run->fault.message);
    return run->wrong == 0 ? EXIT_SUCCESS : cmd_fail("%llu items were not imported", (unsigned long long)run->wrong);
}

static int run(const struct cmd_call *cmd) {
    struct run state = {.cmd = cmd, .table = cmd->arguments[0]};
    arena_init(&state.arena, ANSWER_BYTES_MAX);
    buf_init(&state.batch, REQUEST_BYTES_MAX);
    buf_init(&state.request, REQUEST_BYTES_MAX);
    buf_init(&state.answer, ANSWER_BYTES_MAX);
    int status = import(&state);
    net_client_free(state.client);
    buf_fini(&state.batch);
    buf_fini(&state.request);
    buf_fini(&state.answer);
    arena_fini(&state.arena);
    return status;
}

const struct cmd cmd_import = {
    .name = "import",
    .arguments = "TABLE FILE...",
    .summary = "Writes the items of files into a table: DynamoDB JSON, Ion or CSV.",
    .details = "Each line is an item as an export writes it; .gz and .zst are unpacked. The table must be there; files in a bucket of the\n"
               "server make a table of their own with the operation ImportTable.\n" CMD_REMOTE_DETAILS,
    .options = options,
    .arguments_min = 2,
    .arguments_max = CMD_ARGUMENTS_MAX,
    .run = run,
};
