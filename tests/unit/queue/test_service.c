/* The room with a clock of its own: retention, delays, deduplication and redrive over days, over both backends, and over a restart. */
#include <unistd.h>

#include "../db/fixture.h"
#include "queue/queue.h"
#include "queue/store.h"

enum { SECOND = 1000, DAY = 24 * 3600 * SECOND };

struct scene {
    struct fixture f;
    struct net_loop *loop;
    struct queue_service *service;
    struct arena arena;
};

static void pass(struct scene *scene, uint64_t ms) {
    scene->f.now_ms += ms;
    leat_clock_moved(scene->f.db);
}

static void begin(struct scene *scene) {
    cr_assert_eq(net_loop_new("test", &scene->loop, &scene->f.fault), LEAT_OK);
    cr_assert_eq(net_loop_start(scene->loop, &scene->f.fault), LEAT_OK);
    const struct queue_service_options options = {.db = scene->f.db, .loop = scene->loop, .region = "us-east-1",
                                                  .account = "000000000000"};
    cr_assert_eq(queue_service_new(&options, &scene->service, &scene->f.fault), LEAT_OK, "%s", scene->f.fault.message);
}

static void end(struct scene *scene) {
    queue_service_free(scene->service);
    net_loop_stop(scene->loop);
}

static void scene_open(struct scene *scene, const char *backend) {
    fixture_open(&scene->f, backend);
    arena_init(&scene->arena, 64 << 20);
    begin(scene);
}

static void scene_restart(struct scene *scene) {
    end(scene);
    fixture_reopen(&scene->f);
    begin(scene);
}

static void scene_close(struct scene *scene) {
    end(scene);
    arena_fini(&scene->arena);
    fixture_close(&scene->f);
}

/* ---- one operation, waited for ---- */

struct visit {
    struct net_task task;
    struct queue_service *service;
    struct queue_operation *operation;
    void (*run)(struct queue_service *service, struct queue_operation *operation);
    uv_sem_t done;
};

static void visit_run(struct net_task *task) {
    struct visit *visit = (struct visit *)(void *)task;
    visit->run(visit->service, visit->operation);
}

static void visit_done(struct queue_operation *operation) { uv_sem_post(&((struct visit *)operation->context)->done); }

static enum queue_error perform(struct scene *scene, const char *name, struct queue_operation *operation,
                                void (*run)(struct queue_service *service, struct queue_operation *operation)) {
    struct visit visit = {.task.run = visit_run, .service = scene->service, .operation = operation, .run = run};
    cr_assert_eq(uv_sem_init(&visit.done, 0), 0);
    operation->name = slice_text(name);
    operation->arena = &scene->arena;
    operation->done = visit_done;
    operation->context = &visit;
    net_loop_post(scene->loop, &visit.task);
    uv_sem_wait(&visit.done);
    uv_sem_destroy(&visit.done);
    return operation->fault.error;
}

static void run_control(struct queue_service *service, struct queue_operation *operation) {
    queue_control(service, (struct queue_control *)(void *)operation);
}
static void run_send(struct queue_service *service, struct queue_operation *operation) {
    queue_send(service, (struct queue_send *)(void *)operation);
}
static void run_receive(struct queue_service *service, struct queue_operation *operation) {
    queue_receive(service, (struct queue_receive *)(void *)operation);
}
static void run_delete(struct queue_service *service, struct queue_operation *operation) {
    queue_delete(service, (struct queue_touch *)(void *)operation);
}
static void run_describe(struct queue_service *service, struct queue_operation *operation) {
    queue_describe(service, (struct queue_description *)(void *)operation);
}

static enum queue_error control(struct scene *scene, const char *name, enum queue_change change, const char *attribute, const char *value) {
    const struct queue_pair pairs[] = {{slice_text(attribute), slice_text(value)}, {SLICE("FifoQueue"), SLICE("true")}};
    bool fifo = change == QUEUE_CREATE && strstr(name, ".fifo") != NULL;
    struct queue_control control = {.change = change, .attributes = attribute != NULL ? pairs : pairs + 1,
                                    .attribute_count = (size_t)(attribute != NULL) + fifo};
    return perform(scene, name, &control.operation, run_control);
}

static enum queue_error send_to(struct scene *scene, const char *name, const char *body, const char *deduplication) {
    struct queue_entry entry = {.body = slice_text(body), .deduplication = slice_text(deduplication),
                                .group = slice_text(deduplication != NULL ? "g" : NULL)};
    struct queue_send send = {.entries = &entry, .count = 1};
    enum queue_error error = perform(scene, name, &send.operation, run_send);
    return error != QUEUE_OK ? error : entry.fault.error;
}

/* The body of the one that is received ("": none), and its handle in *handle. */
static const char *receive(struct scene *scene, const char *name, char handle[QUEUE_HANDLE_SIZE]) {
    struct queue_receive receive = {.max = 1};
    cr_assert_eq(perform(scene, name, &receive.operation, run_receive), QUEUE_OK, "%s", receive.operation.fault.message);
    if (receive.count == 0) return "";
    cr_assert_eq(queue_read(scene->service, &receive, &scene->f.fault), LEAT_OK, "%s", scene->f.fault.message);
    cr_assert_not(receive.messages[0].gone);
    const char *body = (const char *)arena_copy(&scene->arena, receive.messages[0].body).data;
    if (handle != NULL) memcpy(handle, receive.messages[0].handle, QUEUE_HANDLE_SIZE);
    queue_read_end(&receive);
    return body;
}

static enum queue_error delete_from(struct scene *scene, const char *name, const char *handle) {
    struct queue_touched entry = {.handle = slice_text(handle)};
    struct queue_touch touch = {.entries = &entry, .count = 1};
    enum queue_error error = perform(scene, name, &touch.operation, run_delete);
    return error != QUEUE_OK ? error : entry.fault.error;
}

static void expect_counts(struct scene *scene, const char *name, const char *visible, const char *in_flight, const char *delayed) {
    static const char *const names[] = {"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
                                        "ApproximateNumberOfMessagesDelayed"};
    const char *const expected[] = {visible, in_flight, delayed};
    for (int i = 0; i < 3; i++) {
        struct leat_slice wanted = slice_text(names[i]);
        struct queue_description description = {.wanted = &wanted, .wanted_count = 1};
        cr_assert_eq(perform(scene, name, &description.operation, run_describe), QUEUE_OK);
        cr_assert_eq(description.attribute_count, 1u);
        cr_assert(slice_is(description.attributes[0].value, expected[i]), "%s: %.*s instead of %s", names[i],
                  SLICE_FORMAT(description.attributes[0].value), expected[i]);
    }
}

/* Items left in a table, over all stores. */
static size_t items_in(struct scene *scene, const char *table) {
    struct leat_result result = {0};
    const struct leat_query scan = {.table = slice_text(table)};
    cr_assert_eq(leat_query(scene->f.db, &scan, &result, &scene->f.fault), LEAT_OK, "%s", scene->f.fault.message);
    size_t count = result.count;
    leat_result_free(&result);
    return count;
}

static void wait_empty(struct scene *scene, const char *table) {
    for (int i = 0; i < 1000 && items_in(scene, table) > 0; i++) (void)usleep(5000);
    cr_assert_eq(items_in(scene, table), 0u);
}

/* ---- what time does ---- */

static void messages_expire(const char *backend) {
    struct scene scene = {.loop = NULL};
    scene_open(&scene, backend);
    cr_assert_eq(control(&scene, "q", QUEUE_CREATE, "MessageRetentionPeriod", "86400"), QUEUE_OK);
    cr_assert_eq(send_to(&scene, "q", "first", NULL), QUEUE_OK);
    pass(&scene, DAY / 2);
    cr_assert_eq(send_to(&scene, "q", "second", NULL), QUEUE_OK);
    cr_assert_str_eq(receive(&scene, "q", NULL), "first", "and so it is in flight when its time is over");
    pass(&scene, DAY / 2);
    expect_counts(&scene, "q", "1", "0", "0");
    cr_assert_str_eq(receive(&scene, "q", NULL), "second");
    cr_assert_eq(control(&scene, "q", QUEUE_SET, "MessageRetentionPeriod", "60"), QUEUE_OK);
    expect_counts(&scene, "q", "0", "0", "0");
    wait_empty(&scene, STORE_MESSAGES);
    wait_empty(&scene, STORE_DELIVERIES);
    scene_close(&scene);
}

Test(queue_service, messages_expire_in_memory) { messages_expire("memory"); }
Test(queue_service, messages_expire_on_disk) { messages_expire("lmdb"); }

Test(queue_service, visibility_and_delays_follow_the_clock_over_a_restart) {
    struct scene scene = {.loop = NULL};
    scene_open(&scene, "lmdb");
    cr_assert_eq(control(&scene, "q", QUEUE_CREATE, "DelaySeconds", "900"), QUEUE_OK);
    cr_assert_eq(send_to(&scene, "q", "x", NULL), QUEUE_OK);
    pass(&scene, 899 * SECOND);
    scene_restart(&scene);
    expect_counts(&scene, "q", "0", "0", "1");
    cr_assert_str_eq(receive(&scene, "q", NULL), "");
    pass(&scene, SECOND);
    cr_assert_str_eq(receive(&scene, "q", NULL), "x");
    pass(&scene, 29 * SECOND);
    scene_restart(&scene);
    expect_counts(&scene, "q", "0", "1", "0");
    cr_assert_str_eq(receive(&scene, "q", NULL), "");
    pass(&scene, SECOND);
    char handle[QUEUE_HANDLE_SIZE];
    cr_assert_str_eq(receive(&scene, "q", handle), "x");
    scene_restart(&scene);
    cr_assert_eq(delete_from(&scene, "q", handle), QUEUE_OK);
    expect_counts(&scene, "q", "0", "0", "0");
    cr_assert_eq(items_in(&scene, STORE_MESSAGES), 0u);
    cr_assert_eq(items_in(&scene, STORE_DELIVERIES), 0u);
    scene_close(&scene);
}

Test(queue_service, a_deduplication_id_counts_for_five_minutes) {
    struct scene scene = {.loop = NULL};
    char handle[QUEUE_HANDLE_SIZE];
    scene_open(&scene, "lmdb");
    cr_assert_eq(control(&scene, "q.fifo", QUEUE_CREATE, NULL, NULL), QUEUE_OK);
    cr_assert_eq(send_to(&scene, "q.fifo", "one", "id"), QUEUE_OK);
    cr_assert_str_eq(receive(&scene, "q.fifo", handle), "one");
    cr_assert_eq(delete_from(&scene, "q.fifo", handle), QUEUE_OK);
    cr_assert_eq(items_in(&scene, STORE_MESSAGES), 1u, "a stone");
    pass(&scene, 299 * SECOND);
    scene_restart(&scene);
    cr_assert_eq(send_to(&scene, "q.fifo", "two", "id"), QUEUE_OK);
    expect_counts(&scene, "q.fifo", "0", "0", "0");
    pass(&scene, SECOND);
    cr_assert_eq(send_to(&scene, "q.fifo", "three", "id"), QUEUE_OK);
    cr_assert_str_eq(receive(&scene, "q.fifo", handle), "three");
    cr_assert_eq(delete_from(&scene, "q.fifo", handle), QUEUE_OK);
    pass(&scene, 300 * SECOND);
    wait_empty(&scene, STORE_MESSAGES); /* the sweeper comes */
    scene_close(&scene);
}

Test(queue_service, handles_of_others_and_of_old_receives) {
    struct scene scene = {.loop = NULL};
    char old[QUEUE_HANDLE_SIZE], handle[QUEUE_HANDLE_SIZE];
    scene_open(&scene, "memory");
    cr_assert_eq(control(&scene, "a.fifo", QUEUE_CREATE, NULL, NULL), QUEUE_OK);
    cr_assert_eq(control(&scene, "b.fifo", QUEUE_CREATE, NULL, NULL), QUEUE_OK);
    cr_assert_eq(send_to(&scene, "a.fifo", "x", "1"), QUEUE_OK);
    cr_assert_str_eq(receive(&scene, "a.fifo", old), "x");
    cr_assert_eq(delete_from(&scene, "b.fifo", old), QUEUE_RECEIPT_HANDLE_IS_INVALID);
    for (size_t i = 0; old[i] != 0; i++) { /* no byte of it may be another */
        char broken[QUEUE_HANDLE_SIZE];
        memcpy(broken, old, sizeof broken);
        broken[i] = broken[i] == 'A' ? 'B' : 'A';
        cr_assert_eq(delete_from(&scene, "a.fifo", broken), QUEUE_RECEIPT_HANDLE_IS_INVALID, "byte %zu", i);
    }
    pass(&scene, 30 * SECOND);
    cr_assert_eq(delete_from(&scene, "a.fifo", old), QUEUE_INVALID_PARAMETER_VALUE, "its time is over");
    cr_assert_str_eq(receive(&scene, "a.fifo", handle), "x");
    cr_assert_eq(delete_from(&scene, "a.fifo", old), QUEUE_INVALID_PARAMETER_VALUE);
    cr_assert_eq(delete_from(&scene, "a.fifo", handle), QUEUE_OK);
    cr_assert_eq(delete_from(&scene, "a.fifo", handle), QUEUE_OK, "what is gone already is no fault");
    scene_close(&scene);
}

Test(queue_service, what_a_deleted_queue_leaves_is_swept_also_by_the_next_start) {
    struct scene scene = {.loop = NULL};
    scene_open(&scene, "lmdb");
    cr_assert_eq(control(&scene, "q", QUEUE_CREATE, NULL, NULL), QUEUE_OK);
    for (int i = 0; i < 300; i++) cr_assert_eq(send_to(&scene, "q", "x", NULL), QUEUE_OK);
    cr_assert_str_eq(receive(&scene, "q", NULL), "x");
    cr_assert_eq(control(&scene, "q", QUEUE_DELETE, NULL, NULL), QUEUE_OK);
    scene_restart(&scene);
    cr_assert_eq(send_to(&scene, "q", "x", NULL), QUEUE_DOES_NOT_EXIST);
    wait_empty(&scene, STORE_MESSAGES);
    wait_empty(&scene, STORE_DELIVERIES);
    scene_close(&scene);
}

Test(queue_service, digests) {
    char md5[QUEUE_MD5_SIZE];
    queue_md5(SLICE("hello"), md5);
    cr_assert_str_eq(md5, "5d41402abc4b2a76b9719d911017c592");
    const struct queue_attribute attributes[] = { /* as recorded of AWS */
        {SLICE("Author"), SLICE("String"), SLICE("John Grisham"), false},
        {SLICE("Title"), SLICE("String"), SLICE("The Whistler"), false},
        {SLICE("WeeksOn"), SLICE("Number"), SLICE("6"), false},
    };
    queue_md5_attributes(attributes, 3, md5);
    cr_assert_str_eq(md5, "d25a6aea97eb8f585bfa92d314504a92");
    queue_md5_attributes(NULL, 0, md5);
    cr_assert_str_eq(md5, "");
}
