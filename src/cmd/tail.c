/* leat tail: prints a table's stream as it grows, through the Streams API like any other reader: it follows the lineage of
 * shards, parents before children, and never asks a shard that is read to its end again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/slice.h"
#include "cmd/cmd.h"
#include "cmd/remote.h"
#include "leat_types.h"

enum {
    ANSWER_BYTES_MAX = 64 * 1024 * 1024,
    ARENA_BYTES_MAX = 64 * 1024 * 1024,
    ARN_SIZE = 1025,
    REQUEST_BYTES_MAX = 8192,
    PAUSE_MS = 200,       /* after a round in which nothing came */
    LOOK_EVERY_ROUNDS = 300 /* for shards that nobody announced: about a minute when idle */
};

enum follow { FOLLOW_WAITS, FOLLOW_READS, FOLLOW_ENDED };

struct shard {
    struct shard *next;
    enum follow state;
    bool closed; /* when it was listed first */
    char id[LEAT_SHARD_ID_SIZE], parent[LEAT_SHARD_ID_SIZE];
    char iterator[LEAT_ITERATOR_SIZE];
};

struct tail {
    struct net_client *client;
    struct buf answer, request;
    struct arena arena; /* of the answer that is being read */
    char stream[ARN_SIZE];
    struct shard *shards; /* in the order of their listing: parents first */
    bool from_start, disabled;
    unsigned long printed;
};

/* ------------------------------------------------------------------ requests */

static void member(struct json_writer *json, const char *name, const char *text) {
    json_key(json, name);
    json_text(json, text);
}

static struct json_writer request_begin(struct tail *tail) {
    struct json_writer json;
    buf_clear(&tail->request);
    json_writer_init(&json, &tail->request);
    json_object(&json);
    return json;
}

/* The reader stands at the answer's first member. */
static enum leat_code call(struct tail *tail, struct json_writer *request, const char *target, struct json_reader *reader,
                           struct leat_fault *fault) {
    json_object_end(request);
    TRY(cmd_remote_call(tail->client, target, buf_view(&tail->request), &tail->answer, fault));
    arena_fini(&tail->arena);
    arena_init(&tail->arena, ARENA_BYTES_MAX);
    json_reader_init(reader, buf_view(&tail->answer), &tail->arena);
    return json_next(reader) == JSON_OBJECT ? LEAT_OK : fault_set(fault, LEAT_INTERNAL, "the server's answer is not JSON");
}

static void copy_text(struct leat_slice from, char *to, size_t size) {
    size_t length = from.size < size ? from.size : size - 1;
    memcpy(to, from.data, length);
    to[length] = 0;
}

/* Goes to the member of the object whose begin was just read: the reader stands at its value. false: there is none, and the
 * reader is behind the object. */
static bool find_member(struct json_reader *reader, const char *name) {
    while (json_next(reader) == JSON_KEY) {
        bool found = slice_is(reader->text, name);
        (void)json_next(reader);
        if (found) return true;
        if (!json_skip(reader)) return false;
    }
    return false;
}

static void read_text(struct json_reader *reader, char *to, size_t size) {
    if (reader->token == JSON_STRING) copy_text(reader->text, to, size);
    else (void)json_skip(reader);
}

static enum leat_code find_stream(struct tail *tail, const char *table, struct leat_fault *fault) {
    struct json_reader reader;
    struct json_writer json = request_begin(tail);
    member(&json, "TableName", table);
    TRY(call(tail, &json, "DynamoDB_20120810.DescribeTable", &reader, fault));
    if (find_member(&reader, "Table") && reader.token == JSON_OBJECT && find_member(&reader, "LatestStreamArn")) {
        read_text(&reader, tail->stream, sizeof tail->stream);
    }
    return tail->stream[0] != 0 ? LEAT_OK : fault_set(fault, LEAT_VALIDATION, "table %s has no stream", table);
}

/* ------------------------------------------------------------------ shards */

static struct shard *shard_find(struct tail *tail, const char *id) {
    struct shard *shard = tail->shards;
    while (shard != NULL && strcmp(shard->id, id) != 0) shard = shard->next;
    return shard;
}

static void read_range(struct json_reader *reader, bool *closed) {
    if (reader->token != JSON_OBJECT) return;
    while (json_next(reader) == JSON_KEY) {
        if (slice_is(reader->text, "EndingSequenceNumber")) *closed = true;
        (void)json_next(reader);
        (void)json_skip(reader);
    }
}

static void read_shard(struct json_reader *reader, struct shard *out) {
    while (json_next(reader) == JSON_KEY) {
        struct leat_slice name = reader->text;
        (void)json_next(reader);
        if (slice_is(name, "ShardId")) read_text(reader, out->id, sizeof out->id);
        else if (slice_is(name, "ParentShardId")) read_text(reader, out->parent, sizeof out->parent);
        else if (slice_is(name, "SequenceNumberRange")) read_range(reader, &out->closed);
        else (void)json_skip(reader);
    }
}

static enum leat_code shard_add(struct tail *tail, const struct shard *seen, bool first_time, struct leat_fault *fault) {
    struct shard **end = &tail->shards, *shard;
    if (shard_find(tail, seen->id) != NULL) return LEAT_OK;
    shard = malloc(sizeof *shard);
    if (shard == NULL) return fault_memory(fault);
    *shard = *seen;
    /* what was closed before we began is not news */
    if (first_time && shard->closed && !tail->from_start) shard->state = FOLLOW_ENDED;
    while (*end != NULL) end = &(*end)->next;
    *end = shard;
    return LEAT_OK;
}

static enum leat_code read_description(struct tail *tail, struct json_reader *reader, bool first_time, char *last,
                                       struct leat_fault *fault) {
    last[0] = 0;
    if (!find_member(reader, "StreamDescription") || reader->token != JSON_OBJECT) return LEAT_OK;
    while (json_next(reader) == JSON_KEY) {
        struct leat_slice name = reader->text;
        (void)json_next(reader);
        if (slice_is(name, "LastEvaluatedShardId")) {
            read_text(reader, last, LEAT_SHARD_ID_SIZE);
        } else if (slice_is(name, "StreamStatus")) {
            tail->disabled = slice_is(reader->text, "DISABLED");
        } else if (slice_is(name, "Shards") && reader->token == JSON_ARRAY) {
            while (json_next(reader) == JSON_OBJECT) {
                struct shard shard = {.next = NULL};
                read_shard(reader, &shard);
                TRY(shard_add(tail, &shard, first_time, fault));
            }
        } else {
            (void)json_skip(reader);
        }
    }
    return LEAT_OK;
}

static enum leat_code list_shards(struct tail *tail, bool first_time, struct leat_fault *fault) {
    char last[LEAT_SHARD_ID_SIZE] = "";
    do {
        struct json_reader reader;
        struct json_writer json = request_begin(tail);
        member(&json, "StreamArn", tail->stream);
        if (last[0] != 0) member(&json, "ExclusiveStartShardId", last);
        TRY(call(tail, &json, "DynamoDBStreams_20120810.DescribeStream", &reader, fault));
        TRY(read_description(tail, &reader, first_time, last, fault));
    } while (last[0] != 0);
    return LEAT_OK;
}

static enum leat_code open_shard(struct tail *tail, struct shard *shard, bool first_time, struct leat_fault *fault) {
    struct json_reader reader;
    struct json_writer json = request_begin(tail);
    member(&json, "StreamArn", tail->stream);
    member(&json, "ShardId", shard->id);
    member(&json, "ShardIteratorType", first_time && !tail->from_start ? "LATEST" : "TRIM_HORIZON");
    TRY(call(tail, &json, "DynamoDBStreams_20120810.GetShardIterator", &reader, fault));
    if (find_member(&reader, "ShardIterator")) read_text(&reader, shard->iterator, sizeof shard->iterator);
    shard->state = FOLLOW_READS;
    return LEAT_OK;
}

/* Those whose parents are read to their ends (or are trimmed). */
static enum leat_code open_shards(struct tail *tail, bool first_time, struct leat_fault *fault) {
    for (struct shard *shard = tail->shards; shard != NULL; shard = shard->next) {
        const struct shard *parent = shard_find(tail, shard->parent);
        if (shard->state != FOLLOW_WAITS || (parent != NULL && parent->state != FOLLOW_ENDED)) continue;
        TRY(open_shard(tail, shard, first_time, fault));
    }
    return LEAT_OK;
}

/* ------------------------------------------------------------------ records */

static bool print_records(struct tail *tail, struct json_reader *reader) {
    if (reader->token != JSON_ARRAY) return json_skip(reader);
    while (json_next(reader) == JSON_OBJECT) {
        struct leat_slice record = json_raw(reader);
        if (record.data == NULL) return false;
        (void)fwrite(record.data, 1, record.size, stdout);
        (void)fputc('\n', stdout);
        tail->printed++;
    }
    return fflush(stdout) == 0;
}

static enum leat_code read_shard_on(struct tail *tail, struct shard *shard, struct leat_fault *fault) {
    struct json_reader reader;
    struct json_writer json = request_begin(tail);
    bool next = false, good = true;
    member(&json, "ShardIterator", shard->iterator);
    TRY(call(tail, &json, "DynamoDBStreams_20120810.GetRecords", &reader, fault));
    while (good && json_next(&reader) == JSON_KEY) {
        struct leat_slice name = reader.text;
        (void)json_next(&reader);
        if (slice_is(name, "Records")) {
            good = print_records(tail, &reader);
        } else if (slice_is(name, "NextShardIterator") && reader.token == JSON_STRING) {
            copy_text(reader.text, shard->iterator, sizeof shard->iterator);
            next = true;
        } else {
            good = json_skip(&reader);
        }
    }
    if (!good) return fault_set(fault, LEAT_IO, "cannot print the records");
    if (!next) shard->state = FOLLOW_ENDED;
    return LEAT_OK;
}

/* Each open shard once. *ended: one was read to its end. *open: some are not. */
static enum leat_code read_round(struct tail *tail, bool *ended, bool *open, struct leat_fault *fault) {
    *ended = *open = false;
    for (struct shard *shard = tail->shards; shard != NULL; shard = shard->next) {
        if (shard->state != FOLLOW_READS) continue;
        TRY(read_shard_on(tail, shard, fault));
        if (shard->state == FOLLOW_ENDED) *ended = true;
        else *open = true;
    }
    return LEAT_OK;
}

static enum leat_code follow(struct tail *tail, bool once, struct leat_fault *fault) {
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    bool ended, open;
    TRY(list_shards(tail, true, fault));
    TRY(open_shards(tail, true, fault));
    for (unsigned long round = 1;; round++) {
        unsigned long before = tail->printed;
        TRY(read_round(tail, &ended, &open, fault));
        if (ended || round % LOOK_EVERY_ROUNDS == 0) {
            TRY(list_shards(tail, false, fault));
            TRY(open_shards(tail, false, fault));
            continue;
        }
        if (tail->printed != before) continue;
        if (once || (!open && tail->disabled)) return LEAT_OK;
        (void)nanosleep(&pause, NULL);
    }
}

static void tail_fini(struct tail *tail) {
    while (tail->shards != NULL) {
        struct shard *shard = tail->shards;
        tail->shards = shard->next;
        free(shard);
    }
    net_client_free(tail->client);
    buf_fini(&tail->answer);
    buf_fini(&tail->request);
    arena_fini(&tail->arena);
}

static const struct cmd_option options[] = {
    CMD_REMOTE_OPTION,
    {"all", 'a', NULL, "begin with the oldest record that is kept, not with the next one"},
    {"once", '1', NULL, "end when nothing more is there"},
    {NULL, 0, NULL, NULL},
};

static int run(const struct cmd_call *command) {
    struct tail tail = {.from_start = cmd_value(command, "all") != NULL};
    struct leat_fault fault = {0};
    buf_init(&tail.answer, ANSWER_BYTES_MAX);
    buf_init(&tail.request, REQUEST_BYTES_MAX);
    arena_init(&tail.arena, ARENA_BYTES_MAX);
    enum leat_code code = cmd_remote_new(cmd_value(command, "endpoint"), "dynamodb", &tail.client, &fault);
    if (code == LEAT_OK) code = find_stream(&tail, command->arguments[0], &fault);
    if (code == LEAT_OK) code = follow(&tail, cmd_value(command, "once") != NULL, &fault);
    tail_fini(&tail);
    return code == LEAT_OK ? 0 : cmd_fail("%s", fault.message);
}

const struct cmd cmd_tail = {
    .name = "tail",
    .arguments = "TABLE",
    .summary = "Prints the records of a table's stream as they come, one JSON object a line.",
    .details = "Shards that are closed and their children are followed. Records of one item come in order.\n"
               "Ends when the stream is disabled and read to its end, or with ctrl-C.\n" CMD_REMOTE_DETAILS,
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
