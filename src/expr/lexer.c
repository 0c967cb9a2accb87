/* Tokens of expressions:
 *
 *   identifier := letter (letter | digit | "_")*        alias := "#" (letter | digit | "_")+
 *   number     := digit+                                parameter := ":" (letter | digit | "_")+
 *   symbol     := "<>" | "<=" | ">=" | any one character
 *
 * A character that means nothing becomes a symbol that no rule takes, so the parser names it in its syntax error, as
 * AWS does. */
#include "expr/parser.h"

static bool is_letter(uint8_t byte) { return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'); }
static bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }
static bool is_word(uint8_t byte) { return is_letter(byte) || is_digit(byte) || byte == '_'; }
static bool is_space(uint8_t byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

static const uint8_t *skip(const uint8_t *at, const uint8_t *end, bool (*belongs)(uint8_t byte)) {
    while (at < end && belongs(*at)) at++;
    return at;
}

static struct expr_token token(enum expr_token_kind kind, const uint8_t *begin, const uint8_t *end) {
    return (struct expr_token){kind, slice_of(begin, (size_t)(end - begin))};
}

/* One character, all of its UTF-8 bytes, or a comparator of two. */
static struct expr_token symbol(const uint8_t *at, const uint8_t *end) {
    const uint8_t *after = at + 1;
    if (after < end && ((*at == '<' && (*after == '>' || *after == '=')) || (*at == '>' && *after == '=')))
        after++;
    else if (*at >= 0x80)
        while (after < end && (*after & 0xC0) == 0x80) after++;
    return token(EXPR_TOKEN_SYMBOL, at, after);
}

struct expr_token expr_lex(struct leat_slice text, const uint8_t *at) {
    const uint8_t *end = text.data + text.size;
    at = skip(at, end, is_space);
    if (at == end) return token(EXPR_TOKEN_END, end, end);
    if (is_letter(*at)) return token(EXPR_TOKEN_IDENTIFIER, at, skip(at, end, is_word));
    if (is_digit(*at)) return token(EXPR_TOKEN_NUMBER, at, skip(at, end, is_digit));
    if ((*at == '#' || *at == ':') && at + 1 < end && is_word(at[1])) {
        return token(*at == '#' ? EXPR_TOKEN_ALIAS : EXPR_TOKEN_PARAMETER, at, skip(at + 1, end, is_word));
    }
    return symbol(at, end);
}
