#include "api/template.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64 };

/* What is being rendered, and in which objects a name is looked for: the innermost first. */
struct renderer {
    const char *begin, *end; /* of the whole template */
    const json_t *contexts[TEMPLATE_DEPTH_MAX];
    int depth;
    struct strbuf *out;
};

struct tag {
    char kind; /* '&' escaped, '{' raw, '#', '^', '/', '!' */
    char name[NAME_MAX_BYTES];
    const char *begin, *end; /* with its braces */
};

enum err html_add(struct strbuf *out, const char *text, struct error *err)
{
    enum err rc = ERR_OK;
    static const char special[] = "&<>\"'";
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    while (*text != '\0') {
        const size_t plain = strcspn(text, special);
        TRY(strbuf_add(out, text, plain, err));
        text += plain;
        if (*text == '\0')
            break;
        const char *entity = entities[strchr(special, *text) - special];
        TRY(strbuf_add(out, entity, strlen(entity), err));
        text++;
    }
done:
    return rc;
}

static enum err malformed(const struct renderer *renderer, const char *at, const char *what,
                          struct error *err)
{
    int line = 1;
    for (const char *c = renderer->begin; c < at; c++)
        line += *c == '\n';
    return FAIL(err, ERR_INTERNAL, "a page's template, line %d: %s", line, what);
}

static const char *find(const char *from, const char *end, const char *what)
{
    return memmem(from, (size_t)(end - from), what, strlen(what));
}

/* The next tag from `at` on. *ret_found false: there is none before `end`. */
static enum err next_tag(const struct renderer *renderer, const char *at, const char *end,
                         struct tag *tag, bool *ret_found, struct error *err)
{
    const char *open = find(at, end, "{{");
    *ret_found = open != NULL;
    if (open == NULL)
        return ERR_OK;
    const bool is_raw = open + 2 < end && open[2] == '{';
    const char *name = open + 2 + is_raw;
    const char *close = find(name, end, is_raw ? "}}}" : "}}");
    if (close == NULL)
        return malformed(renderer, open, "{{ without its end", err);
    tag->begin = open;
    tag->end = close + (is_raw ? 3 : 2);
    tag->kind = is_raw ? '{' : '&';
    if (!is_raw && name < close && strchr("#^/!", *name) != NULL)
        tag->kind = *name++;
    while (name < close && *name == ' ')
        name++;
    while (close > name && close[-1] == ' ')
        close--;
    const size_t len = (size_t)(close - name);
    if (tag->kind == '!') {
        tag->name[0] = '\0';
        return ERR_OK;
    }
    if (len == 0 || len >= sizeof(tag->name))
        return malformed(renderer, open, "a name that is empty or too long", err);
    memcpy(tag->name, name, len);
    tag->name[len] = '\0';
    return ERR_OK;
}

/* The tag that closes `open`; sections within may have the same name. */
static enum err find_close(const struct renderer *renderer, const struct tag *open, const char *end,
                           struct tag *ret_close, struct error *err)
{
    enum err rc;
    int depth = 1;
    bool is_found;
    for (const char *at = open->end;; at = ret_close->end) {
        TRY(next_tag(renderer, at, end, ret_close, &is_found, err));
        if (!is_found)
            return malformed(renderer, open->begin, "a section without its end", err);
        if (strcmp(ret_close->name, open->name) != 0)
            continue;
        if (ret_close->kind == '#' || ret_close->kind == '^')
            depth++;
        else if (ret_close->kind == '/' && --depth == 0)
            return ERR_OK;
    }
done:
    return rc;
}

static const json_t *look_up(const struct renderer *renderer, const char *name)
{
    const json_t *value = NULL;
    if (strcmp(name, ".") == 0)
        return renderer->contexts[renderer->depth - 1];
    for (int i = renderer->depth - 1; value == NULL && i >= 0; i--)
        value = json_object_get(renderer->contexts[i], name);
    return value;
}

static bool is_shown(const json_t *value)
{
    return value != NULL && !json_is_null(value) && !json_is_false(value) &&
           !(json_is_string(value) && json_string_length(value) == 0) &&
           !(json_is_array(value) && json_array_size(value) == 0);
}

static enum err add_value(struct renderer *renderer, const struct tag *tag, struct error *err)
{
    const json_t *value = look_up(renderer, tag->name);
    if (json_is_integer(value))
        return strbuf_addf(renderer->out, err, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_real(value))
        return strbuf_addf(renderer->out, err, "%.10g", json_real_value(value));
    if (!json_is_string(value))
        return ERR_OK;
    if (tag->kind == '{')
        return strbuf_add(renderer->out, json_string_value(value), json_string_length(value), err);
    return html_add(renderer->out, json_string_value(value), err);
}

static enum err render(struct renderer *renderer, const char *begin, const char *end,
                       struct error *err);

static enum err render_section(struct renderer *renderer, const struct tag *open, const char *end,
                               struct error *err)
{
    enum err rc = ERR_OK;
    const json_t *value = look_up(renderer, open->name);
    const size_t count = json_is_array(value) ? json_array_size(value) : 1;
    if (is_shown(value) == (open->kind == '^'))
        return ERR_OK;
    if (open->kind == '^')
        return render(renderer, open->end, end, err);
    if (renderer->depth == TEMPLATE_DEPTH_MAX)
        return malformed(renderer, open->begin, "sections are nested too deep", err);
    for (size_t i = 0; i < count; i++) {
        renderer->contexts[renderer->depth++] =
            json_is_array(value) ? json_array_get(value, i) : value;
        rc = render(renderer, open->end, end, err);
        renderer->depth--;
        TRY(rc);
    }
done:
    return rc;
}

/* Recursion is as deep as sections are nested in a template, which is ours. */
static enum err render(struct renderer *renderer, const char *begin, const char *end,
                       struct error *err)
{
    enum err rc = ERR_OK;
    struct tag tag, close;
    bool is_found;
    for (const char *at = begin; at < end;) {
        TRY(next_tag(renderer, at, end, &tag, &is_found, err));
        TRY(strbuf_add(renderer->out, at, (size_t)((is_found ? tag.begin : end) - at), err));
        if (!is_found)
            break;
        at = tag.end;
        if (tag.kind == '#' || tag.kind == '^') {
            TRY(find_close(renderer, &tag, end, &close, err));
            TRY(render_section(renderer, &tag, close.begin, err));
            at = close.end;
        } else if (tag.kind == '/') {
            return malformed(renderer, tag.begin, "the end of a section that was not begun", err);
        } else if (tag.kind != '!') {
            TRY(add_value(renderer, &tag, err));
        }
    }
done:
    return rc;
}

enum err template_render(const char *text, size_t len, const json_t *context, struct strbuf *out,
                         struct error *err)
{
    struct renderer renderer = {.begin = text, .end = text + len, .depth = 1, .out = out};
    renderer.contexts[0] = context;
    return render(&renderer, text, text + len, err);
}
