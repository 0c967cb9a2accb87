/* AttributeUpdates. Source: DynamoDB Developer Guide, "AttributeUpdates (legacy)". */
#include "api/dynamodb/legacy.h"
#include "base/slice.h"

#define INVALID "One or more parameter values were invalid: "

static const struct api_choice action_choices[] = {
    {"ADD", DYNAMODB_ADD}, {"PUT", DYNAMODB_PUT}, {"DELETE", DYNAMODB_DELETE}, {NULL, 0}};
static const struct api_field update_fields[] = {
    API_FIELD(struct dynamodb_attribute_update, action, "Action", API_ENUM, .choices = action_choices),
    API_FIELD(struct dynamodb_attribute_update, value, "Value", API_VALUE),
    API_FIELDS_END,
};
const struct api_field dynamodb_attribute_update_element = {
    .name = "", .kind = API_STRUCT, .fields = update_fields, .type = "AttributeValueUpdate"};

static bool is_set(enum item_type type) { return type == ITEM_SS || type == ITEM_NS || type == ITEM_BS; }

static enum item_type type_of(const struct dynamodb_attribute_update *update) {
    return update->value.data == NULL ? ITEM_ABSENT : item_value_at(update->value).type;
}

static enum leat_code check_update(const struct dynamodb_attribute_update *update, struct leat_fault *fault) {
    enum item_type type = type_of(update);
    int action = update->action.value;
    if (type == ITEM_ABSENT) {
        if (action == DYNAMODB_DELETE) return LEAT_OK;
        return fault_set(fault, LEAT_VALIDATION, INVALID "Only DELETE action is allowed when no attribute value is specified");
    }
    if (action == DYNAMODB_DELETE && !is_set(type))
        return fault_set(fault, LEAT_VALIDATION, INVALID "DELETE action with value is not supported for the type %s",
                         item_type_name(type));
    if (action == DYNAMODB_ADD && !is_set(type) && type != ITEM_N && type != ITEM_L)
        return fault_set(fault, LEAT_VALIDATION, INVALID "ADD action is not supported for the type %s", item_type_name(type));
    return LEAT_OK;
}

enum leat_code dynamodb_check_updates(const struct api_list *updates, struct leat_fault *fault) {
    const struct dynamodb_attribute_update *update = updates->elements;
    for (size_t i = 0; i < updates->count; i++) TRY(check_update(&update[i], fault));
    return LEAT_OK;
}

/* ---- translation ---- */

enum clause { SET, REMOVE, ADD, DELETE, CLAUSES };

static enum clause clause_of(const struct dynamodb_attribute_update *update) {
    enum item_type type = type_of(update);
    switch (update->action.value) {
    case DYNAMODB_ADD: return type == ITEM_L ? SET : ADD;
    case DYNAMODB_DELETE: return type == ITEM_ABSENT ? REMOVE : DELETE;
    default: return SET;
    }
}

/* ADD of a list appends to the list that is there, which ADD in an expression does not do. */
static void write_update(struct dynamodb_translation *translation, struct buf *text, const struct dynamodb_attribute_update *update) {
    static const uint8_t empty_list[] = {ITEM_L, 0, 0, 0, 0};
    const struct leat_slice appended[] = {slice_of(empty_list, sizeof empty_list), update->value};
    switch (clause_of(update)) {
    case REMOVE: dynamodb_translate_form(translation, text, "#", update->name, NULL); return;
    case ADD:
    case DELETE: dynamodb_translate_form(translation, text, "# :", update->name, &update->value); return;
    default: break;
    }
    if (update->action.value == DYNAMODB_ADD)
        dynamodb_translate_form(translation, text, "# = list_append(if_not_exists(#, :), :)", update->name, appended);
    else dynamodb_translate_form(translation, text, "# = :", update->name, &update->value);
}

struct leat_slice dynamodb_translate_updates(struct dynamodb_translation *translation, const struct api_list *updates) {
    static const char *const words[CLAUSES] = {"SET ", "REMOVE ", "ADD ", "DELETE "};
    const void *const *sorted = NULL;
    size_t count = dynamodb_translate_sort(translation, updates, sizeof(struct dynamodb_attribute_update), &sorted);
    struct buf text;
    buf_init(&text, DYNAMODB_TRANSLATION_BYTES_MAX);
    for (enum clause clause = SET; clause < CLAUSES; clause++) {
        bool any = false;
        for (size_t i = 0; i < count; i++) {
            if (clause_of(sorted[i]) != clause) continue;
            if (any) buf_byte(&text, ',');
            else buf_print(&text, " %s", words[clause]);
            any = true;
            write_update(translation, &text, sorted[i]);
        }
    }
    return dynamodb_translate_keep(translation, &text);
}
