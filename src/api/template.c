#include "api/template.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"

enum { NAME_MAX_BYTES = 64 };

/* Text, a value, or a section up to the part `end`. */
enum part_kind { PART_TEXT, PART_VALUE, PART_RAW, PART_SECTION, PART_INVERTED };
struct part {
    enum part_kind kind;
    const char *text; /* of PART_TEXT */
    size_t len;
    char name[NAME_MAX_BYTES];
    int32_t end; /* behind the last part of a section */
};
struct template
{
    const char *begin, *end; /* of the text */
    int32_t count;
    struct part parts[TEMPLATE_PARTS_MAX];
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

/* ---- compile ---- */

struct tag {
    char kind; /* '&' escaped, '{' raw, '#', '^', '/', '!' */
    char name[NAME_MAX_BYTES];
    const char *begin, *end; /* with its braces */
};

static enum err malformed(const struct template *template, const char *at, const char *what,
                          struct error *err)
{
    int line = 1;
    for (const char *c = template->begin; c < at; c++)
        line += *c == '\n';
    return FAIL(err, ERR_INTERNAL, "a page's template, line %d: %s", line, what);
}

static const char *find(const char *from, const char *end, const char *what)
{
    return memmem(from, (size_t)(end - from), what, strlen(what));
}

/* The next tag from `at` on. *ret_found false: there is none. */
static enum err next_tag(const struct template *template, const char *at, struct tag *tag,
                         bool *ret_found, struct error *err)
{
    const char *open = find(at, template->end, "{{");
    *ret_found = open != NULL;
    if (open == NULL)
        return ERR_OK;
    const bool is_raw = open + 2 < template->end && open[2] == '{';
    const char *name = open + 2 + is_raw;
    const char *close = find(name, template->end, is_raw ? "}}}" : "}}");
    if (close == NULL)
        return malformed(template, open, "{{ without its end", err);
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
        return malformed(template, open, "a name that is empty or too long", err);
    memcpy(tag->name, name, len);
    tag->name[len] = '\0';
    return ERR_OK;
}

static enum err add_part(struct template *template, const struct part *part, const char *at,
                         struct error *err)
{
    if (template->count == TEMPLATE_PARTS_MAX)
        return malformed(template, at, "more parts than a template may have", err);
    template->parts[template->count++] = *part;
    return ERR_OK;
}

static enum err add_text(struct template *template, const char *from, const char *to,
                         struct error *err)
{
    const struct part part = {.kind = PART_TEXT, .text = from, .len = (size_t)(to - from)};
    return to > from ? add_part(template, &part, from, err) : ERR_OK;
}

static enum err add_tag(struct template *template, const struct tag *tag, int32_t *open,
                        int32_t *depth, struct error *err)
{
    struct part part = {.kind = PART_VALUE, .text = tag->begin};
    memcpy(part.name, tag->name, sizeof(part.name));
    switch (tag->kind) {
    case '!':
        return ERR_OK;
    case '/':
        if (*depth == 0 || strcmp(template->parts[open[*depth - 1]].name, tag->name) != 0)
            return malformed(template, tag->begin, "the end of a section that was not begun", err);
        template->parts[open[--*depth]].end = template->count;
        return ERR_OK;
    case '#':
    case '^':
        if (*depth == TEMPLATE_DEPTH_MAX)
            return malformed(template, tag->begin, "sections are nested too deep", err);
        part.kind = tag->kind == '#' ? PART_SECTION : PART_INVERTED;
        open[(*depth)++] = template->count;
        break;
    case '{':
        part.kind = PART_RAW;
        break;
    default:
        break;
    }
    return add_part(template, &part, tag->begin, err);
}

enum err template_compile(const char *text, size_t len, struct template **ret_template,
                          struct error *err)
{
    enum err rc = ERR_OK;
    struct tag tag = {0};
    bool is_found;
    int32_t open[TEMPLATE_DEPTH_MAX], depth = 0;
    struct template *template, *fit;
    TRY_PTR(template = mem_plain(sizeof(*template), err));
    template->begin = text;
    template->end = text + len;
    template->count = 0;
    for (const char *at = text; at < template->end; at = tag.end) {
        TRY(next_tag(template, at, &tag, &is_found, err));
        TRY(add_text(template, at, is_found ? tag.begin : template->end, err));
        if (!is_found)
            break;
        TRY(add_tag(template, &tag, open, &depth, err));
    }
    if (depth > 0) {
        rc = malformed(template, template->parts[open[depth - 1]].text, "a section without its end",
                       err);
        goto done;
    }
    const size_t used =
        offsetof(struct template, parts) + (size_t) template->count * sizeof(template->parts[0]);
    TRY_PTR(fit = mem_dup(template, used, err));
    *ret_template = fit;
done:
    mem_free(template);
    return rc;
}

void template_free(struct template *template)
{
    mem_free(template);
}

/* ---- render ---- */

/* What is being rendered, and in which objects a name is looked for: the innermost first. A row
 * stands in their place at its depth. */
struct renderer {
    const struct template *template;
    const json_t *contexts[TEMPLATE_DEPTH_MAX + 1];
    int depth;
    const struct template_rows *rows;
    const char *const *row;             /* the values of the row that is rendered, or NULL … */
    int row_depth;                      /* … and its place in contexts */
    int16_t fields[TEMPLATE_PARTS_MAX]; /* of each part within the rows, its field; -1: none */
    struct strbuf *out;
};

/* JSON, or text of a row; neither: nothing. */
struct value {
    const json_t *json;
    const char *text;
};

static struct value look_up(const struct renderer *renderer, int32_t at)
{
    struct value value = {0};
    const char *name = renderer->template->parts[at].name;
    if (strcmp(name, ".") == 0) {
        value.json = renderer->contexts[renderer->depth - 1];
        return value;
    }
    for (int i = renderer->depth - 1; i >= 0; i--) {
        if (renderer->row != NULL && i == renderer->row_depth) {
            if (renderer->fields[at] < 0)
                continue;
            value.text = renderer->row[renderer->fields[at]];
            return value;
        }
        value.json = json_object_get(renderer->contexts[i], name);
        if (value.json != NULL)
            return value;
    }
    return value;
}

static bool is_shown(struct value value)
{
    const json_t *json = value.json;
    if (value.text != NULL)
        return value.text[0] != '\0';
    return json != NULL && !json_is_null(json) && !json_is_false(json) &&
           !(json_is_string(json) && json_string_length(json) == 0) &&
           !(json_is_array(json) && json_array_size(json) == 0);
}

static enum err add_value(struct renderer *renderer, int32_t at, struct error *err)
{
    const struct value value = look_up(renderer, at);
    const json_t *json = value.json;
    if (json_is_integer(json))
        return strbuf_addf(renderer->out, err, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    if (json_is_real(json))
        return strbuf_addf(renderer->out, err, "%.10g", json_real_value(json));
    const char *text = json_is_string(json) ? json_string_value(json) : value.text;
    if (text == NULL)
        return ERR_OK;
    if (renderer->template->parts[at].kind == PART_RAW)
        return strbuf_add(renderer->out, text, strlen(text), err);
    return html_add(renderer->out, text, err);
}

static enum err render(struct renderer *renderer, int32_t begin, int32_t end, struct error *err);

/* Which field each part of the section has, once for all rows. */
static void find_fields(struct renderer *renderer, int32_t begin, int32_t end)
{
    const struct template_rows *rows = renderer->rows;
    for (int32_t at = begin; at < end; at++) {
        renderer->fields[at] = -1;
        for (int32_t i = 0; i < rows->field_count; i++)
            if (strcmp(renderer->template->parts[at].name, rows->fields[i]) == 0)
                renderer->fields[at] = (int16_t)i;
    }
}

static enum err render_rows(struct renderer *renderer, int32_t at, struct error *err)
{
    enum err rc = ERR_OK;
    const struct template_rows *rows = renderer->rows;
    const struct part *part = &renderer->template->parts[at];
    if (part->kind == PART_INVERTED)
        return rows->count == 0 ? render(renderer, at + 1, part->end, err) : ERR_OK;
    find_fields(renderer, at + 1, part->end);
    renderer->row_depth = renderer->depth++;
    renderer->contexts[renderer->row_depth] = NULL;
    for (int32_t i = 0; i < rows->count && rc == ERR_OK; i++) {
        renderer->row = rows->values + (size_t)i * (size_t)rows->field_count;
        rc = render(renderer, at + 1, part->end, err);
    }
    renderer->row = NULL;
    renderer->depth--;
    return rc;
}

static enum err render_section(struct renderer *renderer, int32_t at, struct error *err)
{
    enum err rc = ERR_OK;
    const struct part *part = &renderer->template->parts[at];
    if (renderer->rows != NULL && renderer->row == NULL &&
        strcmp(part->name, renderer->rows->name) == 0)
        return render_rows(renderer, at, err);
    const struct value value = look_up(renderer, at);
    if (is_shown(value) == (part->kind == PART_INVERTED))
        return ERR_OK;
    if (part->kind == PART_INVERTED || value.json == NULL)
        return render(renderer, at + 1, part->end, err);
    const size_t count = json_is_array(value.json) ? json_array_size(value.json) : 1;
    for (size_t i = 0; i < count; i++) {
        renderer->contexts[renderer->depth++] =
            json_is_array(value.json) ? json_array_get(value.json, i) : value.json;
        rc = render(renderer, at + 1, part->end, err);
        renderer->depth--;
        TRY(rc);
    }
done:
    return rc;
}

/* Recursion is as deep as sections are nested, which compiling has bounded. */
static enum err render(struct renderer *renderer, int32_t begin, int32_t end, struct error *err)
{
    enum err rc = ERR_OK;
    for (int32_t at = begin; at < end;) {
        const struct part *part = &renderer->template->parts[at];
        const bool is_section = part->kind == PART_SECTION || part->kind == PART_INVERTED;
        if (part->kind == PART_TEXT)
            TRY(strbuf_add(renderer->out, part->text, part->len, err));
        else if (is_section)
            TRY(render_section(renderer, at, err));
        else
            TRY(add_value(renderer, at, err));
        at = is_section ? part->end : at + 1;
    }
done:
    return rc;
}

enum err template_render(const struct template *template, const json_t *context,
                         const struct template_rows *rows, struct strbuf *out, struct error *err)
{
    struct renderer renderer;
    renderer.template = template;
    renderer.contexts[0] = context;
    renderer.depth = 1;
    renderer.rows = rows;
    renderer.row = NULL;
    renderer.out = out;
    return render(&renderer, 0, template->count, err);
}
