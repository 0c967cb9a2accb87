/* The runtimes' own programs, carried inside of leat. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "function/code.h"
#include "function/service.h"

#define EMBED(symbol, path)                                                                                            \
    __asm__(".pushsection .rodata\n"                                                                                   \
            ".global " #symbol "\n.hidden " #symbol "\n" #symbol ":\n"                                                 \
            ".incbin \"" path "\"\n"                                                                                   \
            ".global " #symbol "_end\n.hidden " #symbol "_end\n" #symbol "_end:\n.byte 0\n"                            \
            ".popsection\n")

EMBED(function_bootstrap_python, "src/function/bootstrap/python.py");
EMBED(function_bootstrap_node, "src/function/bootstrap/node.mjs");

extern const uint8_t function_bootstrap_python[], function_bootstrap_python_end[];
extern const uint8_t function_bootstrap_node[], function_bootstrap_node_end[];

static enum leat_code write_file(const char *path, const uint8_t *begin, const uint8_t *end, struct leat_fault *fault) {
    char unfinished[4300];
    (void)snprintf(unfinished, sizeof unfinished, "%s.new", path);
    int fd = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return fault_errno(fault, errno, "cannot write a runtime's program");
    ssize_t written = write(fd, begin, (size_t)(end - begin));
    int error = written == end - begin ? 0 : (written < 0 ? errno : ENOSPC);
    (void)close(fd);
    if (error == 0 && rename(unfinished, path) != 0) error = errno;
    return error == 0 ? LEAT_OK : fault_errno(fault, error, "cannot write a runtime's program");
}

enum leat_code function_bootstrap_path(struct function_service *service, bool node, struct arena *arena,
                                       struct leat_slice *out, struct leat_fault *fault) {
    struct leat_slice directory = arena_print(arena, "%s/functions/.runtime", service->directory);
    *out = arena_print(arena, "%s/functions/.runtime/%s", service->directory, node ? "node.mjs" : "python.py");
    if (directory.data == NULL || out->data == NULL) return fault_memory(fault);
    bool *written = node ? &service->node_written : &service->python_written;
    if (*written) return LEAT_OK;
    TRY(function_code_make_directory((const char *)directory.data, fault));
    TRY(write_file((const char *)out->data, node ? function_bootstrap_node : function_bootstrap_python,
                   node ? function_bootstrap_node_end : function_bootstrap_python_end, fault));
    *written = true;
    return LEAT_OK;
}
