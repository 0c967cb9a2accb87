/* Files of imports: the first byte of the input says format and compression, the rest is the file. Every item that is read is well formed,
 * and is the same when it is written in either format and read back; and a file that is gone on with behind its first item has the others. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/slice.h"
#include "item/value.h"
#include "transfer/reader.h"

#define CHECK(truth) do { if (!(truth)) abort(); } while (0)
enum { LINE_BYTES_MAX = 64 << 20 };

static int file_of(struct leat_slice bytes) {
    int fd = memfd_create("input", MFD_CLOEXEC);
    CHECK(fd >= 0 && write(fd, bytes.data, bytes.size) == (ssize_t)bytes.size && lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

static struct reader *open_reader(struct leat_slice bytes, const struct reader_options *options) {
    struct reader *reader;
    CHECK(reader_new(file_of(bytes), options, &reader, NULL) == LEAT_OK);
    return reader;
}

static void check_round_trip(struct leat_slice item, enum transfer_format format) {
    const struct reader_options options = {.format = format};
    struct leat_slice again;
    struct buf line;
    buf_init(&line, LINE_BYTES_MAX);
    transfer_write_item(format, item, &line);
    CHECK(buf_ok(&line) && line.data[line.size - 1] == '\n');
    for (size_t i = 0; i + 1 < line.size; i++) CHECK(line.data[i] != '\n');
    struct reader *reader = open_reader(buf_view(&line), &options);
    CHECK(reader_next(reader, &again, NULL) == READER_ITEM && slice_equal(item, again));
    CHECK(reader_next(reader, &again, NULL) == READER_END);
    reader_free(reader);
    buf_fini(&line);
}

/* How many results of each kind come, from `offset` on. */
static size_t read_all(struct leat_slice bytes, const struct reader_options *options, uint64_t offset, uint64_t *first) {
    struct reader *reader = open_reader(bytes, options);
    struct leat_slice item;
    size_t count = 0;
    enum reader_result result = offset > 0 ? reader_skip(reader, offset, NULL) : READER_ITEM;
    CHECK(result == READER_ITEM);
    while ((result = reader_next(reader, &item, NULL)) != READER_END) {
        CHECK(result != READER_FAILED);
        count++;
        if (count == 1) *first = reader_offset(reader);
        if (result != READER_ITEM || offset > 0) continue;
        CHECK(item_check(item));
        check_round_trip(item, TRANSFER_DYNAMODB_JSON);
        check_round_trip(item, TRANSFER_ION);
    }
    reader_free(reader);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct leat_attribute keys[] = {{{(const uint8_t *)"n", 1}, 'N'}, {{(const uint8_t *)"b", 1}, 'B'}};
    if (size == 0) return 0;
    const struct reader_options options = {.format = (enum transfer_format)(TRANSFER_DYNAMODB_JSON + data[0] % 3),
                                           .compression = (enum inflow_kind)(data[0] / 3 % 3),
                                           .delimiter = data[0] & 0x80 ? ';' : 0,
                                           .attributes = keys,
                                           .attribute_count = 2};
    struct leat_slice bytes = slice_of(data + 1, size - 1);
    uint64_t first = 0, unused;
    size_t count = read_all(bytes, &options, 0, &first);
    if (count > 1 && first > 0) CHECK(read_all(bytes, &options, first, &unused) == count - 1);
    return 0;
}
