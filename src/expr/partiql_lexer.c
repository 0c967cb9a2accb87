/* Tokens of PartiQL:
 *
 *   name   := (letter | "_" | "$") (letter | digit | "_" | "$")*      string := "'" (character | "''")* "'"
 *   number := digits ["." digits] [("e" | "E") ["+" | "-"] digits]    quoted := '"' (character | '""')* '"'
 *   symbol := "<>" | "!=" | "<=" | ">=" | "<<" | ">>" | any one of = < > ( ) [ ] { } , . : ; * + - /
 *
 * "--" to the end of the line and slash-star comments are white space. */
#include "expr/partiql_parser.h"

static bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }
static bool is_space(uint8_t byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }
static bool is_word(uint8_t byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || is_digit(byte) || byte == '_' || byte == '$';
}

static struct partiql_token token(enum partiql_token_kind kind, const uint8_t *begin, const uint8_t *end) {
    return (struct partiql_token){kind, slice_of(begin, (size_t)(end - begin))};
}

static bool at_pair(const uint8_t *at, const uint8_t *end, const char *pair) {
    return end - at >= 2 && at[0] == (uint8_t)pair[0] && at[1] == (uint8_t)pair[1];
}

/* The end of a block comment that begins here; NULL: it has none. */
static const uint8_t *comment_end(const uint8_t *at, const uint8_t *end) {
    for (at += 2; at < end; at++) {
        if (at_pair(at, end, "*/")) return at + 2;
    }
    return NULL;
}

/* Where the next token begins; NULL: in a comment without end. */
static const uint8_t *skip_space(const uint8_t *at, const uint8_t *end) {
    while (at != NULL && at < end) {
        if (is_space(*at))
            at++;
        else if (at_pair(at, end, "--"))
            while (at < end && *at != '\n') at++;
        else if (at_pair(at, end, "/*"))
            at = comment_end(at, end);
        else
            break;
    }
    return at;
}

/* A doubled quote stands for itself. */
static struct partiql_token quoted(const uint8_t *begin, const uint8_t *end) {
    const uint8_t quote = *begin;
    for (const uint8_t *at = begin + 1; at < end; at++) {
        if (*at != quote) continue;
        if (at + 1 == end || at[1] != quote) return token(quote == '"' ? PARTIQL_QUOTED : PARTIQL_STRING, begin, at + 1);
        at++;
    }
    return token(PARTIQL_BAD, begin, end);
}

static const uint8_t *digits(const uint8_t *at, const uint8_t *end) {
    while (at < end && is_digit(*at)) at++;
    return at;
}

/* AWS reads numbers as Java does: exponent and scale have 32 bits, and a literal beyond that is none. */
static struct partiql_token number(const uint8_t *begin, const uint8_t *end) {
    const uint8_t *at = digits(begin, end);
    int64_t scale = 0;
    if (at < end && *at == '.') {
        const uint8_t *fraction = ++at;
        at = digits(at, end);
        scale = at - fraction;
    }
    if (at == end || (*at | 0x20) != 'e') return token(PARTIQL_NUMBER, begin, at);
    const uint8_t *from = at + 1;
    bool minus = from < end && *from == '-';
    if (from < end && (*from == '+' || *from == '-')) from++;
    if (from == end || !is_digit(*from)) return token(PARTIQL_NUMBER, begin, at);
    int64_t exponent = 0;
    for (at = from; at < end && is_digit(*at); at++)
        if (exponent <= INT32_MAX) exponent = exponent * 10 + (*at - '0');
    if (minus) exponent = -exponent;
    bool fits = exponent <= INT32_MAX && exponent >= INT32_MIN && scale - exponent <= INT32_MAX && scale - exponent >= INT32_MIN;
    return token(fits ? PARTIQL_NUMBER : PARTIQL_BAD, begin, at);
}

static struct partiql_token symbol(const uint8_t *at, const uint8_t *end) {
    static const char *const pairs[] = {"<>", "!=", "<=", ">=", "<<", ">>"};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (at_pair(at, end, pairs[i])) return token(PARTIQL_SYMBOL, at, at + 2);
    }
    bool known = memchr("=<>()[]{},.:;*+-/", *at, 17) != NULL;
    return token(known ? PARTIQL_SYMBOL : PARTIQL_BAD, at, at + 1);
}

struct partiql_token partiql_lex(struct leat_slice text, const uint8_t *at) {
    const uint8_t *end = text.data + text.size, *begin = skip_space(at, end);
    if (begin == NULL) return token(PARTIQL_BAD, at, end);
    if (begin == end) return token(PARTIQL_END, end, end);
    if (*begin == '\'' || *begin == '"') return quoted(begin, end);
    if (is_digit(*begin) || (*begin == '.' && begin + 1 < end && is_digit(begin[1]))) return number(begin, end);
    if (*begin == '?') return token(PARTIQL_PARAMETER, begin, begin + 1);
    if (!is_word(*begin)) return symbol(begin, end);
    at = begin;
    while (at < end && is_word(*at)) at++;
    return token(PARTIQL_NAME, begin, at);
}
