#include "data/source.h"

#include <string.h>

#define X(name) &name##_source,
static const struct source *const sources[] = {SOURCES(X)};
#undef X

int32_t source_count(void)
{
    return (int32_t)(sizeof(sources) / sizeof(sources[0]));
}

const struct source *source_at(int32_t index)
{
    return sources[index];
}

static bool ends_with(const char *name, const char *end)
{
    const size_t length = strlen(name), end_length = strlen(end);
    return length > end_length && strcmp(name + length - end_length, end) == 0;
}

const struct source *source_of_name(const char *name)
{
    for (int32_t i = 0; i < source_count(); i++)
        for (int j = 0; j < SOURCE_EXTENSIONS_MAX && sources[i]->extensions[j] != NULL; j++)
            if (ends_with(name, sources[i]->extensions[j]))
                return sources[i];
    return NULL;
}

enum err sql_add_quoted(struct strbuf *sql, char quote, const char *text, struct error *err)
{
    enum err rc;
    TRY(strbuf_add(sql, &quote, 1, err));
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == quote)
            TRY(strbuf_add(sql, &quote, 1, err));
        TRY(strbuf_add(sql, at, 1, err));
    }
    TRY(strbuf_add(sql, &quote, 1, err));
done:
    return rc;
}

enum err sql_add_files(struct strbuf *sql, const struct file_set *set, int32_t first, int32_t count,
                       struct error *err)
{
    enum err rc;
    TRY(strbuf_addf(sql, err, "["));
    for (int32_t i = first; i < first + count; i++)
        TRY(strbuf_addf(sql, err, "%s'/proc/self/fd/%d'", i > first ? ", " : "", set->files[i].fd));
    TRY(strbuf_addf(sql, err, "]"));
done:
    return rc;
}
