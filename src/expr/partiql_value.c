/* Literals, written as encoded values.
 *
 *   value := 'string' | ["+" | "-"] number | TRUE | FALSE | NULL | "?" | list | map | bag
 *   list  := "[" [value ("," value)*] "]"
 *   map   := "{" ['string' ":" value ("," 'string' ":" value)*] "}"
 *   bag   := "<<" value ("," value)* ">>"                                   a set: all numbers or all strings
 *
 * Source: DynamoDB Developer Guide, "PartiQL data types for DynamoDB". */
#include "expr/partiql_parser.h"

enum { VALUES_BYTES_MAX = 32 * 1024 * 1024 };

/* Where in a literal a value stands, for messages: "root.x[1]". */
struct place {
    const struct place *outer;
    struct leat_slice name; /* or absent: */
    size_t index;
    size_t depth;
};

static bool value(struct partiql_parser *parser, const struct place *place, struct buf *out);

static void print_place(const struct place *place, struct buf *out) {
    if (place == NULL) return;
    if (place->outer == NULL) {
        buf_print(out, "root");
        return;
    }
    print_place(place->outer, out);
    if (place->name.data != NULL)
        buf_print(out, ".%.*s", SLICE_FORMAT(place->name));
    else
        buf_print(out, "[%zu]", place->index);
}

/* Always false: the words with " under root..." behind them. */
static bool fail_under(struct partiql_parser *parser, const struct place *place, const char *words) {
    struct buf where;
    buf_init(&where, sizeof parser->base.fault->message);
    print_place(place, &where);
    expr_fail(&parser->base, "%s under %.*s", words, SLICE_FORMAT(buf_view(&where)));
    buf_fini(&where);
    return false;
}

bool partiql_at_value(const struct partiql_parser *parser) {
    static const char *const symbols[] = {"[", "{", "<<", "-", "+"};
    static const char *const words[] = {"TRUE", "FALSE", "NULL"};
    enum partiql_token_kind kind = parser->token.kind;
    if (kind == PARTIQL_STRING || kind == PARTIQL_NUMBER || kind == PARTIQL_PARAMETER) return true;
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        if (partiql_at(parser, symbols[i])) return true;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (partiql_at_keyword(parser, words[i])) return true;
    }
    return false;
}

static bool number(struct partiql_parser *parser, const struct place *place, struct buf *out) {
    struct item_number parsed;
    struct leat_fault fault;
    bool minus = false;
    while (partiql_at(parser, "-") || partiql_at(parser, "+")) {
        minus ^= partiql_at(parser, "-");
        partiql_advance(parser);
    }
    if (parser->token.kind != PARTIQL_NUMBER) return partiql_fail_term(parser);
    struct leat_slice text = arena_print(parser->environment.arena, "%s%.*s", minus ? "-" : "", SLICE_FORMAT(parser->token.text));
    if (text.data == NULL) return expr_fail_memory(&parser->base);
    if (item_number_parse(text, &parsed, &fault) != LEAT_OK) return fail_under(parser, place, fault.message);
    partiql_advance(parser);
    item_put_number(out, &parsed);
    return true;
}

static bool parameter(struct partiql_parser *parser, struct buf *out) {
    if (parser->parameters_used == parser->parameter_count)
        return expr_fail(&parser->base, "Number of parameters in request and statement don't match.");
    buf_slice(out, parser->parameters[parser->parameters_used++]);
    partiql_advance(parser);
    return true;
}

static bool end(struct partiql_parser *parser, struct buf *out, size_t mark) {
    return item_end_last_wins(out, mark) == LEAT_OK || expr_fail_memory(&parser->base);
}

static bool list(struct partiql_parser *parser, const struct place *place, struct buf *out) {
    struct place inside = {.outer = place, .depth = place->depth + 1};
    size_t mark = item_begin(out, ITEM_L);
    partiql_advance(parser);
    if (!partiql_at(parser, "]")) {
        do {
            if (!value(parser, &inside, out)) return false;
            inside.index++;
        } while (partiql_take(parser, ","));
    }
    return partiql_expect(parser, "]") && end(parser, out, mark);
}

/* 'string' ":"      the name of a map's entry */
static bool entry_name(struct partiql_parser *parser, struct leat_slice *out) {
    if (parser->token.kind != PARTIQL_STRING) return partiql_fail_term(parser);
    return partiql_name(parser, out) && partiql_expect(parser, ":");
}

static bool map(struct partiql_parser *parser, const struct place *place, struct buf *out) {
    struct place inside = {.outer = place, .depth = place->depth + 1};
    size_t mark = item_begin(out, ITEM_M);
    partiql_advance(parser);
    if (!partiql_at(parser, "}")) {
        do {
            if (!entry_name(parser, &inside.name)) return false;
            item_put_name(out, inside.name);
            if (!value(parser, &inside, out)) return false;
        } while (partiql_take(parser, ","));
    }
    return partiql_expect(parser, "}") && end(parser, out, mark);
}

/* The elements as written, "[a, b]", for the message about duplicates. */
static bool fail_duplicates(struct partiql_parser *parser, const struct place *place, const struct buf *written, bool numbers) {
    struct leat_slice words = arena_print(parser->environment.arena,
                                          "One or more parameter values were invalid: Input collection [%.*s] contains duplicates%s",
                                          SLICE_FORMAT(buf_view(written)), numbers ? "!" : ".");
    if (words.data == NULL) return expr_fail_memory(&parser->base);
    return numbers ? fail_under(parser, place, (const char *)words.data)
                   : expr_fail(&parser->base, "%s", (const char *)words.data);
}

static bool bag_element(struct partiql_parser *parser, const struct place *place, struct buf *values, struct buf *written,
                        enum item_type *type) {
    size_t mark = values->size;
    const uint8_t *begin = parser->token.text.data;
    if (!value(parser, place, values)) return false;
    if (!buf_ok(values)) return expr_fail_memory(&parser->base);
    struct item_value element = item_value_at(slice_of(values->data + mark, values->size - mark));
    if (*type == ITEM_ABSENT) *type = element.type;
    if ((element.type != ITEM_N && element.type != ITEM_S) || element.type != *type)
        return expr_fail(&parser->base, "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags");
    buf_print(written, "%s", mark == 0 ? "" : ", ");
    if (element.type == ITEM_S) buf_slice(written, element.payload);
    else buf_slice(written, partiql_lex(parser->text, begin).text);
    return true;
}

static bool bag_elements(struct partiql_parser *parser, const struct place *place, struct buf *values, struct buf *written,
                         struct buf *out) {
    enum item_type type = ITEM_ABSENT;
    if (partiql_at(parser, ">>")) return expr_fail(&parser->base, "Empty bags are not supported");
    do {
        if (!bag_element(parser, place, values, written, &type)) return false;
    } while (partiql_take(parser, ","));
    if (!partiql_expect(parser, ">>")) return false;
    size_t mark = item_begin(out, type == ITEM_N ? ITEM_NS : ITEM_SS);
    struct item_iterator each = item_iterate(buf_view(values));
    struct item_value element;
    while (item_list_next(&each, &element)) item_put_element(out, element.payload);
    enum leat_code code = item_end(out, mark);
    if (code == LEAT_VALIDATION) return fail_duplicates(parser, place, written, type == ITEM_N);
    return code == LEAT_OK || expr_fail_memory(&parser->base);
}

static bool bag(struct partiql_parser *parser, const struct place *place, struct buf *out) {
    struct place inside = {.outer = place->outer, .name = place->name, .index = place->index, .depth = place->depth + 1};
    struct buf values, written;
    buf_init(&values, VALUES_BYTES_MAX);
    buf_init(&written, VALUES_BYTES_MAX);
    partiql_advance(parser);
    bool good = bag_elements(parser, &inside, &values, &written, out);
    buf_fini(&values);
    buf_fini(&written);
    return good;
}

/* A name where a value belongs: no path and no function can be in a literal. */
static bool fail_name(struct partiql_parser *parser, const struct place *place) {
    if (parser->token.kind != PARTIQL_NAME || partiql_reserved(parser->token.text)) return partiql_fail_term(parser);
    struct buf words;
    buf_init(&words, sizeof parser->base.fault->message);
    buf_print(&words, "Unsupported data type: %.*s under key ", SLICE_FORMAT(parser->token.text));
    print_place(place, &words);
    buf_byte(&words, 0);
    bool failed = buf_ok(&words) ? partiql_fail_at(parser, parser->token.text, (const char *)words.data)
                                 : expr_fail_memory(&parser->base);
    buf_fini(&words);
    return failed;
}

static bool value(struct partiql_parser *parser, const struct place *place, struct buf *out) {
    if (place->depth > ITEM_DEPTH_MAX)
        return expr_fail(&parser->base, "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels "
                                        "beyond supported limit");
    struct leat_slice text;
    if (!partiql_at_value(parser)) return fail_name(parser, place);
    if (parser->token.kind == PARTIQL_PARAMETER) return parameter(parser, out);
    if (partiql_at(parser, "[")) return list(parser, place, out);
    if (partiql_at(parser, "{")) return map(parser, place, out);
    if (partiql_at(parser, "<<")) return bag(parser, place, out);
    if (parser->token.kind == PARTIQL_NUMBER || parser->token.kind == PARTIQL_SYMBOL) return number(parser, place, out);
    if (parser->token.kind == PARTIQL_STRING) {
        if (!partiql_name(parser, &text)) return false;
        item_put_string(out, text);
        return true;
    }
    if (partiql_at_keyword(parser, "NULL")) item_put_null(out);
    else item_put_bool(out, partiql_at_keyword(parser, "TRUE"));
    partiql_advance(parser);
    return true;
}

/* Moves what a rule wrote into the arena. */
static bool keep(struct partiql_parser *parser, bool good, struct buf *bytes, struct leat_slice *out) {
    if (good) *out = buf_ok(bytes) ? arena_copy(parser->environment.arena, buf_view(bytes)) : (struct leat_slice){NULL, 0};
    buf_fini(bytes);
    return good && (out->data != NULL || expr_fail_memory(&parser->base));
}

/* A parameter may be nested as deep as any; together with what surrounds it it may be too deep. */
static bool check_depth(struct partiql_parser *parser, struct leat_slice item) {
    return item_check(item) || expr_fail(&parser->base, "Nesting Levels have exceeded supported limits: Attributes in the item have "
                                                        "nested levels beyond supported limit");
}

struct expr_node *partiql_value_node(struct partiql_parser *parser) {
    const struct place root = {.depth = 1};
    struct leat_slice bytes;
    struct buf out;
    buf_init(&out, VALUES_BYTES_MAX);
    if (!keep(parser, value(parser, &root, &out), &out, &bytes)) return NULL;
    struct expr_node *node = expr_node_new(&parser->base, EXPR_NODE_VALUE);
    if (node != NULL) node->value = item_value_at(bytes);
    return node;
}

/* "{" 'name' ":" value ... "}": each attribute is a root of its own in messages */
static bool attributes(struct partiql_parser *parser, struct buf *out) {
    const struct place root = {.depth = 1};
    struct leat_slice name;
    partiql_advance(parser);
    if (!partiql_at(parser, "}")) {
        do {
            if (!entry_name(parser, &name)) return false;
            item_put_name(out, name);
            if (!value(parser, &root, out)) return false;
        } while (partiql_take(parser, ","));
    }
    return partiql_expect(parser, "}") && (item_close_last_wins(out, 0) == LEAT_OK || expr_fail_memory(&parser->base));
}

bool partiql_item(struct partiql_parser *parser, struct leat_slice *out) {
    struct buf bytes;
    buf_init(&bytes, VALUES_BYTES_MAX);
    if (partiql_at(parser, "{")) return keep(parser, attributes(parser, &bytes), &bytes, out) && check_depth(parser, *out);
    struct expr_node *node = partiql_at_value(parser) ? partiql_value_node(parser) : NULL;
    if (node == NULL) return partiql_fail_term(parser);
    *out = node->value.payload;
    return node->value.type == ITEM_M || partiql_fail(parser, "Expected a tuple in VALUE");
}
