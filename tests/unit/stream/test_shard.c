#include <criterion/criterion.h>

#include "base/slice.h"
#include "stream/iterator.h"
#include "stream/record.h"
#include "stream/shard.h"

static struct arena arena;
static struct store_head heads[2] = {{0, 1, 1}, {0, 1, 1}};

static struct stream_set enabled(void) {
    struct stream_set set = {0};
    arena_init(&arena, 1 << 20);
    cr_assert_eq(stream_set_enable(&set, &arena, LEAT_NEW_IMAGE, 1000000, heads, 2, NULL), LEAT_OK);
    return set;
}

Test(stream_shard, a_new_stream_has_an_open_shard_per_partition) {
    struct stream_set set = enabled();
    const struct stream *stream = stream_set_current(&set);
    cr_assert_eq(stream->count, 2u);
    cr_assert_str_eq(stream->label, "1970-01-01T00:16:40.000");
    for (size_t i = 0; i < 2; i++) {
        cr_assert(stream->shards[i].open);
        cr_assert_eq(strncmp(stream->shards[i].id, "shardId-00000000000001000000-", 29), 0);
        cr_assert_eq(strlen(stream->shards[i].id), 37u);
    }
    arena_fini(&arena);
}

Test(stream_shard, rotation_closes_what_has_records_and_opens_a_child) {
    struct stream_set set = enabled();
    bool changed = false;
    const struct store_head later[2] = {{0, 1, 11}, {0, 1, 1}};
    const struct stream_ages ages = {1000, 3000};
    cr_assert_eq(stream_set_rotate(&set, &arena, 1000500, ages, later, &changed, NULL), LEAT_OK);
    cr_assert_not(changed, "not due yet");
    cr_assert_eq(stream_set_rotate(&set, &arena, 1001000, ages, later, &changed, NULL), LEAT_OK);
    cr_assert(changed);
    const struct stream *stream = stream_set_current(&set);
    cr_assert_eq(stream->count, 3u);
    cr_assert_not(stream->shards[0].open);
    cr_assert_eq(stream->shards[0].last, 10u);
    cr_assert(stream->shards[1].open, "an idle shard stays");
    cr_assert_eq(stream->shards[2].first, 11u);
    cr_assert_str_eq(stream->shards[2].parent, stream->shards[0].id);
    cr_assert_eq(stream_set_rotate(&set, &arena, 1003000, ages, later, &changed, NULL), LEAT_OK);
    stream = stream_set_current(&set);
    cr_assert_not(stream->shards[1].open, "for a while");
    cr_assert_eq(stream->shards[1].last, stream->shards[1].first - 1, "it is empty");
    cr_assert(stream->shards[2].open, "it began later");
    cr_assert_str_eq(stream->shards[3].parent, stream->shards[1].id);
    arena_fini(&arena);
}

/* Every hash of the partitions is in exactly one open shard, and in a child only if its parent had it. */
static void check_ranges(const struct stream *stream, size_t open) {
    size_t found = 0;
    for (uint32_t part = 0; part < 2; part++) {
        for (uint32_t hash = part * 32768; hash < (part + 1) * 32768; hash++) {
            unsigned in = 0;
            for (size_t i = 0; i < stream->count; i++) {
                const struct stream_shard *shard = &stream->shards[i];
                in += shard->open && shard->part == part && shard->low <= hash && hash < shard->high;
            }
            cr_assert_eq(in, 1u, "%u in %u", hash, in);
        }
    }
    for (size_t i = 0; i < stream->count; i++) {
        const struct stream_shard *shard = &stream->shards[i];
        found += shard->open;
        if (shard->parent[0] == 0) continue;
        const struct stream_shard *parent = stream_find_shard(stream, slice_text(shard->parent));
        cr_assert(parent->part == shard->part && parent->low <= shard->low && shard->high <= parent->high && !parent->open);
        cr_assert_eq(parent->last + 1, shard->first);
    }
    cr_assert_eq(found, open);
}

Test(stream_shard, splits_share_the_range_and_go_on_where_the_parent_ends) {
    struct stream_set set = enabled();
    const struct store_head later[2] = {{0, 1, 11}, {0, 1, 1}};
    bool changed;
    cr_assert_eq(stream_set_split(&set, &arena, 1000100, 2, 2, later, NULL), LEAT_OK);
    cr_assert_eq(stream_set_current(&set)->count, 2u, "there are so many");
    cr_assert_eq(stream_set_split(&set, &arena, 1000100, 3, 2, later, NULL), LEAT_OK);
    check_ranges(stream_set_current(&set), 3);
    cr_assert_eq(stream_set_current(&set)->count, 4u, "one was split in two");
    cr_assert_eq(stream_set_split(&set, &arena, 1000200, 9, 2, later, NULL), LEAT_OK);
    check_ranges(stream_set_current(&set), 9);
    cr_assert_eq(stream_set_rotate(&set, &arena, 1009000, (struct stream_ages){1000, 1000}, later, &changed, NULL), LEAT_OK);
    check_ranges(stream_set_current(&set), 9);
    cr_assert_eq(stream_set_split(&set, &arena, 1009000, 4, 2, later, NULL), LEAT_OK);
    check_ranges(stream_set_current(&set), 9);
    arena_fini(&arena);
}

Test(stream_shard, a_stream_may_begin_with_more_shards_than_partitions) {
    struct stream_set set = enabled();
    cr_assert_eq(stream_set_begin_split(&set, &arena, 5, 2, NULL), LEAT_OK);
    check_ranges(stream_set_current(&set), 5);
    cr_assert_eq(stream_set_current(&set)->count, 5u);
    arena_fini(&arena);
}

Test(stream_shard, disabling_closes_all_and_enabling_makes_a_new_stream) {
    struct stream_set set = enabled();
    stream_set_disable(&set, 1000000, heads);
    cr_assert_null(stream_set_current(&set));
    cr_assert_eq(stream_set_enable(&set, &arena, LEAT_KEYS_ONLY, 1000000, heads, 2, NULL), LEAT_OK);
    cr_assert_eq(set.count, 2u);
    cr_assert_str_neq(set.streams[0].label, set.streams[1].label, "even within one millisecond");
    arena_fini(&arena);
}

Test(stream_shard, trimmed_closed_shards_are_forgotten_after_the_retention) {
    struct stream_set set = enabled();
    bool changed = false;
    const struct store_head written[2] = {{0, 1, 11}, {0, 1, 1}}, trimmed[2] = {{0, 11, 11}, {0, 1, 1}};
    stream_set_disable(&set, 1000000, written);
    stream_set_forget(&set, 1000000 + 50, 100, written, &changed);
    cr_assert_not(changed);
    stream_set_forget(&set, 1000000 + 100, 100, trimmed, &changed);
    cr_assert(changed);
    cr_assert_eq(set.count, 0u);
    arena_fini(&arena);
}

Test(stream_shard, survives_being_written_down) {
    struct stream_set set = enabled(), back;
    struct buf bytes;
    buf_init(&bytes, 1 << 20);
    cr_assert_eq(stream_set_encode(&set, &bytes), LEAT_OK);
    struct item_value list = item_value_at(buf_view(&bytes));
    cr_assert(stream_set_decode(&list, &arena, &back));
    cr_assert_eq(back.count, 1u);
    cr_assert_str_eq(back.streams[0].label, set.streams[0].label);
    cr_assert_eq(back.streams[0].count, 2u);
    cr_assert_str_eq(back.streams[0].shards[1].id, set.streams[0].shards[1].id);
    cr_assert_eq(back.streams[0].shards[1].part, 1u);
    cr_assert(back.streams[0].shards[1].open);
    buf_fini(&bytes);
    arena_fini(&arena);
}

Test(stream_record, keeps_what_the_view_wants) {
    static const struct { enum leat_view view; bool has_new, has_old; } cases[] = {
        {LEAT_KEYS_ONLY, false, false}, {LEAT_NEW_IMAGE, true, false},
        {LEAT_OLD_IMAGE, false, true},  {LEAT_NEW_AND_OLD_IMAGES, true, true}};
    struct buf item;
    buf_init(&item, 1000);
    item_put_name(&item, SLICE("id"));
    item_put_string(&item, SLICE("id_value"));
    for (size_t i = 0; i < 4; i++) {
        struct buf bytes;
        struct leat_record record = {.expired = true};
        buf_init(&bytes, 1000);
        const struct stream_change change = {.event = LEAT_MODIFY, .view = cases[i].view, .created_ms = 77, .keys = buf_view(&item),
                                             .new_image = buf_view(&item), .old_image = buf_view(&item)};
        stream_record_encode(&bytes, &change);
        cr_assert(stream_record_decode(buf_view(&bytes), &record));
        cr_assert_eq(record.event, LEAT_MODIFY);
        cr_assert_eq(record.created_ms, 77u);
        cr_assert_not(record.expired);
        cr_assert_eq(record.new_image.data != NULL, cases[i].has_new);
        cr_assert_eq(record.old_image.data != NULL, cases[i].has_old);
        /* SizeBytes as AWS counts it: id=id_value is 10, keys and each image */
        cr_assert_eq(record.size_bytes, 10u * (1u + cases[i].has_new + cases[i].has_old));
        for (size_t cut = 0; cut < bytes.size; cut++) cr_assert_not(stream_record_decode(slice_of(bytes.data, cut), &record));
        buf_fini(&bytes);
    }
    buf_fini(&item);
}

Test(stream_iterator, is_read_back_expires_and_refuses_changes) {
    arena_init(&arena, 1 << 20);
    const struct stream_iterator iterator = {.stream_arn = SLICE("arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/x"),
                                             .shard = SLICE("shardId-00000000000001000000-0badcafe"),
                                             .issued_ms = 5000, .after = 41};
    char text[LEAT_ITERATOR_SIZE];
    struct stream_iterator back;
    cr_assert_eq(stream_iterator_print(&iterator, text, NULL), LEAT_OK);
    cr_assert_eq(stream_iterator_parse(slice_text(text), 5000, &arena, &back, NULL), LEAT_OK);
    cr_assert_eq(back.after, 41u);
    cr_assert(slice_equal(back.shard, iterator.shard));
    cr_assert(slice_equal(back.stream_arn, iterator.stream_arn));
    cr_assert_eq(stream_iterator_parse(slice_text(text), 5001 + STREAM_ITERATOR_LIFE_MS, &arena, &back, NULL), LEAT_EXPIRED_ITERATOR);
    for (size_t i = 0; i < strlen(text); i++) {
        char changed = text[i];
        text[i] = changed == 'A' ? 'B' : 'A';
        /* the last base64 digit may hold unused bits; every other change must be seen */
        if (i + 4 < strlen(text)) cr_assert_eq(stream_iterator_parse(slice_text(text), 5000, &arena, &back, NULL), LEAT_VALIDATION);
        text[i] = changed;
    }
    arena_fini(&arena);
}
