#include "base/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"

/* A message that was cut may end in the middle of a character, which would spoil the JSON it goes into. */
static void fault_trim(char *message, size_t size) {
    size_t last = size;
    while (last > 0 && size - last < 3 && ((uint8_t)message[last - 1] & 0xc0) == 0x80) last--;
    if (last == 0 || ((uint8_t)message[last - 1] & 0x80) == 0) return;
    if (utf8_sequence((const uint8_t *)message + last - 1, size - last + 1) == 0) message[last - 1] = 0;
}

enum leat_code fault_set(struct leat_fault *fault, enum leat_code code, const char *format, ...) {
    if (fault == NULL) return code;
    fault->code = code;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(fault->message, sizeof fault->message, format, arguments);
    va_end(arguments);
    if (size >= (int)sizeof fault->message) fault_trim(fault->message, sizeof fault->message - 1);
    return code;
}

enum leat_code fault_errno(struct leat_fault *fault, int error_number, const char *what) {
    enum leat_code code = LEAT_IO;
    if (error_number == ENOSPC || error_number == EDQUOT) code = LEAT_STORE_FULL;
    if (error_number == ENOMEM) code = LEAT_NO_MEMORY;
    char words[128];
    /* the GNU form returns the text; it may or may not use the buffer */
    const char *text = strerror_r(error_number, words, sizeof words);
    return fault_set(fault, code, "%s: %s", what, text);
}

void fault_copy(struct leat_fault *to, const struct leat_fault *from) {
    to->code = from->code;
    memcpy(to->message, from->message, strnlen(from->message, sizeof from->message - 1) + 1);
    to->message[sizeof to->message - 1] = 0;
}

enum leat_code fault_memory(struct leat_fault *fault) {
    return fault_set(fault, LEAT_NO_MEMORY, "out of memory");
}

const char *fault_name(enum leat_code code) {
    switch (code) {
#define FAULT_NAME(name, aws) \
    case LEAT_##name:         \
        return aws;
        LEAT_CODES(FAULT_NAME)
#undef FAULT_NAME
    }
    return "InternalServerError";
}

struct leat_slice fault_reason(enum leat_code code) {
    static const char tail[] = "Exception";
    const char *name = fault_name(code);
    if (code == LEAT_OK) name = "None";
    if (code == LEAT_VALIDATION) name = "ValidationError";
    if (code == LEAT_BUSY) name = "ThrottlingError";
    size_t size = strlen(name), tail_size = sizeof tail - 1;
    if (size > tail_size && strcmp(name + size - tail_size, tail) == 0) size -= tail_size;
    return (struct leat_slice){(const uint8_t *)name, size};
}
