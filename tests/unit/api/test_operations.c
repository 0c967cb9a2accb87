/* The declarations of all operations hold together: what the compiler cannot see in tables. */
#include <criterion/criterion.h>
#include <string.h>

#include "api/api.h"

enum { OPERATIONS_MIN = 20, DEPTH_MAX = 8 };

static size_t member_size(const struct api_field *field) {
    switch (field->kind) {
    case API_ENUM: return sizeof(struct api_enum);
    case API_INTEGER:
    case API_TIMESTAMP: return sizeof(struct api_integer);
    case API_BOOLEAN: return sizeof(struct api_boolean);
    case API_STRUCT: return sizeof(void *);
    case API_LIST:
    case API_MAP: return sizeof(struct api_list);
    default: return sizeof(struct leat_slice);
    }
}

static void check_field(const char *operation, const struct api_field *field, size_t size, unsigned depth);

static void check_fields(const char *operation, const struct api_field *fields, size_t size, unsigned depth) {
    cr_assert_lt(depth, DEPTH_MAX, "%s", operation);
    for (const struct api_field *field = fields; field->name != NULL; field++) {
        check_field(operation, field, size, depth);
        for (const struct api_field *other = fields; other < field; other++) {
            cr_expect_str_neq(other->name, field->name, "%s: %s twice", operation, field->name);
            bool apart = other->offset + member_size(other) <= field->offset || field->offset + member_size(field) <= other->offset;
            cr_expect(apart, "%s: %s and %s share a member", operation, field->name, other->name);
        }
    }
}

static void check_element(const char *operation, const struct api_field *field, unsigned depth) {
    const struct api_field *element = field->element;
    cr_assert_not_null(element, "%s: %s has no element", operation, field->name);
    size_t key = field->kind == API_MAP ? sizeof(struct leat_slice) : 0;
    if (element->kind != API_STRUCT) {
        cr_expect_geq(element->offset, key, "%s: %s", operation, field->name);
        check_field(operation, element, field->size, depth + 1);
        return;
    }
    cr_assert_not_null(element->fields, "%s: %s", operation, field->name);
    for (const struct api_field *inner = element->fields; inner->name != NULL; inner++)
        cr_expect_geq(inner->offset, key, "%s: %s.%s lies on the key", operation, field->name, inner->name);
    cr_expect_not_null(element->type, "%s: %s", operation, field->name);
    check_fields(operation, element->fields, field->size, depth + 1);
}

static void check_field(const char *operation, const struct api_field *field, size_t size, unsigned depth) {
    cr_expect_leq(field->offset + member_size(field), size, "%s: %s lies outside", operation, field->name);
    cr_expect(field->max == 0 || field->min <= field->max, "%s: %s", operation, field->name);
    cr_expect_eq(field->choices != NULL, field->kind == API_ENUM, "%s: choices of %s", operation, field->name);
    cr_expect(field->pattern == NULL || field->kind == API_STRING, "%s: pattern of %s", operation, field->name);
    if (field->kind == API_STRUCT) {
        cr_assert(field->fields != NULL && field->type != NULL && field->size > 0, "%s: %s", operation, field->name);
        check_fields(operation, field->fields, field->size, depth + 1);
    }
    if (field->kind == API_LIST || field->kind == API_MAP) check_element(operation, field, depth);
}

static void check_path(const struct api_operation *operation) {
    cr_assert(operation->method != NULL && operation->path != NULL && operation->path[0] == '/', "%s", operation->name);
    for (const char *at = strchr(operation->path, '{'); at != NULL; at = strchr(at + 1, '{')) {
        size_t size = strcspn(at + 1, "}");
        bool found = false;
        for (const struct api_field *field = operation->fields; field != NULL && field->name != NULL; field++)
            found |= field->location == API_IN_PATH && strlen(field->name) == size && memcmp(field->name, at + 1, size) == 0;
        cr_expect(found, "%s: no field for %s", operation->name, at);
    }
}

Test(api_operations, declarations_hold_together) {
    size_t count = 0;
    for (size_t i = 0; api_services[i] != NULL; i++) {
        const struct api_service *service = api_services[i];
        cr_assert(service->fail != NULL && service->content_type != NULL, "%s", service->name);
        for (size_t k = 0; service->operations[k] != NULL; k++, count++) {
            const struct api_operation *operation = service->operations[k];
            cr_assert_not_null(operation->run, "%s", operation->name);
            cr_expect_eq(operation->fields != NULL, operation->input_size > 0, "%s", operation->name);
            if (operation->fields != NULL) check_fields(operation->name, operation->fields, operation->input_size, 0);
            if (service->target == NULL) check_path(operation);
            for (size_t other = 0; other < k; other++)
                cr_expect_str_neq(service->operations[other]->name, operation->name);
        }
    }
    cr_expect_geq(count, OPERATIONS_MIN);
}
