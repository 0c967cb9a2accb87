#include "table/streams.h"

#include <stdio.h>

#include "base/slice.h"
#include "item/key.h"
#include "stream/iterator.h"
#include "stream/record.h"
#include "stream/sequence.h"
#include "table/tables.h"

/* ---- listing ---- */

struct streams_at {
    struct engine *engine;
    struct leat_slice name, arn;
    struct leat_stream_list *out;
    size_t capacity;
    struct leat_fault *fault;
    enum leat_code code;
};

static void show_shard(const struct stream_shard *shard, struct leat_shard *out) {
    memcpy(out->id, shard->id, sizeof out->id);
    memcpy(out->parent, shard->parent, sizeof out->parent);
    stream_sequence_print(shard->first, shard->part, out->first);
    out->last[0] = 0;
    /* an empty closed shard ends where it began: the number belongs to no record of it */
    if (!shard->open) stream_sequence_print(shard->last < shard->first ? shard->first : shard->last, shard->part, out->last);
}

static struct leat_attribute attribute_of(struct leat_slice name, enum item_type type) {
    return (struct leat_attribute){name, name.data == NULL ? 0 : item_type_name(type)[0]};
}

static enum leat_code show_stream(struct streams_at *at, const struct table *table, const struct stream *stream) {
    struct arena *arena = &at->out->memory->arena;
    struct leat_slice arn = arena_print(arena, "%.*s/stream/%s", SLICE_FORMAT(table->spec.arn), stream->label);
    if (arn.data == NULL) return fault_memory(at->fault);
    if (at->arn.data != NULL && !slice_equal(arn, at->arn)) return LEAT_OK;
    if (at->out->count == at->capacity) {
        at->capacity = at->capacity == 0 ? 8 : at->capacity * 2;
        struct leat_stream *streams = ARENA_ARRAY(arena, struct leat_stream, at->capacity);
        if (streams == NULL) return fault_memory(at->fault);
        for (size_t i = 0; i < at->out->count; i++) streams[i] = at->out->streams[i];
        at->out->streams = streams;
    }
    struct leat_shard *shards = ARENA_ARRAY(arena, struct leat_shard, stream->count);
    if (shards == NULL) return fault_memory(at->fault);
    for (size_t i = 0; i < stream->count; i++) {
        show_shard(&stream->shards[i], &shards[i]);
        bool parent_there = stream_find_shard(stream, slice_text(shards[i].parent)) != NULL;
        if (!parent_there) shards[i].parent[0] = 0;
    }
    const struct schema *keys = &table->keys;
    at->out->streams[at->out->count++] =
        (struct leat_stream){.arn = arn,
                             .label = arena_copy(arena, slice_text(stream->label)),
                             .table = arena_copy(arena, table->spec.name),
                             .status = stream->enabled ? LEAT_STREAM_ENABLED : LEAT_STREAM_DISABLED,
                             .view = stream->view,
                             .created_ms = stream->created_ms,
                             .partition_key = attribute_of(arena_copy(arena, keys->partition), keys->partition_type),
                             .sort_key = attribute_of(arena_copy(arena, keys->sort), keys->sort_type),
                             .shards = shards,
                             .shard_count = stream->count};
    return LEAT_OK;
}

static bool show_table(void *context, struct table *table) {
    struct streams_at *at = context;
    for (size_t i = 0; i < table->streams.count && at->code == LEAT_OK; i++)
        at->code = show_stream(at, table, &table->streams.streams[i]);
    return at->code == LEAT_OK;
}

static enum leat_code no_stream(struct leat_slice arn, struct leat_fault *fault) {
    return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "Requested resource not found: Stream: %.*s not found", SLICE_FORMAT(arn));
}

enum leat_code streams_list(struct engine *engine, struct leat_slice name, struct leat_slice arn,
                            struct leat_stream_list *out, struct leat_fault *fault) {
    *out = (struct leat_stream_list){.memory = table_memory_new(0)};
    if (out->memory == NULL) return fault_memory(fault);
    struct streams_at at = {.engine = engine, .name = name, .arn = arn, .out = out, .fault = fault};
    if (arn.data != NULL) name = arn;
    if (name.data != NULL) {
        struct table *table = catalogue_find(&engine->catalogue, name);
        if (table != NULL) (void)show_table(&at, table);
        table_release(table);
    } else {
        catalogue_each(&engine->catalogue, name, show_table, &at);
    }
    if (at.code == LEAT_OK && arn.data != NULL && out->count == 0) return no_stream(arn, fault);
    return at.code;
}

/* ---- reading ---- */

/* A shard found, and what of it is there. */
struct place {
    struct table *table; /* a reference */
    struct stream_shard shard;
    store_part part;
    struct store_head head;
    store_sequence end;  /* the last number that may be read now */
    bool partial;        /* there are other shards' records between its own */
};

static struct leat_slice arn_label(struct leat_slice arn) {
    size_t at = arn.size;
    while (at > 0 && arn.data[at - 1] != '/') at--;
    return slice_of(arn.data + at, arn.size - at);
}

static enum leat_code find_place(struct engine *engine, struct leat_slice arn, struct leat_slice shard_id, struct place *out,
                                 struct leat_fault *fault) {
    *out = (struct place){.table = arn.data == NULL ? NULL : catalogue_find(&engine->catalogue, arn)};
    const struct stream *stream = out->table == NULL ? NULL : stream_set_find(&out->table->streams, arn_label(arn));
    if (stream == NULL) return no_stream(arn, fault);
    const struct stream_shard *shard = stream_find_shard(stream, shard_id);
    if (shard == NULL)
        return fault_set(fault, LEAT_RESOURCE_NOT_FOUND, "Requested resource not found: Shard: %.*s in Stream: %.*s not found",
                         SLICE_FORMAT(shard_id), SLICE_FORMAT(arn));
    out->shard = *shard;
    out->part = table_part(out->table, shard->part);
    TRY(store_heads(engine->store, &out->part, 1, &out->head, fault));
    out->end = shard->open ? out->head.next - 1 : shard->last;
    out->partial = stream_shard_partial(shard, out->table->part_count);
    return LEAT_OK;
}

struct time_search { uint64_t from_ms; store_sequence before; };

static bool search_time(void *context, store_sequence sequence, struct leat_slice record) {
    struct time_search *search = context;
    if (stream_record_created_ms(record) >= search->from_ms) return false;
    search->before = sequence;
    return true;
}

static enum leat_code trimmed(struct leat_fault *fault) {
    return fault_set(fault, LEAT_TRIMMED_DATA_ACCESS,
                     "Attempt to access trimmed data: the requested sequence number is older than the oldest record in the shard");
}

/* The number after which reading begins. */
static enum leat_code resolve(struct engine *engine, const struct leat_shard_read *read, const struct place *place,
                              store_sequence *after, struct leat_fault *fault) {
    store_sequence oldest = place->shard.first > place->head.first ? place->shard.first : place->head.first, number = 0;
    struct time_search search = {read->timestamp_ms, oldest - 1};
    switch (read->position) {
    case LEAT_TRIM_HORIZON: *after = oldest - 1; return LEAT_OK;
    case LEAT_LATEST: *after = place->end; return LEAT_OK;
    case LEAT_AT_TIMESTAMP:
        TRY(store_log(engine->store, place->part, oldest - 1, search_time, &search, fault));
        *after = search.before > place->end ? place->end : search.before;
        return LEAT_OK;
    case LEAT_AT_SEQUENCE: case LEAT_AFTER_SEQUENCE: break;
    }
    if (read->sequence.data == NULL || !stream_sequence_parse(read->sequence, &number))
        return fault_set(fault, LEAT_VALIDATION, "Invalid SequenceNumber");
    if (read->position == LEAT_AT_SEQUENCE && number > 0) number--;
    if (number > place->end && number > place->shard.first)
        return fault_set(fault, LEAT_VALIDATION, "Invalid SequenceNumber: it is beyond the end of the shard");
    if (number + 1 < place->shard.first) number = place->shard.first - 1;
    if (number + 1 < place->head.first && number < place->end) return trimmed(fault);
    *after = number;
    return LEAT_OK;
}

struct reading {
    struct leat_result *result;
    struct leat_slice arn;
    uint16_t part;
    store_sequence end, last;
    size_t limit, bytes, bytes_max, passed;
    const struct place *place;
    enum leat_code code;
};

/* Is the record one of this shard? */
static bool is_own(const struct place *place, struct leat_slice bytes) {
    struct leat_record record;
    struct item_value key;
    if (!place->partial || !stream_record_decode(bytes, &record)) return true; /* a damaged one is told by who takes it */
    if (!item_find(record.keys, place->table->keys.partition, &key)) return true;
    uint32_t hash = item_key_hash(&key);
    return hash >= place->shard.low && hash < place->shard.high;
}

static bool read_record(void *context, store_sequence sequence, struct leat_slice bytes) {
    struct reading *reading = context;
    struct leat_result *result = reading->result;
    if (sequence > reading->end || result->record_count == reading->limit) return false;
    if (!is_own(reading->place, bytes)) {
        reading->last = sequence;
        return ++reading->passed < STREAMS_PASSED_MAX;
    }
    if (result->record_count > 0 && reading->bytes + bytes.size > reading->bytes_max) return false;
    struct leat_slice own = arena_copy(&result->memory->arena, bytes);
    struct leat_record *record = &result->records[result->record_count];
    if (own.data == NULL) reading->code = LEAT_NO_MEMORY;
    else if (!stream_record_decode(own, record)) reading->code = LEAT_STORE_CORRUPT;
    if (reading->code != LEAT_OK) return false;
    stream_sequence_print(sequence, reading->part, record->sequence);
    stream_record_event_id(reading->arn, reading->part, sequence, record->event_id);
    reading->last = sequence;
    reading->bytes += bytes.size;
    result->record_count++;
    return true;
}

/* How many records there can be: no more than asked for, and no more than there are. */
static size_t record_room(size_t limit, store_sequence after, store_sequence end) {
    if (limit == 0) limit = STREAMS_RECORDS_DEFAULT;
    if (limit > STREAMS_RECORDS_MAX) limit = STREAMS_RECORDS_MAX;
    uint64_t there = end > after ? end - after : 0;
    return there < limit ? (size_t)there : limit;
}

static enum leat_code read_after(struct engine *engine, const struct leat_shard_read *read, const struct place *place,
                                 store_sequence *after, struct leat_result *result, struct leat_fault *fault) {
    size_t room = record_room(read->limit, *after, place->end);
    result->records = ARENA_ARRAY(&result->memory->arena, struct leat_record, room);
    if (result->records == NULL) return fault_memory(fault);
    if (room == 0) return LEAT_OK;
    struct reading reading = {.result = result, .arn = read->stream, .part = place->shard.part, .end = place->end,
                              .last = *after, .limit = room, .place = place,
                              .bytes_max = read->bytes_max == 0 ? STREAMS_BYTES_DEFAULT : read->bytes_max};
    TRY(store_log(engine->store, place->part, *after, read_record, &reading, fault));
    if (reading.code != LEAT_OK) return fault_set(fault, reading.code, "a stream record cannot be read");
    *after = reading.last;
    result->more = reading.last < place->end;
    return LEAT_OK;
}

enum leat_code streams_read(struct engine *engine, const struct leat_shard_read *read, struct leat_result *result,
                            char next[LEAT_SEQUENCE_SIZE], bool *end, struct leat_fault *fault) {
    struct place place;
    store_sequence after = 0;
    *result = (struct leat_result){.memory = table_memory_new(0)};
    *end = false;
    if (result->memory == NULL) return fault_memory(fault);
    enum leat_code code = find_place(engine, read->stream, read->shard, &place, fault);
    if (code == LEAT_OK) code = resolve(engine, read, &place, &after, fault);
    if (code == LEAT_OK) code = read_after(engine, read, &place, &after, result, fault);
    if (code == LEAT_OK) {
        stream_sequence_print(after, place.shard.part, next);
        *end = !place.shard.open && after >= place.end;
    }
    table_release(place.table);
    return code;
}

/* ---- iterators ---- */

enum leat_code streams_iterator_new(struct engine *engine, const struct leat_shard_read *from, char out[LEAT_ITERATOR_SIZE],
                                    struct leat_fault *fault) {
    struct place place;
    struct stream_iterator iterator = {.stream_arn = from->stream, .shard = from->shard, .issued_ms = engine_now_ms(engine),
                                       .horizon = from->position == LEAT_TRIM_HORIZON};
    enum leat_code code = find_place(engine, from->stream, from->shard, &place, fault);
    if (code == LEAT_OK) code = resolve(engine, from, &place, &iterator.after, fault);
    if (code == LEAT_OK) code = stream_iterator_print(&iterator, out, fault);
    table_release(place.table);
    return code;
}

enum leat_code streams_iterator_read(struct engine *engine, struct leat_slice text, size_t limit, struct leat_result *result,
                                     char next[LEAT_ITERATOR_SIZE], struct leat_fault *fault) {
    struct stream_iterator iterator;
    struct arena arena;
    char sequence[LEAT_SEQUENCE_SIZE];
    bool end = false;
    *result = (struct leat_result){.memory = NULL};
    arena_init(&arena, 64 * 1024);
    enum leat_code code = stream_iterator_parse(text, engine_now_ms(engine), &arena, &iterator, fault);
    if (code == LEAT_OK) {
        struct leat_shard_read read = {.stream = iterator.stream_arn, .shard = iterator.shard, .limit = limit,
                                       .position = iterator.horizon ? LEAT_TRIM_HORIZON : LEAT_AFTER_SEQUENCE};
        char after[LEAT_SEQUENCE_SIZE];
        stream_sequence_print(iterator.after, 0, after); /* the partition does not matter for a place */
        read.sequence = slice_text(after);
        code = streams_read(engine, &read, result, sequence, &end, fault);
    }
    if (code == LEAT_OK) {
        next[0] = 0;
        store_sequence before = iterator.after;
        (void)stream_sequence_parse(slice_text(sequence), &iterator.after);
        iterator.horizon = iterator.horizon && iterator.after == before;
        iterator.issued_ms = engine_now_ms(engine);
        if (!end) code = stream_iterator_print(&iterator, next, fault);
    }
    arena_fini(&arena);
    return code;
}
