/* Exports and imports from beginning to end, on a database with a clock of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "../db/fixture.h"
#include "base/arena.h"
#include "transfer/bucket.h"
#include "transfer/reader.h"
#include "transfer/transfer.h"

enum { MINUTE = 60 * 1000 };

static struct fixture fixture;
static struct transfer_service *service;
static struct arena arena;
static struct leat_fault fault;
static uint64_t file_bytes_max;

static void start_service(void) {
    const struct transfer_service_options options = {
        .db = fixture.db, .directory = fixture.directory, .region = "us-east-1", .account = "000000000000",
        .file_bytes_max = file_bytes_max};
    cr_assert_eq(transfer_service_new(&options, &service, &fault), LEAT_OK, "%s", fault.message);
}

static void make_bucket(void) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/buckets", fixture.directory);
    cr_assert_eq(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/buckets/one", fixture.directory);
    cr_assert_eq(mkdir(path, 0700), 0);
}

static void init(void) {
    fixture_open(&fixture, "lmdb");
    make_bucket();
    arena_init(&arena, 64 << 20);
    start_service();
}

static void fini(void) {
    transfer_service_free(service);
    arena_fini(&arena);
    fixture_close(&fixture);
}

TestSuite(jobs, .init = init, .fini = fini, .timeout = 120);

static void recover(const char *table) {
    struct leat_description description;
    const struct leat_table_change change = {.name = slice_text(table), .change_recovery = true, .recovery_days = 35};
    cr_assert_eq(leat_table_update(fixture.db, &change, &description, &fault), LEAT_OK, "%s", fault.message);
    leat_description_free(&description);
}

static void put_many(const char *table, size_t first, size_t count) {
    for (size_t i = first; i < first + count; i++) {
        char json[128];
        (void)snprintf(json, sizeof json, "{'pk':{'S':'k%zu'},'v':{'N':'%zu'}}", i, i * i);
        fixture_put(&fixture, table, json);
        fixture_items_free();
    }
}

static struct transfer_export_request request_of(const char *table) {
    return (struct transfer_export_request){
        .table_arn = arena_print(&arena, "arn:aws:dynamodb:us-east-1:000000000000:table/%s", table), .bucket = SLICE("one")};
}

static void sleep_a_little(void) { (void)nanosleep(&(struct timespec){.tv_nsec = 5 * 1000000L}, NULL); }

static struct transfer_export finished(struct leat_slice arn) {
    struct transfer_export record;
    for (;;) {
        cr_assert_eq(transfer_export_get(service, arn, &arena, &record, &fault), LEAT_OK, "%s", fault.message);
        if (!slice_is(record.status, "IN_PROGRESS")) return record;
        sleep_a_little();
    }
}

static struct transfer_export run_export(const struct transfer_export_request *request) {
    struct transfer_export record;
    cr_assert_eq(transfer_export_start(service, request, &arena, &record, &fault), LEAT_OK, "%s", fault.message);
    return finished(record.arn);
}

static void expect_refused(const struct transfer_export_request *request, enum leat_code code, const char *words) {
    struct transfer_export record;
    fault_clear(&fault);
    cr_assert_eq(transfer_export_start(service, request, &arena, &record, &fault), code, "%s: %s", words, fault.message);
    cr_assert_str_eq(fault.message, words);
}

/* The objects below a prefix. */
static struct bucket_list objects(const char *prefix) {
    struct bucket bucket;
    struct bucket_list list;
    cr_assert_eq(bucket_open(fixture.directory, SLICE("one"), &bucket, &fault), LEAT_OK);
    cr_assert_eq(bucket_list(&bucket, slice_text(prefix), &arena, &list, &fault), LEAT_OK);
    bucket_close(&bucket);
    return list;
}

/* How many items the data files below a prefix have; each key "k<i>" is marked in seen. */
static size_t count_items(const char *prefix, enum transfer_format format, unsigned char *seen, size_t seen_size) {
    struct bucket_list list = objects(prefix);
    struct bucket bucket;
    size_t count = 0;
    cr_assert_eq(bucket_open(fixture.directory, SLICE("one"), &bucket, &fault), LEAT_OK);
    for (size_t i = 0; i < list.count; i++) {
        const struct reader_options options = {.format = format, .compression = INFLOW_GZIP};
        struct reader *reader;
        struct leat_slice item, key;
        int fd;
        cr_assert_eq(bucket_get(&bucket, list.objects[i].key, &fd, &fault), LEAT_OK);
        cr_assert_eq(reader_new(fd, &options, &reader, &fault), LEAT_OK);
        enum reader_result result;
        while ((result = reader_next(reader, &item, &fault)) == READER_ITEM) {
            cr_assert(leat_item_text(item, "pk", &key));
            size_t number = (size_t)strtoul((const char *)key.data + 1, NULL, 10);
            cr_assert_lt(number, seen_size);
            seen[number]++;
            count++;
        }
        cr_assert_eq(result, READER_END, "%s", fault.message);
        reader_free(reader);
    }
    bucket_close(&bucket);
    return count;
}

static bool table_exists(const char *name) {
    struct leat_description description = {0};
    enum leat_code code = leat_table_describe(fixture.db, slice_text(name), &description, NULL);
    leat_description_free(&description);
    return code == LEAT_OK;
}

/* ---- exports ---- */

Test(jobs, an_export_is_the_table_as_it_was) {
    static unsigned char seen[3000];
    fixture_table(&fixture, "t", false, LEAT_VIEW_NONE);
    recover("t");
    put_many("t", 0, 1000);
    uint64_t then = fixture.now_ms;
    fixture.now_ms += 10 * MINUTE;
    put_many("t", 1000, 500);
    struct transfer_export_request request = request_of("t");
    request.time_ms = then;
    request.prefix = SLICE("as/it/was");
    request.format = SLICE("ION");
    struct transfer_export record = run_export(&request);
    cr_assert(slice_is(record.status, "COMPLETED"), "%.*s", SLICE_FORMAT(record.failure_message));
    cr_assert_eq(record.item_count, 1000);
    cr_assert_eq(record.time_ms, (int64_t)then);
    char prefix[128];
    (void)snprintf(prefix, sizeof prefix, "as/it/was/AWSDynamoDB/%.*s/data/", SLICE_FORMAT(record.id));
    cr_assert_eq(count_items(prefix, TRANSFER_ION, seen, 3000), 1000u);
    for (size_t i = 0; i < 1000; i++) cr_assert_eq(seen[i], 1, "k%zu", i);
}

Test(jobs, an_export_that_is_stopped_goes_on_without_doubling_anything) {
    static unsigned char seen[3000];
    fixture_table(&fixture, "t", false, LEAT_VIEW_NONE);
    recover("t");
    put_many("t", 0, 3000);
    transfer_service_free(service);
    file_bytes_max = 1; /* a page of the scan is a file */
    start_service();
    const struct transfer_export_request request = request_of("t");
    struct transfer_export record;
    cr_assert_eq(transfer_export_start(service, &request, &arena, &record, &fault), LEAT_OK, "%s", fault.message);
    size_t stops = 0;
    for (bool going_on = true; going_on; stops++) {
        transfer_service_free(service);
        fixture_reopen(&fixture);
        start_service();
        struct transfer_export now_record;
        sleep_a_little();
        cr_assert_eq(transfer_export_get(service, record.arn, &arena, &now_record, &fault), LEAT_OK);
        going_on = slice_is(now_record.status, "IN_PROGRESS");
        cr_assert_lt(stops, 5000u);
    }
    record = finished(record.arn);
    cr_assert(slice_is(record.status, "COMPLETED"), "%.*s", SLICE_FORMAT(record.failure_message));
    cr_assert_eq(record.item_count, 3000);
    cr_assert_gt(stops, 1u);
    char prefix[128];
    (void)snprintf(prefix, sizeof prefix, "AWSDynamoDB/%.*s/data/", SLICE_FORMAT(record.id));
    cr_assert_eq(count_items(prefix, TRANSFER_DYNAMODB_JSON, seen, 3000), 3000u);
    for (size_t i = 0; i < 3000; i++) cr_assert_eq(seen[i], 1, "k%zu", i);
    (void)snprintf(prefix, sizeof prefix, "leat:export/%.*s/to", SLICE_FORMAT(record.id));
    for (size_t i = 0; i < 1000 && table_exists(prefix); i++) sleep_a_little();
    cr_assert_not(table_exists(prefix), "the copy is gone in the end");
}

Test(jobs, exports_are_refused_in_awss_words) {
    fixture_table(&fixture, "t", false, LEAT_VIEW_NONE);
    struct transfer_export_request request = request_of("t");
    expect_refused(&request, LEAT_POINT_IN_TIME_RECOVERY_UNAVAILABLE, "Point in time recovery is not enabled for table 't'");
    fixture.now_ms += MINUTE;
    recover("t");
    request.time_ms = fixture.now_ms + 1000;
    expect_refused(&request, LEAT_INVALID_EXPORT_TIME, "Export Time is invalid");
    request.time_ms = fixture.now_ms - 2000;
    expect_refused(&request, LEAT_INVALID_EXPORT_TIME, "Export Time is invalid");
    request = request_of("other");
    expect_refused(&request, LEAT_TABLE_NOT_FOUND, "Table not found: arn:aws:dynamodb:us-east-1:000000000000:table/other");
    request.table_arn = SLICE("t");
    expect_refused(&request, LEAT_VALIDATION, "One or more parameter values were invalid: tableArn is not a valid ARN");
    request.table_arn = SLICE("arn:aws:dynamodb:us-east-1:111111111111:table/t");
    expect_refused(&request, LEAT_ACCESS_DENIED, "Access is denied");
    request.table_arn = SLICE("arn:aws:dynamodb:us-east-1:000000000000:table/leat:exports");
    expect_refused(&request, LEAT_TABLE_NOT_FOUND, "Table not found: arn:aws:dynamodb:us-east-1:000000000000:table/leat:exports");
    request = request_of("t");
    request.prefix = SLICE("../out");
    expect_refused(&request, LEAT_VALIDATION,
                   "One or more parameter values were invalid: S3Prefix is not a plain relative path: ../out");
    request = request_of("t");
    request.sse_kms_key_id = SLICE("alias/aws/s3");
    expect_refused(&request, LEAT_VALIDATION, "Invalid Request: KMS Key Id is not supported for this encryption type");
}

Test(jobs, incremental_exports_are_refused_in_awss_words) {
    fixture_table(&fixture, "t", false, LEAT_VIEW_NONE);
    recover("t");
    uint64_t created = fixture.now_ms;
    fixture.now_ms += 26 * 60 * (uint64_t)MINUTE;
    struct transfer_export_request request = request_of("t");
    request.incremental_given = true;
    expect_refused(&request, LEAT_VALIDATION,
                   "Invalid Request: Export Type expected to be Incremental Export when incremental export specification is provided");
    request.type = SLICE("FULL_EXPORT");
    expect_refused(&request, LEAT_VALIDATION,
                   "Invalid Request: When Export Type is Full Export , Incremental Export Specification should not be provided");
    request.type = SLICE("INCREMENTAL_EXPORT");
    expect_refused(&request, LEAT_VALIDATION, "Invalid Request: ExportFromTime must be provided in IncrementalExportSpecification");
    request.from_ms = created - 1000;
    expect_refused(&request, LEAT_INVALID_EXPORT_TIME,
                   "Incremental export period from time cannot be less than the table creation time : 2023-11-14T22:13:19Z");
    request.from_ms = created;
    request.to_ms = created + 14 * MINUTE;
    expect_refused(&request, LEAT_INVALID_EXPORT_TIME,
                   "Difference between export period from time and export period to time is less than 15 minutes");
    request.to_ms = created + 25 * 60 * (uint64_t)MINUTE;
    expect_refused(&request, LEAT_INVALID_EXPORT_TIME,
                   "Difference between export period from time and export period to time is greater than 24 hours");
    request.from_ms = fixture.now_ms - 20 * MINUTE;
    request.to_ms = fixture.now_ms + 1000;
    expect_refused(&request, LEAT_INVALID_EXPORT_TIME,
                   "Incremental export period to time cannot be greater than the current time : 2023-11-16T00:13:21Z");
    request.incremental_given = false;
    expect_refused(&request, LEAT_VALIDATION,
                   "Invalid Request: Incremental Export Specification expected when export type is set as Incremental Export");
}

Test(jobs, a_client_token_starts_one_export) {
    fixture_table(&fixture, "t", false, LEAT_VIEW_NONE);
    recover("t");
    struct transfer_export_request request = request_of("t");
    request.client_token = SLICE("token");
    struct transfer_export first, again;
    cr_assert_eq(transfer_export_start(service, &request, &arena, &first, &fault), LEAT_OK);
    cr_assert_eq(transfer_export_start(service, &request, &arena, &again, &fault), LEAT_OK);
    cr_assert(slice_equal(first.arn, again.arn));
    (void)finished(first.arn);
    cr_assert_eq(transfer_export_start(service, &request, &arena, &again, &fault), LEAT_OK);
    cr_assert(slice_equal(first.arn, again.arn));
    request.prefix = SLICE("p");
    expect_refused(&request, LEAT_EXPORT_CONFLICT, "Export conflict: Duplicate request detected with conflicting parameters");
    fixture.now_ms += 8 * 60 * (uint64_t)MINUTE + 1000;
    cr_assert_eq(transfer_export_start(service, &request, &arena, &again, &fault), LEAT_OK, "eight hours later it is a new request");
    cr_assert_not(slice_equal(first.arn, again.arn));
    (void)finished(again.arn);
}

Test(jobs, exports_fail_as_s3_does) {
    fixture_table(&fixture, "t", false, LEAT_VIEW_NONE);
    recover("t");
    struct transfer_export_request request = request_of("t");
    request.bucket = SLICE("none");
    struct transfer_export record = run_export(&request);
    cr_assert(slice_is(record.status, "FAILED"));
    cr_assert(slice_is(record.failure_code, "S3NoSuchBucket"));
    request = request_of("t");
    request.bucket_owner = SLICE("111111111111");
    record = run_export(&request);
    cr_assert(slice_is(record.failure_code, "S3AccessDenied"));
}

/* ---- incremental exports ---- */

static void remove_item(const char *table, const char *key) {
    cr_assert_eq(leat_delete(fixture.db, table, fixture_item(key), &fault), LEAT_OK, "%s", fault.message);
}

/* The lines of all data files of incremental exports, with ' for ", in the order of their text. */
static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static const char *change_lines(void) {
    static char text[16 * 1024];
    char command[256], *lines[100];
    size_t count = 0;
    (void)snprintf(command, sizeof command, "zcat %s/buckets/one/AWSDynamoDB/data/*.gz", fixture.directory);
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    size_t size = fread(text, 1, sizeof text / 2, pipe);
    cr_assert_eq(pclose(pipe), 0);
    text[size] = 0;
    for (char *at = text; *at != 0; at++)
        if (*at == '"') *at = '\'';
    char *rest = strdup(text), *from = rest;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        if (*line != 0) lines[count++] = line;
    qsort(lines, count, sizeof *lines, by_text);
    text[0] = 0;
    for (size_t i = 0; i < count; i++) (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s\n", lines[i]);
    free(from);
    return text;
}

/* One of every fate an item can have between two moments, and some outside of them. */
static struct transfer_export_request changes(void) {
    fixture_table(&fixture, "t", false, LEAT_VIEW_NONE);
    recover("t");
    fixture.now_ms += MINUTE;
    fixture_put(&fixture, "t", "{'pk':{'S':'kept'}}");
    fixture_put(&fixture, "t", "{'pk':{'S':'changed'},'v':{'N':'1'}}");
    fixture_put(&fixture, "t", "{'pk':{'S':'deleted'},'v':{'N':'1'}}");
    fixture.now_ms += MINUTE;
    struct transfer_export_request request = request_of("t");
    request.type = SLICE("INCREMENTAL_EXPORT");
    request.incremental_given = true;
    request.from_ms = fixture.now_ms;
    fixture_put(&fixture, "t", "{'pk':{'S':'changed'},'v':{'N':'2'}}");
    fixture_put(&fixture, "t", "{'pk':{'S':'passing'}}");
    fixture.now_ms += MINUTE;
    fixture_put(&fixture, "t", "{'pk':{'S':'changed'},'v':{'N':'3'}}");
    fixture_put(&fixture, "t", "{'pk':{'S':'new'},'v':{'N':'1'}}");
    remove_item("t", "{'pk':{'S':'deleted'}}");
    remove_item("t", "{'pk':{'S':'passing'}}");
    fixture.now_ms += 20 * MINUTE;
    request.to_ms = fixture.now_ms;
    fixture_put(&fixture, "t", "{'pk':{'S':'changed'},'v':{'N':'4'}}");
    fixture_put(&fixture, "t", "{'pk':{'S':'later'}}");
    remove_item("t", "{'pk':{'S':'new'}}");
    fixture.now_ms += MINUTE;
    return request;
}

Test(jobs, an_incremental_export_says_what_became_of_each_item) {
    struct transfer_export_request request = changes();
    struct transfer_export record = run_export(&request);
    cr_assert(slice_is(record.status, "COMPLETED"), "%.*s", SLICE_FORMAT(record.failure_message));
    cr_assert_eq(record.item_count, 3);
    cr_assert_eq(record.time_ms, 0);
    cr_assert_str_eq(change_lines(),
                     "{'Metadata':{'WriteTimestampMicros':{'N':'1700000180000000'}},'Keys':{'pk':{'S':'changed'}},"
                     "'OldImage':{'pk':{'S':'changed'},'v':{'N':'1'}},'NewImage':{'pk':{'S':'changed'},'v':{'N':'3'}}}\n"
                     "{'Metadata':{'WriteTimestampMicros':{'N':'1700000180000000'}},'Keys':{'pk':{'S':'deleted'}},"
                     "'OldImage':{'pk':{'S':'deleted'},'v':{'N':'1'}}}\n"
                     "{'Metadata':{'WriteTimestampMicros':{'N':'1700000180000000'}},'Keys':{'pk':{'S':'new'}},"
                     "'NewImage':{'pk':{'S':'new'},'v':{'N':'1'}}}\n");
}

Test(jobs, an_incremental_export_of_new_images) {
    struct transfer_export_request request = changes();
    request.view = SLICE("NEW_IMAGE");
    struct transfer_export record = run_export(&request);
    cr_assert(slice_is(record.status, "COMPLETED"), "%.*s", SLICE_FORMAT(record.failure_message));
    cr_assert_str_eq(change_lines(),
                     "{'Metadata':{'WriteTimestampMicros':{'N':'1700000180000000'}},'Keys':{'pk':{'S':'changed'}},"
                     "'NewImage':{'pk':{'S':'changed'},'v':{'N':'3'}}}\n"
                     "{'Metadata':{'WriteTimestampMicros':{'N':'1700000180000000'}},'Keys':{'pk':{'S':'deleted'}}}\n"
                     "{'Metadata':{'WriteTimestampMicros':{'N':'1700000180000000'}},'Keys':{'pk':{'S':'new'}},"
                     "'NewImage':{'pk':{'S':'new'},'v':{'N':'1'}}}\n");
}

/* ---- lists ---- */

Test(jobs, lists_are_newest_first_and_paged) {
    struct leat_slice arns[12];
    struct transfer_page page;
    struct transfer_list_request list = {.limit = 5};
    cr_assert_eq(transfer_export_list(service, &list, &arena, &page, &fault), LEAT_OK, "none yet");
    cr_assert_eq(page.count, 0u);
    fixture_table(&fixture, "t", false, LEAT_VIEW_NONE);
    recover("t");
    const struct transfer_export_request request = request_of("t");
    for (size_t i = 0; i < 12; i++) {
        arns[i] = run_export(&request).arn;
        fixture.now_ms += 1000;
    }
    size_t at = 12;
    do {
        cr_assert_eq(transfer_export_list(service, &list, &arena, &page, &fault), LEAT_OK, "%s", fault.message);
        for (size_t i = 0; i < page.count; i++) cr_assert(slice_equal(page.exports[i].arn, arns[--at]));
        list.next_token = arena_copy(&arena, slice_text(page.next_token));
    } while (page.next_token[0] != 0);
    cr_assert_eq(at, 0u);
    list = (struct transfer_list_request){.table_arn = request.table_arn};
    cr_assert_eq(transfer_export_list(service, &list, &arena, &page, &fault), LEAT_OK);
    cr_assert_eq(page.count, 10u, "the default");
    cr_assert_eq(strlen(page.next_token), 128u);
    list = (struct transfer_list_request){.next_token = slice_text(page.next_token)};
    cr_assert_eq(transfer_import_list(service, &list, &arena, &page, &fault), LEAT_VALIDATION, "of another list");
    struct leat_description description;
    cr_assert_eq(leat_table_delete(fixture.db, SLICE("t"), &description, &fault), LEAT_OK);
    leat_description_free(&description);
    list = (struct transfer_list_request){.table_arn = request.table_arn};
    cr_assert_eq(transfer_export_list(service, &list, &arena, &page, &fault), LEAT_OK);
    cr_assert_eq(page.count, 0u, "the table is gone");
    fixture.now_ms += 91 * 24 * 60 * (uint64_t)MINUTE;
    list = (struct transfer_list_request){.limit = 25};
    cr_assert_eq(transfer_export_list(service, &list, &arena, &page, &fault), LEAT_OK);
    cr_assert_eq(page.count, 0u, "90 days later");
}

/* ---- imports ---- */

static void write_object(const char *key, const char *text) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/buckets/one/%s", fixture.directory, key);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

static const struct leat_attribute pk[] = {{{(const uint8_t *)"pk", 2}, 'S'}};

static struct transfer_import_request import_of(struct leat_table *table, const char *name) {
    *table = (struct leat_table){.name = slice_text(name), .attributes = pk, .attribute_count = 1, .partition_key = SLICE("pk"),
                                 .billing = LEAT_PAY_PER_REQUEST};
    return (struct transfer_import_request){.bucket = SLICE("one"), .format = SLICE("DYNAMODB_JSON"), .table = table,
                                            .parameters_json = SLICE("{}")};
}

static struct transfer_import run_import(const struct transfer_import_request *request) {
    struct transfer_import record;
    cr_assert_eq(transfer_import_start(service, request, &arena, &record, &fault), LEAT_OK, "%s", fault.message);
    while (slice_is(record.status, "IN_PROGRESS")) {
        sleep_a_little();
        cr_assert_eq(transfer_import_get(service, record.arn, &arena, &record, &fault), LEAT_OK, "%s", fault.message);
    }
    cr_assert_neq(record.end_ms, 0);
    return record;
}

Test(jobs, an_import_counts_and_logs_what_is_wrong) {
    struct leat_table table;
    char path[256], line[1024];
    write_object("data.json", "{\"Item\":{\"pk\":{\"S\":\"1\"}}}\n{\"Item\":{\"other\":{\"S\":\"1\"}}}\n{\"Item\":{\"pk\":{\"N\":\"1\"}}}\n"
                              "{\"Item\":{\"pk\":{\"S\":\"2\"},\"n\":{\"N\":\"x\"}}}\n{\"Item\":{\"pk\":{\"S\":\"3\"}}}\n");
    write_object("data2.json", "{\"Item\":{\"pk\":{\"S\":\"4\"}}}\ngarbage\n{\"Item\":{\"pk\":{\"S\":\"5\"}}}\n");
    struct transfer_import_request request = import_of(&table, "new");
    struct transfer_import record = run_import(&request);
    cr_assert(slice_is(record.status, "FAILED"));
    cr_assert(slice_is(record.failure_code, "ItemValidationError"));
    cr_assert_eq(record.processed_items, 7);
    cr_assert_eq(record.imported_items, 3);
    cr_assert_eq(record.error_count, 4);
    cr_assert_str_neq(fixture_get(&fixture, "new", "{'pk':{'S':'3'}}"), "");
    (void)snprintf(path, sizeof path, "%s/logs/imports/%.*s.log", fixture.directory, SLICE_FORMAT(record.id));
    FILE *log = fopen(path, "r");
    cr_assert_not_null(log);
    size_t lines = 0;
    bool missing = false;
    while (fgets(line, sizeof line, log) != NULL) {
        lines++;
        cr_assert(strncmp(line, "{\"itemS3Pointer\":{\"bucket\":\"one\",\"key\":\"data", 44) == 0, "%s", line);
        missing = missing || (strstr(line, "\"key\":\"data.json\",\"itemIndex\":1}") != NULL &&
                              strstr(line, "One or more parameter values were invalid: Missing the key pk in the item") != NULL);
    }
    (void)fclose(log);
    cr_assert_eq(lines, 4u);
    cr_assert(missing);
}

Test(jobs, the_table_of_an_import_is_closed_until_it_ends) {
    struct leat_table table;
    struct leat_description description;
    fixture_table(&fixture, "old", false, LEAT_VIEW_NONE);
    struct transfer_import_request request = import_of(&table, "old");
    struct transfer_import record;
    cr_assert_eq(transfer_import_start(service, &request, &arena, &record, &fault), LEAT_RESOURCE_IN_USE);
    cr_assert_str_eq(fault.message, "Table already exists: old");
    request = import_of(&table, "new");
    record = run_import(&request);
    cr_assert(slice_is(record.status, "COMPLETED"));
    cr_assert_eq(record.processed_items, 0);
    cr_assert_eq(leat_table_describe(fixture.db, SLICE("new"), &description, &fault), LEAT_OK);
    cr_assert_eq(description.table.status, LEAT_ACTIVE);
    cr_assert_not(description.table.loading);
    leat_description_free(&description);
}

Test(jobs, an_import_without_a_bucket_leaves_no_table) {
    struct leat_table table;
    struct transfer_import_request request = import_of(&table, "new");
    request.bucket = SLICE("none");
    struct transfer_import record = run_import(&request);
    cr_assert(slice_is(record.failure_code, "S3NoSuchBucket"));
    cr_assert_neq(record.table_id.data, NULL);
    cr_assert_not(table_exists("new"));
}

Test(jobs, a_client_token_starts_one_import) {
    struct leat_table table, other;
    struct transfer_import_request request = import_of(&table, "new"), changed = import_of(&other, "newer");
    struct transfer_import record;
    request.client_token = changed.client_token = SLICE("token");
    struct transfer_import first = run_import(&request);
    cr_assert_eq(transfer_import_start(service, &request, &arena, &record, &fault), LEAT_RESOURCE_IN_USE);
    cr_assert_eq(transfer_import_start(service, &changed, &arena, &record, &fault), LEAT_IMPORT_CONFLICT);
    struct leat_description description;
    cr_assert_eq(leat_table_delete(fixture.db, SLICE("new"), &description, &fault), LEAT_OK);
    leat_description_free(&description);
    cr_assert_eq(transfer_import_start(service, &request, &arena, &record, &fault), LEAT_OK);
    cr_assert(slice_equal(record.arn, first.arn), "the old one; nothing is made");
    cr_assert_not(table_exists("new"));
}

Test(jobs, an_import_that_is_stopped_goes_on) {
    enum { ITEMS = 60000 };
    struct leat_table table;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/buckets/one/big.json", fixture.directory);
    FILE *file = fopen(path, "w");
    for (size_t i = 0; i < ITEMS; i++) (void)fprintf(file, "{\"Item\":{\"pk\":{\"S\":\"k%zu\"}}}\n", i);
    cr_assert_eq(fclose(file), 0);
    struct transfer_import_request request = import_of(&table, "new");
    struct transfer_import record;
    cr_assert_eq(transfer_import_start(service, &request, &arena, &record, &fault), LEAT_OK, "%s", fault.message);
    for (size_t stops = 0; slice_is(record.status, "IN_PROGRESS"); stops++) {
        cr_assert_lt(stops, 10000u);
        fixture.now_ms += 2000; /* a save is due */
        sleep_a_little();
        transfer_service_free(service);
        fixture_reopen(&fixture);
        start_service();
        cr_assert_eq(transfer_import_get(service, record.arn, &arena, &record, &fault), LEAT_OK);
    }
    cr_assert(slice_is(record.status, "COMPLETED"), "%.*s", SLICE_FORMAT(record.failure_message));
    cr_assert_eq(record.processed_items, ITEMS);
    cr_assert_eq(record.imported_items, ITEMS);
    cr_assert_eq(record.error_count, 0);
    struct leat_description description;
    cr_assert_eq(leat_table_describe(fixture.db, SLICE("new"), &description, &fault), LEAT_OK);
    cr_assert_eq(description.table.item_count, ITEMS);
    leat_description_free(&description);
}
