/* Filter patterns of CloudWatch Logs: terms, and conditions on events that are JSON. A pattern is short, so it is read anew for each event;
 * the check reads it once without one.
 *
 *   terms   word "quoted words"     all must be in the event
 *           ?word                   one of these (when there are no others)
 *           -word                   none of these
 *   JSON    { $.a.b[0] = "x*" && ($.n >= 3 || $.x IS TRUE || $.y NOT EXISTS) }
 *
 * Patterns of columns ([a, b, ...]) and regular expressions (%...%) are refused.
 * Source: CloudWatch Logs User Guide, "Filter pattern syntax". */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/slice.h"
#include "function/log_events.h"

/* ---- terms ---- */

static bool has(struct leat_slice message, struct leat_slice text) {
    return text.size == 0 || (message.size >= text.size && memmem(message.data, message.size, text.data, text.size) != NULL);
}

static struct leat_slice skip_spaces(struct leat_slice text) {
    while (text.size > 0 && isspace(*text.data)) text = slice_of(text.data + 1, text.size - 1);
    return text;
}

/* The next term; mark: '?', '-' or 0. false: there is none, or (*good false) it has no end. */
static bool next_term(struct leat_slice *rest, struct leat_slice *term, char *mark, bool *good) {
    *rest = skip_spaces(*rest);
    *mark = 0;
    if (rest->size == 0) return false;
    if (*rest->data == '?' || *rest->data == '-') {
        *mark = (char)*rest->data;
        *rest = slice_of(rest->data + 1, rest->size - 1);
    }
    bool quoted = rest->size > 0 && *rest->data == '"';
    const uint8_t *begin = rest->data + quoted, *end = rest->data + rest->size, *at = begin;
    while (at < end && (quoted ? *at != '"' : !isspace(*at))) at++;
    *term = slice_of(begin, (size_t)(at - begin));
    *good = !quoted || at < end;
    if (quoted && at < end) at++;
    *rest = slice_of(at, (size_t)(end - at));
    return *good;
}

static bool terms_match(struct leat_slice pattern, struct leat_slice message) {
    struct leat_slice term;
    char mark;
    bool good, wanted = false, one = false, any = false;
    while (next_term(&pattern, &term, &mark, &good)) {
        bool found = has(message, term);
        if (mark == '-' && found) return false;
        if (mark == 0 && !found) return false;
        wanted |= mark == 0;
        any |= mark == '?';
        one |= mark == '?' && found;
    }
    return wanted || !any || one;
}

/* ---- JSON ---- */

struct json_pattern {
    const char *at, *end;
    struct leat_slice message; /* absent: only checked */
    struct arena *scratch;
    unsigned depth;
    bool wrong;
};

static void spaces(struct json_pattern *pattern) {
    while (pattern->at < pattern->end && isspace((unsigned char)*pattern->at)) pattern->at++;
}

static bool take(struct json_pattern *pattern, const char *text) {
    spaces(pattern);
    size_t size = strlen(text);
    if ((size_t)(pattern->end - pattern->at) < size || strncasecmp(pattern->at, text, size) != 0) return false;
    pattern->at += size;
    return true;
}

/* A step of a selector: a name, or an index (name absent). */
static bool next_step(const char **at, const char *end, struct leat_slice *name, size_t *index) {
    *name = (struct leat_slice){NULL, 0};
    if (*at < end && **at == '[') {
        char *stop;
        *index = strtoul(*at + 1, &stop, 10);
        if (stop == *at + 1 || stop >= end || *stop != ']') return false;
        *at = stop + 1;
        return true;
    }
    if (*at >= end || **at != '.') return false;
    const char *begin = ++*at;
    while (*at < end && (isalnum((unsigned char)**at) || **at == '_' || **at == '-' || **at == '$')) ++*at;
    *name = slice_of(begin, (size_t)(*at - begin));
    return name->size > 0;
}

static bool enter(struct json_reader *reader, struct leat_slice name, size_t index) {
    if (name.data == NULL) {
        if (reader->token != JSON_ARRAY) return false;
        for (size_t i = 0; json_next(reader) != JSON_ARRAY_END && reader->token != JSON_ERROR; i++) {
            if (i == index) return true;
            if (!json_skip(reader)) return false;
        }
        return false;
    }
    if (reader->token != JSON_OBJECT) return false;
    while (json_next(reader) == JSON_KEY) {
        bool found = slice_equal(reader->text, name);
        (void)json_next(reader);
        if (found) return reader->token != JSON_ERROR;
        if (!json_skip(reader)) return false;
    }
    return false;
}

/* Reads a selector, and finds what it names: the reader then stands on the value. */
static bool select_value(struct json_pattern *pattern, struct json_reader *reader) {
    struct leat_slice name;
    size_t index = 0;
    if (!take(pattern, "$")) pattern->wrong = true;
    bool found = pattern->message.data != NULL;
    if (found) {
        arena_reset(pattern->scratch);
        json_reader_init(reader, pattern->message, pattern->scratch);
        (void)json_next(reader);
    }
    while (!pattern->wrong && pattern->at < pattern->end && (*pattern->at == '.' || *pattern->at == '[')) {
        if (!next_step(&pattern->at, pattern->end, &name, &index)) pattern->wrong = true;
        else found = found && enter(reader, name, index);
    }
    return found && !pattern->wrong;
}

/* A value of the pattern: quoted, or up to the next space or sign. */
static struct leat_slice value(struct json_pattern *pattern, bool *quoted) {
    spaces(pattern);
    *quoted = pattern->at < pattern->end && *pattern->at == '"';
    const char *begin = pattern->at += *quoted;
    while (pattern->at < pattern->end &&
           (*quoted ? *pattern->at != '"' : !isspace((unsigned char)*pattern->at) && strchr(")&|", *pattern->at) == NULL))
        pattern->at++;
    struct leat_slice found = slice_of(begin, (size_t)(pattern->at - begin));
    if (*quoted && pattern->at == pattern->end) pattern->wrong = true;
    else if (*quoted) pattern->at++;
    else if (found.size == 0) pattern->wrong = true;
    return found;
}

/* With * for anything. */
static bool glob(struct leat_slice wanted, struct leat_slice text) {
    size_t i = 0, k = 0, star = SIZE_MAX, kept = 0;
    while (k < text.size) {
        if (i < wanted.size && wanted.data[i] == '*') {
            star = i++;
            kept = k;
        } else if (i < wanted.size && wanted.data[i] == text.data[k]) {
            i++;
            k++;
        } else if (star != SIZE_MAX) {
            i = star + 1;
            k = ++kept;
        } else {
            return false;
        }
    }
    while (i < wanted.size && wanted.data[i] == '*') i++;
    return i == wanted.size;
}

static bool number_of(struct leat_slice text, double *out) {
    char copy[64], *end;
    if (text.size == 0 || text.size >= sizeof copy) return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    *out = strtod(copy, &end);
    return *end == 0;
}

enum relation { EQUAL, NOT_EQUAL, LESS_EQUAL, GREATER_EQUAL, LESS, GREATER, RELATIONS };
static const char *const relations[RELATIONS] = {"=", "!=", "<=", ">=", "<", ">"};

static bool compare(const struct json_reader *reader, enum relation relation, struct leat_slice wanted, bool quoted) {
    double a = 0, b = 0;
    bool numbers = !quoted && reader->token == JSON_NUMBER && json_double(reader, &a) && number_of(wanted, &b);
    bool texts = reader->token == JSON_STRING || reader->token == JSON_NUMBER;
    bool equal = numbers ? !(a < b) && !(a > b) : texts && glob(wanted, reader->text);
    if (reader->token == JSON_TRUE || reader->token == JSON_FALSE)
        equal = slice_is(wanted, reader->token == JSON_TRUE ? "true" : "false");
    switch (relation) {
    case EQUAL: return equal;
    case NOT_EQUAL: return !equal;
    case LESS: return numbers && a < b;
    case LESS_EQUAL: return numbers && a <= b;
    case GREATER: return numbers && a > b;
    default: return numbers && a >= b;
    }
}

static bool comparison(struct json_pattern *pattern) {
    struct json_reader reader;
    bool quoted, there = select_value(pattern, &reader);
    if (pattern->wrong) return false;
    if (take(pattern, "NOT EXISTS")) return !there;
    if (take(pattern, "EXISTS")) return there;
    if (take(pattern, "IS NOT NULL")) return there && reader.token != JSON_NULL;
    if (take(pattern, "IS NULL")) return there && reader.token == JSON_NULL;
    if (take(pattern, "IS TRUE")) return there && reader.token == JSON_TRUE;
    if (take(pattern, "IS FALSE")) return there && reader.token == JSON_FALSE;
    for (int i = 0; i < RELATIONS; i++) {
        if (!take(pattern, relations[i])) continue;
        struct leat_slice wanted = value(pattern, &quoted);
        return there && !pattern->wrong && compare(&reader, (enum relation)i, wanted, quoted);
    }
    pattern->wrong = true;
    return false;
}

static bool any_of(struct json_pattern *pattern);

static bool one(struct json_pattern *pattern) {
    if (!take(pattern, "(")) return comparison(pattern);
    if (++pattern->depth > FUNCTION_LOG_PATTERN_DEPTH) pattern->wrong = true;
    bool good = !pattern->wrong && any_of(pattern);
    pattern->depth--;
    if (!take(pattern, ")")) pattern->wrong = true;
    return good;
}

static bool all_of(struct json_pattern *pattern) {
    bool good = one(pattern);
    while (!pattern->wrong && take(pattern, "&&")) good = one(pattern) && good;
    return good;
}

static bool any_of(struct json_pattern *pattern) {
    bool good = all_of(pattern);
    while (!pattern->wrong && take(pattern, "||")) good = all_of(pattern) || good;
    return good;
}

static bool json_match(struct leat_slice text, struct leat_slice message, struct arena *scratch, bool *wrong) {
    struct json_pattern pattern = {
        .at = (const char *)text.data, .end = (const char *)text.data + text.size, .message = message, .scratch = scratch};
    if (!take(&pattern, "{")) pattern.wrong = true;
    bool good = !pattern.wrong && any_of(&pattern);
    if (!take(&pattern, "}")) pattern.wrong = true;
    spaces(&pattern);
    *wrong = pattern.wrong || pattern.at != pattern.end;
    return good && !*wrong;
}

/* ---- both ---- */

bool function_log_matches(struct leat_slice pattern, struct leat_slice message, struct arena *scratch) {
    bool wrong;
    pattern = skip_spaces(pattern);
    if (pattern.size == 0) return true;
    if (*pattern.data != '{') return terms_match(pattern, message);
    message = skip_spaces(message);
    if (message.size == 0 || *message.data != '{') return false;
    return json_match(pattern, message, scratch, &wrong);
}

enum leat_code function_log_pattern_check(struct leat_slice pattern, struct leat_fault *fault) {
    struct leat_slice term;
    char mark;
    bool wrong = false, good = true;
    pattern = skip_spaces(pattern);
    if (pattern.size == 0) return LEAT_OK;
    if (*pattern.data == '{') (void)json_match(pattern, (struct leat_slice){NULL, 0}, NULL, &wrong);
    else if (*pattern.data == '[' || *pattern.data == '%') wrong = true;
    else while (next_term(&pattern, &term, &mark, &good)) {}
    return wrong || !good ? fault_set(fault, LEAT_VALIDATION, "Invalid filter pattern") : LEAT_OK;
}
