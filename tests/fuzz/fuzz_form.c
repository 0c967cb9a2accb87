/* Forms of the Query protocol: the first byte of the input chooses the operation, the rest is the form. What comes out is the JSON of an
 * object that can be decoded, or is refused for what it says. */
#include <stdlib.h>

#include "api/query.h"
#include "base/slice.h"

enum { ARENA_BYTES_MAX = 1 << 24 };

#define CHECK(truth) do { if (!(truth)) abort(); } while (0)

static const struct api_operation *choose(uint8_t number) {
    const struct api_operation *found = NULL;
    size_t count = 0;
    for (size_t i = 0; api_services[i] != NULL; i++)
        for (size_t k = 0; api_services[i]->query_version != NULL && api_services[i]->operations[k] != NULL; k++) count++;
    size_t left = number % count;
    for (size_t i = 0; api_services[i] != NULL && found == NULL; i++)
        for (size_t k = 0; api_services[i]->query_version != NULL && api_services[i]->operations[k] != NULL && found == NULL; k++)
            if (left-- == 0) found = api_services[i]->operations[k];
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    if (size < 1) return 0;
    const struct api_operation *operation = choose(data[0]);
    arena_init(&arena, ARENA_BYTES_MAX);
    struct form *form = form_read(slice_of(data + 1, size - 1), &arena);
    struct leat_slice json = form == NULL ? (struct leat_slice){NULL, 0} : form_to_json(form, operation->fields, &arena);
    if (json.data != NULL) {
        struct api_decoder decoder;
        struct leat_fault fault = {0};
        void *input = arena_zero(&arena, 1, operation->input_size);
        CHECK(input != NULL && json.size >= 2 && json.data[0] == '{' && json.data[json.size - 1] == '}');
        if (api_decoder_init(&decoder, &arena, json.size, &fault) == LEAT_OK) {
            enum leat_code code = api_decode(&decoder, operation->fields, json, input, &fault);
            CHECK(code == LEAT_OK || code == LEAT_SERIALIZATION || code == LEAT_NO_MEMORY);
            api_decoder_fini(&decoder);
        }
    }
    arena_fini(&arena);
    return 0;
}
