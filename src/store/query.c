/* The texts of queries: named parts are put in for {name}, those of the backend first. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "store/db.h"

enum { PART_DEPTH_MAX = 4, PART_NAME_MAX = 64 };

static const char *find_part(const struct backend *backend, const char *name, size_t len)
{
    char own[PART_NAME_MAX + 16];
    snprintf(own, sizeof(own), "%s_%.*s", backend->name, (int)len, name);
    for (int i = 0; i < PART_COUNT; i++)
        if (strcmp(part_texts[i].name, own) == 0)
            return part_texts[i].text;
    for (int i = 0; i < PART_COUNT; i++)
        if (strlen(part_texts[i].name) == len && memcmp(part_texts[i].name, name, len) == 0)
            return part_texts[i].text;
    return NULL;
}

/* A part may name parts: `depth` ends a circle. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static enum err expand(const struct backend *backend, const char *text, int depth,
                       struct strbuf *out, struct error *err)
{
    enum err rc = ERR_OK;
    while (*text != '\0') {
        const size_t plain = strcspn(text, "{");
        TRY(strbuf_add(out, text, plain, err));
        text += plain;
        if (*text == '\0')
            break;
        const size_t len = strcspn(text + 1, "}");
        const char *part = find_part(backend, text + 1, len);
        assert(part != NULL && depth < PART_DEPTH_MAX && "a query names a part that there is");
        TRY(expand(backend, part, depth + 1, out, err));
        text += len + 2;
    }
done:
    return rc;
}

enum err query_expand(const struct backend *backend, const char *text, struct strbuf *out,
                      struct error *err)
{
    return expand(backend, text, 0, out, err);
}

enum err query_expanded(const struct backend *backend, enum query query, struct strbuf *out,
                        struct error *err)
{
    const struct query_text *text = &query_texts[query];
    return query_expand(backend, backend == &sqlite_backend ? text->sqlite : text->postgres, out,
                        err);
}
