/* The memory limit. What a process holds (its resident set, as AWS counts it) is looked at while it works: limits of the address space
 * would stop Node at its start, which reserves gigabytes, and an allocation that fails is another fault than the one that AWS shows. A
 * limit of what it may write to (RLIMIT_DATA, in the launcher) stops those that grow faster than we look. */
#include <stdio.h>
#include <unistd.h>

#include "function/service.h"

static uint64_t resident_bytes(int pid) {
    char path[64];
    unsigned long long size = 0, resident = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/statm", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) return 0;
    if (fscanf(file, "%llu %llu", &size, &resident) != 2) resident = 0;
    (void)fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool is_over(struct function_process *process) {
    uint64_t limit = (uint64_t)process->version->configuration.memory_megabytes << 20;
    uint64_t now = process->pid > 0 ? resident_bytes(process->pid) : 0;
    if (now / 1024 > process->memory_kilobytes) process->memory_kilobytes = now / 1024;
    return now > limit;
}

/* The first that works and is over its limit. *working: how many work. */
static struct function_process *find(struct function_service *service, unsigned *working) {
    *working = 0;
    for (size_t i = 0; i < FUNCTION_POOL_BUCKETS; i++)
        for (struct function_pool *pool = service->pools[i]; pool != NULL; pool = pool->next_in_bucket)
            for (struct function_process *process = pool->others; process != NULL; process = process->next) {
                if (process->state != FUNCTION_BUSY && process->state != FUNCTION_STARTING) continue;
                ++*working;
                if (is_over(process)) return process;
            }
    return NULL;
}

static void look(uv_timer_t *timer) {
    struct function_service *service = timer->data;
    struct function_process *over;
    unsigned working;
    while ((over = find(service, &working)) != NULL) function_process_overgrown(over);
    if (working > 0) return;
    (void)uv_timer_stop(timer); /* nothing works: nothing to look at */
    service->memory_watched = false;
}

static void closed(uv_handle_t *handle) { function_service_handle_closed(handle->data); }

void function_memory_watch(struct function_service *service) {
    if (service->memory_watched || service->closing) return;
    if (!service->memory_made) {
        (void)uv_timer_init(net_loop_uv(service->work_loop), &service->memory_timer);
        service->memory_timer.data = service;
        service->memory_made = true;
        service->handles++;
    }
    service->memory_watched = true;
    (void)uv_timer_start(&service->memory_timer, look, FUNCTION_MEMORY_EVERY_MS, FUNCTION_MEMORY_EVERY_MS);
}

void function_memory_close(struct function_service *service) {
    if (service->memory_made) uv_close((uv_handle_t *)&service->memory_timer, closed);
}
