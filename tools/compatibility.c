/* Prints docs/COMPATIBILITY.md: AWS's operations (tools/aws-operations) beside what leat's operation tables declare.
 *
 *   compatibility tools/aws-operations > docs/COMPATIBILITY.md
 *
 * Fails on an operation or a member of a request that leat declares and AWS does not have: most likely a misspelt name. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"

enum { SERVICES_MAX = 8, OPERATIONS_MAX = 128, MEMBERS_MAX = 64, FILE_MAX = 1 << 20, PATH_MAX_CHARACTERS = 512, DEPTH_MAX = 8 };

struct member { const char *name; bool required; };
struct operation {
    const char *name;
    struct member members[MEMBERS_MAX];
    size_t member_count;
    const struct api_operation *served; /* NULL: not */
};
struct service {
    const char *name;
    struct operation operations[OPERATIONS_MAX];
    size_t operation_count, served_count;
    const struct api_service *served;
};

/* members that leat has beside AWS's: code that stays in a folder of the machine (docs/FUNCTIONS.md) */
static const char *const own_members[] = {"Directory", NULL};

static struct service services[SERVICES_MAX];
static size_t service_count;
static char file[FILE_MAX];
static bool failed;

static void complain(const char *what, const char *operation, const char *name) {
    (void)fprintf(stderr, "compatibility: %s: %s %s\n", operation, what, name);
    failed = true;
}

static void *next(void *array, size_t *count, size_t max, size_t size) {
    if (*count == max) {
        (void)fprintf(stderr, "compatibility: more than %zu of a kind\n", max);
        exit(EXIT_FAILURE);
    }
    return (char *)array + (*count)++ * size;
}

/* ---- AWS's operations ---- */

static void read_operation(char *line, struct service *service) {
    char *rest = NULL;
    struct operation *operation = next(service->operations, &service->operation_count, OPERATIONS_MAX, sizeof *operation);
    operation->name = strtok_r(line, " ", &rest);
    for (char *word; (word = strtok_r(NULL, " ", &rest)) != NULL;) {
        struct member *member = next(operation->members, &operation->member_count, MEMBERS_MAX, sizeof *member);
        size_t size = strlen(word);
        member->name = word;
        member->required = word[size - 1] == '!';
        if (member->required) word[size - 1] = 0;
    }
}

static void read_services(const char *path) {
    FILE *in = fopen(path, "r");
    size_t size = in == NULL ? 0 : fread(file, 1, sizeof file - 1, in);
    char *rest = NULL;
    if (size == 0) {
        (void)fprintf(stderr, "compatibility: %s: %s\n", path, strerror(errno));
        exit(EXIT_FAILURE);
    }
    (void)fclose(in);
    for (char *line = strtok_r(file, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        if (line[0] == '#') continue;
        if (line[0] == '[') {
            struct service *service = next(services, &service_count, SERVICES_MAX, sizeof *service);
            line[strcspn(line, "]")] = 0;
            service->name = line + 1;
        } else if (service_count > 0) {
            read_operation(line, &services[service_count - 1]);
        }
    }
}

/* ---- beside leat's ---- */

static const struct api_field *find_field(const struct api_field *fields, const char *name) {
    for (; fields != NULL && fields->name != NULL; fields++)
        if (strcmp(fields->name, name) == 0) return fields;
    return NULL;
}

static const struct member *find_member(const struct operation *operation, const char *name) {
    for (size_t i = 0; i < operation->member_count; i++)
        if (strcmp(operation->members[i].name, name) == 0) return &operation->members[i];
    return NULL;
}

static bool is_own(const char *name) {
    for (const char *const *own = own_members; *own != NULL; own++)
        if (strcmp(*own, name) == 0) return true;
    return false;
}

static void match_operation(struct service *service, const struct api_operation *served) {
    struct operation *operation = service->operations;
    struct operation *end = operation + service->operation_count;
    while (operation < end && strcmp(operation->name, served->name) != 0) operation++;
    if (operation == end) {
        complain("is not an operation of", served->name, service->name);
        return;
    }
    operation->served = served;
    service->served_count++;
    for (const struct api_field *field = served->fields; field != NULL && field->name != NULL; field++)
        if (find_member(operation, field->name) == NULL && !is_own(field->name)) complain("AWS has no member", served->name, field->name);
}

static void match_service(struct service *service) {
    for (const struct api_service *const *each = api_services; *each != NULL; each++)
        if (strcmp((*each)->name, service->name) == 0) service->served = *each;
    if (service->served == NULL) {
        complain("is not served", service->name, "at all");
        return;
    }
    for (const struct api_operation *const *each = service->served->operations; *each != NULL; each++)
        match_operation(service, *each);
}

/* ---- in words ---- */

static const char *kind_of(const struct api_field *field) {
    static const char *const names[] = {
        [API_STRING] = "string",          [API_ENUM] = "choice",           [API_INTEGER] = "integer",
        [API_BOOLEAN] = "boolean",        [API_TIMESTAMP] = "time",        [API_BLOB] = "base64",
        [API_ITEM] = "attribute map",     [API_NAMES] = "map of strings",  [API_VALUES] = "attribute map",
        [API_RAW] = "JSON",               [API_PAYLOAD] = "body",          [API_STRUCT] = "structure",
        [API_LIST] = "list",              [API_MAP] = "map",                [API_VALUE] = "attribute value",
    };
    return names[field->kind];
}

static const char *place_of(const struct api_field *field) {
    static const char *const names[] = {
        [API_IN_BODY] = "", [API_IN_PATH] = " in the path", [API_IN_QUERY] = " in the query", [API_IN_HEADER] = " in a header"};
    return names[field->location];
}

static void print_limits(const struct api_field *field) {
    const char *unit = field->kind == API_INTEGER ? "" : field->kind == API_LIST || field->kind == API_MAP ? " elements" : " characters";
    const char *between = "";
    if (field->max != 0 && field->max != INT64_MAX) printf("%" PRId64 " to %" PRId64 "%s", field->min, field->max, unit);
    else if (field->min != 0) printf("at least %" PRId64 "%s", field->min, unit);
    if (field->min != 0 || field->max != 0) between = ", ";
    if (field->pattern != NULL) {
        printf("%s`%s`", between, field->pattern);
        between = ", ";
    }
    for (const struct api_choice *choice = field->choices; choice != NULL && choice->text != NULL; choice++) {
        printf("%s%s", between, choice->text);
        between = ", ";
    }
    if (field->or_arn) {
        printf("%sor an ARN", between);
        between = ", ";
    }
    if (is_own(field->name)) printf("%sleat's own", between);
}

static void print_fields(const struct api_field *fields, const struct operation *operation, const char *before, int depth);

/* `path` names the field; what is inside it follows, named `path.member` or `path[].member`. */
static void print_inner(const struct api_field *field, const char *path, int depth) {
    char inner[PATH_MAX_CHARACTERS];
    const struct api_field *element = field->element;
    if (depth == DEPTH_MAX) return;
    if (field->kind == API_STRUCT && field->fields != NULL) {
        (void)snprintf(inner, sizeof inner, "%s.", path);
        print_fields(field->fields, NULL, inner, depth + 1);
    }
    if ((field->kind != API_LIST && field->kind != API_MAP) || element == NULL) return;
    (void)snprintf(inner, sizeof inner, "%s%s", path, field->kind == API_LIST ? "[]" : "{}");
    if (element->kind != API_STRUCT) {
        printf("| %s | %s | | ", inner, kind_of(element));
        print_limits(element);
        printf(" |\n");
    }
    print_inner(element, inner, depth + 1);
}

/* `operation` is given for the outermost members only: AWS's list knows which of them are required even where leat's table leaves
 * that to the operation's own check. */
static void print_fields(const struct api_field *fields, const struct operation *operation, const char *before, int depth) {
    for (const struct api_field *field = fields; field != NULL && field->name != NULL; field++) {
        const struct member *member = operation != NULL ? find_member(operation, field->name) : NULL;
        char path[PATH_MAX_CHARACTERS];
        (void)snprintf(path, sizeof path, "%s%s", before, field->name);
        printf("| %s | %s%s | %s | ", path, kind_of(field), place_of(field),
               field->required || (member != NULL && member->required) ? "yes" : "");
        print_limits(field);
        printf(" |\n");
        print_inner(field, path, depth);
    }
}

static void print_served(const struct operation *operation) {
    size_t missing = 0;
    printf("\n#### %s\n\n", operation->name);
    if (operation->served->fields == NULL || operation->served->fields->name == NULL) printf("No members are read.\n");
    else {
        printf("| member | kind | required | limits |\n|---|---|---|---|\n");
        print_fields(operation->served->fields, operation, "", 0);
    }
    for (size_t i = 0; i < operation->member_count; i++) {
        if (find_field(operation->served->fields, operation->members[i].name) != NULL) continue;
        printf("%s%s", missing++ == 0 ? "\nIgnored: " : ", ", operation->members[i].name);
    }
    if (missing > 0) printf("\n");
}

static void print_service(const struct service *service) {
    const char *between = "";
    printf("\n## %s\n\n### Not served\n\n", service->name);
    for (size_t i = 0; i < service->operation_count; i++) {
        if (service->operations[i].served != NULL) continue;
        printf("%s%s", between, service->operations[i].name);
        between = ", ";
    }
    printf("%s\n\n### Served\n", between[0] != 0 ? "" : "Nothing is left out.");
    for (size_t i = 0; i < service->operation_count; i++)
        if (service->operations[i].served != NULL) print_served(&service->operations[i]);
}

static void print_opening(void) {
    printf("# Compatibility\n\n"
           "<!-- Written by `make compatibility`; do not edit. -->\n\n"
           "What leat serves of AWS's interfaces, from its own operation tables (`src/api`) and the operations in AWS's public service\n"
           "models (`tools/aws-operations`).\n\n"
           "- An operation that is not served answers `UnknownOperationException`.\n"
           "- A member under \"Ignored\", and one that AWS does not know, may be sent and has no effect.\n"
           "- `a.b` is the member b of the structure a, `a[]` an element of the list a, `a{}` a value of the map a.\n"
           "- The limits are those held while the request is read. Expressions, items and keys have further ones, which are AWS's.\n"
           "- Consumed capacity is AWS's. Tables with provisioned throughput are held to it only by `leat serve --throttle`.\n\n"
           "| service | operations served | of |\n|---|---|---|\n");
    for (size_t i = 0; i < service_count; i++)
        printf("| %s | %zu | %zu |\n", services[i].name, services[i].served_count, services[i].operation_count);
}

int main(int count, char **words) {
    if (count != 2) {
        (void)fprintf(stderr, "usage: compatibility FILE\n");
        return 2;
    }
    read_services(words[1]);
    for (size_t i = 0; i < service_count; i++) match_service(&services[i]);
    if (failed) return EXIT_FAILURE;
    print_opening();
    for (size_t i = 0; i < service_count; i++) print_service(&services[i]);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
