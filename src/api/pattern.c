/* The few forms of regular expressions that AWS's models use for names: literals and [classes], each with an optional + or *. */
#include "api/fields.h"

static const char *atom_end(const char *pattern) {
    if (*pattern != '[') return pattern + 1;
    while (*pattern != ']' && *pattern != 0) pattern++;
    return *pattern == 0 ? pattern : pattern + 1;
}

static bool atom_has(const char *atom, const char *end, unsigned char byte) {
    if (*atom != '[') return (unsigned char)*atom == byte;
    for (const char *at = atom + 1; at < end - 1; at++) {
        if (at + 2 < end - 1 && at[1] == '-') {
            if (byte >= (unsigned char)at[0] && byte <= (unsigned char)at[2]) return true;
            at += 2;
        } else if ((unsigned char)*at == byte) {
            return true;
        }
    }
    return false;
}

bool api_pattern_matches(const char *pattern, struct leat_slice text) {
    if (*pattern == 0) return text.size == 0;
    const char *end = atom_end(pattern);
    if (*end != '+' && *end != '*')
        return text.size > 0 && atom_has(pattern, end, text.data[0]) &&
               api_pattern_matches(end, (struct leat_slice){text.data + 1, text.size - 1});
    size_t most = 0;
    while (most < text.size && atom_has(pattern, end, text.data[most])) most++;
    size_t least = *end == '+' ? 1 : 0;
    for (size_t taken = most + 1; taken-- > least;)
        if (api_pattern_matches(end + 1, (struct leat_slice){text.data + taken, text.size - taken})) return true;
    return false;
}
