#include "http/route.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "http/percent.h"

enum { SEGMENTS_MAX = 16 };

struct segment {
    const char *text; /* borrowed from a pattern or a path */
    size_t len;
    bool is_param, is_rest;
};

struct split {
    struct segment parts[SEGMENTS_MAX];
    int32_t count;
};

struct route_table {
    const struct route *routes;
    struct split *patterns; /* one a route */
    int32_t count;
};

static const char *const method_names[] = {
#define X(name) #name,
    HTTP_METHODS(X)
#undef X
        "?"};

enum http_method http_method_parse(const char *name)
{
    enum http_method method = HTTP_GET;
    while (method < HTTP_METHOD_COUNT && strcmp(name, method_names[method]) != 0)
        method++;
    return method;
}

const char *http_method_name(enum http_method method)
{
    return method_names[method < HTTP_METHOD_COUNT ? method : HTTP_METHOD_COUNT];
}

void route_allow_text(uint32_t allowed, char *out, size_t out_size)
{
    size_t used = 0;
    out[0] = '\0';
    for (int method = 0; method < HTTP_METHOD_COUNT && used < out_size; method++)
        if ((allowed & (1u << method)) != 0)
            used += (size_t)snprintf(out + used, out_size - used, "%s%s", used > 0 ? ", " : "",
                                     method_names[method]);
}

/* Cut at slashes; the path starts with one. False when there are more segments than any route has.
 */
static bool split_path(const char *path, size_t len, struct split *split)
{
    split->count = 0;
    size_t at = 1;
    for (size_t i = 1; i <= len; i++) {
        if (i < len && path[i] != '/')
            continue;
        if (split->count == SEGMENTS_MAX)
            return false;
        split->parts[split->count++] = (struct segment){.text = path + at, .len = i - at};
        at = i + 1;
    }
    return true;
}

/* "{name}" and "{name...}" become parameters; a brace anywhere else is a mistake. */
static bool mark_params(struct split *split)
{
    int32_t params = 0;
    for (int32_t i = 0; i < split->count; i++) {
        struct segment *part = &split->parts[i];
        const bool braced =
            part->len > 2 && part->text[0] == '{' && part->text[part->len - 1] == '}';
        if (braced) {
            *part = (struct segment){part->text + 1, part->len - 2, true, false};
            params++;
        }
        if (braced && part->len > 3 && memcmp(part->text + part->len - 3, "...", 3) == 0) {
            part->len -= 3;
            part->is_rest = true;
        }
        for (size_t k = 0; k < part->len; k++)
            if (strchr("{}%?#. ", part->text[k]) != NULL && (braced || part->text[k] != '.'))
                return false;
        if (part->is_rest && i + 1 < split->count)
            return false;
    }
    return params <= ROUTE_PARAMS_MAX;
}

static bool same_shape(const struct split *a, const struct split *b)
{
    if (a->count != b->count)
        return false;
    for (int32_t i = 0; i < a->count; i++) {
        const struct segment *x = &a->parts[i], *y = &b->parts[i];
        if (x->is_param != y->is_param || x->is_rest != y->is_rest ||
            (!x->is_param && (x->len != y->len || memcmp(x->text, y->text, x->len) != 0)))
            return false;
    }
    return true;
}

static enum err compile(struct route_table *table, int32_t index, struct error *err)
{
    const struct route *route = &table->routes[index];
    struct split *own = &table->patterns[index];
    if (route->pattern[0] != '/' || !split_path(route->pattern, strlen(route->pattern), own) ||
        !mark_params(own))
        return FAIL(err, ERR_INVALID, "the pattern %s is malformed", route->pattern);
    if (route->method == HTTP_HEAD || route->method >= HTTP_OPTIONS || route->handle == NULL)
        return FAIL(err, ERR_INVALID, "the route %s has no proper method or no handler",
                    route->pattern);
    for (int32_t i = 0; i < index; i++)
        if (table->routes[i].method == route->method && same_shape(&table->patterns[i], own))
            return FAIL(err, ERR_INVALID, "the route %s %s is hidden by %s",
                        http_method_name(route->method), route->pattern, table->routes[i].pattern);
    return ERR_OK;
}

enum err route_table_create(const struct route *routes, int32_t count,
                            struct route_table **ret_table, struct error *err)
{
    enum err rc = ERR_OK;
    struct route_table *table = NULL;
    if (count < 1 || count > ROUTES_MAX)
        return FAIL(err, ERR_INVALID, "a server has 1 to %d routes", ROUTES_MAX);
    TRY_PTR(table = mem_array(1, sizeof(*table), err));
    table->routes = routes;
    table->count = count;
    TRY_PTR(table->patterns = mem_array((size_t)count, sizeof(*table->patterns), err));
    for (int32_t i = 0; i < count; i++)
        TRY(compile(table, i, err));
    *ret_table = table;
    table = NULL;
done:
    route_table_free(table);
    return rc;
}

void route_table_free(struct route_table *table)
{
    if (table != NULL)
        mem_free(table->patterns);
    mem_free(table);
}

const struct route *route_table_list(const struct route_table *table, int32_t *ret_count)
{
    *ret_count = table->count;
    return table->routes;
}

/* Decode each segment into the arena. 0, 400 or 503. */
static int decode_segments(struct split *path, struct arena *arena)
{
    for (int32_t i = 0; i < path->count; i++) {
        struct error ignored;
        struct segment *part = &path->parts[i];
        size_t len;
        char *text = arena_alloc(arena, part->len + 1, &ignored);
        if (text == NULL)
            return 503;
        if (!percent_decode(part->text, part->len, false, text, &len) || strcmp(text, ".") == 0 ||
            strcmp(text, "..") == 0)
            return 400;
        for (size_t k = 0; k < len; k++)
            if ((unsigned char)text[k] < 0x20 || text[k] == 0x7F || text[k] == '/' ||
                text[k] == '\\')
                return 400;
        part->text = text;
        part->len = len;
    }
    return 0;
}

static bool segments_match(const struct split *pattern, const struct split *path)
{
    if (pattern->count > path->count)
        return false;
    for (int32_t i = 0; i < pattern->count; i++) {
        const struct segment *want = &pattern->parts[i], *got = &path->parts[i];
        if (want->is_rest)
            return got->len > 0;
        if (want->is_param ? got->len == 0
                           : want->len != got->len || memcmp(want->text, got->text, got->len) != 0)
            return false;
    }
    return pattern->count == path->count;
}

/* Whether `a` is to be preferred to `b`, both of which match: literal earlier, or longer before the
 * rest. */
static bool is_closer(const struct split *a, const struct split *b)
{
    for (int32_t i = 0; i < a->count && i < b->count; i++) {
        const int a_rank = a->parts[i].is_param + a->parts[i].is_rest;
        const int b_rank = b->parts[i].is_param + b->parts[i].is_rest;
        if (a_rank != b_rank)
            return a_rank < b_rank;
    }
    return false;
}

/* The parameters' values, in the pattern's order. False: no memory. */
static bool fill_values(const struct split *pattern, const struct split *path, struct arena *arena,
                        struct route_match *match)
{
    int32_t params = 0;
    for (int32_t i = 0; i < pattern->count; i++) {
        if (!pattern->parts[i].is_param)
            continue;
        const char *value = path->parts[i].text;
        for (int32_t k = i + 1; pattern->parts[i].is_rest && k < path->count; k++) {
            struct error ignored;
            value = arena_textf(arena, &ignored, "%s/%s", value, path->parts[k].text);
            if (value == NULL)
                return false;
        }
        match->values[params++] = value;
    }
    return true;
}

/* The best route of one method among those that match, or -1; *ret_allowed gathers all methods. */
static int32_t best_route(const struct route_table *table, const struct split *path,
                          enum http_method method, uint32_t *ret_allowed)
{
    int32_t best = -1;
    for (int32_t i = 0; i < table->count; i++) {
        const enum http_method has = table->routes[i].method;
        const struct split *pattern = &table->patterns[i];
        if (!segments_match(pattern, path))
            continue;
        *ret_allowed |= 1u << has | (has == HTTP_GET ? 1u << HTTP_HEAD : 0) | 1u << HTTP_OPTIONS;
        if (has == method && (best < 0 || is_closer(pattern, &table->patterns[best])))
            best = i;
    }
    return best;
}

/* What to answer where nothing matches: 308 when a slash at the end makes the difference. */
static int find_redirect(const struct route_table *table, struct arena *arena, const char *path,
                         size_t len, struct split *split, struct route_match *match)
{
    struct error ignored;
    uint32_t allowed = 0;
    const bool has_slash = len > 1 && path[len - 1] == '/';
    if (has_slash)
        split->count--;
    else if (split->count < SEGMENTS_MAX)
        split->parts[split->count++] = (struct segment){.text = "", .len = 0};
    (void)best_route(table, split, HTTP_GET, &allowed);
    if (allowed == 0 || strncmp(path, "//", 2) == 0) /* //host/ would lead to another host */
        return 404;
    match->redirect = has_slash ? arena_text(arena, path, len - 1, &ignored)
                                : arena_textf(arena, &ignored, "%.*s/", (int)len, path);
    return match->redirect != NULL ? 308 : 503;
}

int route_find(const struct route_table *table, struct arena *arena, enum http_method method,
               const char *path, size_t len, struct route_match *ret_match)
{
    struct split split;
    *ret_match = (struct route_match){.index = -1};
    if (method == HTTP_METHOD_COUNT)
        return 501;
    if (len == 1 && path[0] == '*' && method == HTTP_OPTIONS) {
        ret_match->allowed = (1u << HTTP_METHOD_COUNT) - 1;
        return 204;
    }
    if (len == 0 || path[0] != '/')
        return 400;
    if (!split_path(path, len, &split))
        return 404;
    const int decoded = decode_segments(&split, arena);
    if (decoded != 0)
        return decoded;
    const enum http_method wanted = method == HTTP_HEAD ? HTTP_GET : method;
    const int32_t best = best_route(table, &split, wanted, &ret_match->allowed);
    if (ret_match->allowed == 0)
        return find_redirect(table, arena, path, len, &split, ret_match);
    if (method == HTTP_OPTIONS)
        return 204;
    if (best < 0)
        return 405;
    ret_match->route = &table->routes[best];
    ret_match->index = best;
    return fill_values(&table->patterns[best], &split, arena, ret_match) ? 0 : 503;
}

const char *route_value(const struct route_match *match, const char *name)
{
    int32_t params = 0;
    const size_t name_len = strlen(name);
    for (const char *at = match->route != NULL ? match->route->pattern : ""; *at != '\0'; at++) {
        if (*at != '{')
            continue;
        const size_t len = strcspn(++at, ".}");
        if (len == name_len && memcmp(at, name, len) == 0)
            return match->values[params];
        params++;
    }
    return "";
}
