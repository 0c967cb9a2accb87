#include "transfer/record.h"

#include "base/slice.h"
#include "item/member.h"

static const void *member_of(const void *record, const struct record_field *field) { return (const char *)record + field->offset; }

static void write_bytes(struct buf *out, const char *name, struct leat_slice bytes) {
    if (bytes.data == NULL) return;
    item_put_name(out, slice_text(name));
    item_put_binary(out, bytes);
}

enum leat_code record_write(const struct record_field *fields, const void *record, struct buf *out, struct leat_fault *fault) {
    size_t mark = out->size;
    for (const struct record_field *field = fields; field->name != NULL; field++) {
        const void *member = member_of(record, field);
        if (field->kind == RECORD_TEXT) item_put_member_text(out, field->name, *(const struct leat_slice *)member);
        if (field->kind == RECORD_BYTES) write_bytes(out, field->name, *(const struct leat_slice *)member);
        if (field->kind == RECORD_INT && *(const int64_t *)member != 0)
            item_put_member_int(out, field->name, *(const int64_t *)member);
    }
    return item_close(out, mark) == LEAT_OK && buf_ok(out) ? LEAT_OK : fault_memory(fault);
}

enum leat_code record_read(const struct record_field *fields, struct leat_slice item, struct arena *arena, void *record,
                           struct leat_fault *fault) {
    for (const struct record_field *field = fields; field->name != NULL; field++) {
        void *member = (char *)record + field->offset;
        if (field->kind == RECORD_INT) {
            *(int64_t *)member = item_member_int(item, field->name);
            continue;
        }
        struct leat_slice text = item_member_text(item, field->name);
        *(struct leat_slice *)member = arena_copy(arena, text);
        if (text.data != NULL && ((struct leat_slice *)member)->data == NULL) return fault_memory(fault);
    }
    return LEAT_OK;
}
