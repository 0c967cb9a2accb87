/* Tokens, failures, names and paths.
 *
 *   path := name ("." name | "[" number "]" | "[" 'string' "]")*
 */
#include "expr/partiql_parser.h"

#include <stdio.h>

#include "base/encode.h"

bool partiql_fail(struct partiql_parser *parser, const char *detail) {
    if (parser->token.kind == PARTIQL_BAD) detail = "";
    return expr_fail(&parser->base, "Statement wasn't well formed, can't be processed: %s", detail);
}

/* Lines and columns are counted in characters, from 1. */
bool partiql_fail_at(struct partiql_parser *parser, struct leat_slice token, const char *words) {
    const uint8_t *line = parser->text.data;
    size_t lines = 1;
    for (const uint8_t *at = line; at < token.data; at++) {
        if (*at != '\n') continue;
        lines++;
        line = at + 1;
    }
    size_t column = utf8_points(slice_of(line, (size_t)(token.data - line))) + 1;
    return expr_fail(&parser->base, "%s at %zu:%zu:%zu", words, lines, column, utf8_points(token));
}

static bool at_operator(const struct partiql_parser *parser) {
    static const char *const words[] = {"AND", "OR", "IS", "IN", "LIKE", "BETWEEN"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (partiql_at_keyword(parser, words[i])) return true;
    }
    if (parser->token.kind != PARTIQL_SYMBOL) return false;
    uint8_t first = parser->token.text.data[0];
    return first == '=' || first == '<' || first == '>' || first == '!' || first == '*' || first == '/';
}

bool partiql_fail_term(struct partiql_parser *parser) {
    if (at_operator(parser)) return partiql_fail(parser, "Unexpected operator");
    bool keyword = parser->token.kind == PARTIQL_NAME && partiql_reserved(parser->token.text);
    return partiql_fail(parser, keyword ? "Unexpected keyword" : "Unexpected term");
}

/* ---- tokens ---- */

void partiql_advance(struct partiql_parser *parser) {
    parser->token = partiql_lex(parser->text, parser->token.text.data + parser->token.text.size);
}

bool partiql_at(const struct partiql_parser *parser, const char *symbol) {
    return parser->token.kind == PARTIQL_SYMBOL && slice_is(parser->token.text, symbol);
}

static bool same_word(struct leat_slice text, const char *capitals) {
    size_t i = 0;
    for (; i < text.size && capitals[i] != 0; i++) {
        uint8_t byte = text.data[i];
        if (byte >= 'a' && byte <= 'z') byte = (uint8_t)(byte - 'a' + 'A');
        if (byte != (uint8_t)capitals[i]) return false;
    }
    return i == text.size && capitals[i] == 0;
}

bool partiql_at_keyword(const struct partiql_parser *parser, const char *word) {
    return parser->token.kind == PARTIQL_NAME && same_word(parser->token.text, word);
}

bool partiql_take(struct partiql_parser *parser, const char *symbol) {
    bool there = partiql_at(parser, symbol);
    if (there) partiql_advance(parser);
    return there;
}

bool partiql_take_keyword(struct partiql_parser *parser, const char *word) {
    bool there = partiql_at_keyword(parser, word);
    if (there) partiql_advance(parser);
    return there;
}

bool partiql_expect(struct partiql_parser *parser, const char *symbol) {
    return partiql_take(parser, symbol) || partiql_fail_term(parser);
}

bool partiql_next_is(const struct partiql_parser *parser, const char *symbol) {
    struct partiql_token next = partiql_lex(parser->text, parser->token.text.data + parser->token.text.size);
    return next.kind == PARTIQL_SYMBOL && slice_is(next.text, symbol);
}

/* The words that the grammar itself uses, and those of SQL's clauses that DynamoDB does not have. */
bool partiql_reserved(struct leat_slice word) {
    static const char *const words[] = {
        "ALL",    "AND",    "AS",    "ASC",     "BETWEEN", "BY",     "CASE",   "CROSS",     "DELETE", "DESC",  "DISTINCT", "ELSE",
        "EXISTS", "FALSE",  "FROM",  "FULL",    "GROUP",   "HAVING", "IN",     "INNER",     "INSERT", "INTO",  "IS",       "JOIN",
        "LEFT",   "LIKE",   "LIMIT", "MISSING", "NOT",     "NULL",   "ON",     "OR",        "ORDER",  "OUTER", "REMOVE",   "RETURNING",
        "RIGHT",  "SELECT", "SET",   "THEN",    "TRUE",    "UNION",  "UPDATE", "VALUE",     "VALUES", "WHEN",  "WHERE",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (same_word(word, words[i])) return true;
    }
    return false;
}

bool partiql_at_name(const struct partiql_parser *parser) {
    return parser->token.kind == PARTIQL_QUOTED ||
           (parser->token.kind == PARTIQL_NAME && !partiql_reserved(parser->token.text));
}

/* ---- names and paths ---- */

bool partiql_name(struct partiql_parser *parser, struct leat_slice *out) {
    struct leat_slice text = parser->token.text;
    bool quoted = parser->token.kind != PARTIQL_NAME;
    partiql_advance(parser);
    *out = text;
    if (!quoted) return true;
    const uint8_t quote = *text.data;
    *out = slice_of(text.data + 1, text.size - 2);
    if (memchr(out->data, quote, out->size) == NULL) return true;
    uint8_t *bytes = arena_alloc(parser->environment.arena, out->size);
    if (bytes == NULL) return expr_fail_memory(&parser->base);
    size_t size = 0;
    for (size_t i = 0; i < out->size; i++) {
        bytes[size++] = out->data[i];
        if (out->data[i] == quote) i++;
    }
    *out = slice_of(bytes, size);
    return true;
}

/* index := ["-"] number "]" | 'string' "]"      the "[" is behind us */
static bool index_step(struct partiql_parser *parser, struct expr_step *out) {
    *out = (struct expr_step){{NULL, 0}, 0};
    if (parser->token.kind == PARTIQL_STRING) return partiql_name(parser, &out->name) && partiql_expect(parser, "]");
    bool minus = partiql_take(parser, "-");
    struct leat_slice digits = parser->token.text;
    uint64_t index = 0;
    bool whole = parser->token.kind == PARTIQL_NUMBER;
    for (size_t i = 0; i < digits.size && whole; i++) {
        whole = digits.data[i] >= '0' && digits.data[i] <= '9';
        if (index <= INT32_MAX) index = index * 10 + (digits.data[i] - (uint64_t)'0');
    }
    if (!whole) return partiql_fail_term(parser);
    if (index > INT32_MAX || (minus && index > 0)) {
        char words[160];
        (void)snprintf(words, sizeof words, "List index is not within the allowable range; index: [%s%.*s]", minus ? "-" : "",
                       digits.size > 60 ? 60 : (int)digits.size, (const char *)digits.data);
        return partiql_fail_at(parser, digits, words);
    }
    out->index = (uint32_t)index;
    partiql_advance(parser);
    return partiql_expect(parser, "]");
}

static bool name_step(struct partiql_parser *parser, struct expr_step *out) {
    *out = (struct expr_step){{NULL, 0}, 0};
    if (!partiql_at_name(parser)) return partiql_fail(parser, "Invalid path dot component");
    return partiql_name(parser, &out->name);
}

bool partiql_path(struct partiql_parser *parser, struct expr_path *out) {
    struct expr_step steps[EXPR_STEPS_MAX + 1];
    size_t count = 1;
    steps[0] = (struct expr_step){{NULL, 0}, 0};
    if (!partiql_at_name(parser)) return partiql_fail_term(parser);
    if (!partiql_name(parser, &steps[0].name)) return false;
    while (partiql_at(parser, ".") || partiql_at(parser, "[")) {
        bool name = partiql_at(parser, ".");
        partiql_advance(parser);
        if (!(name ? name_step(parser, &steps[count]) : index_step(parser, &steps[count]))) return false;
        if (++count > EXPR_STEPS_MAX) {
            return expr_fail(&parser->base, "The document path has too many nesting levels; nesting levels: %zu", count);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (steps[i].name.data != NULL && steps[i].name.size == 0)
            return expr_fail(&parser->base, "Path component cannot be an empty string");
    }
    out->steps = ARENA_ARRAY(parser->environment.arena, struct expr_step, count);
    if (out->steps == NULL) return expr_fail_memory(&parser->base);
    memcpy(out->steps, steps, count * sizeof *steps);
    out->count = count;
    return true;
}
