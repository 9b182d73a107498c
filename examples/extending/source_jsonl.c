/*
 * JSON lines: one object a line, {"cookie": 1, "node": 7, "event": 17, "event_date": "2025-01-10
 * 12:00:00"}, read by the engine's own reader. Columns and types are found from the first 20,480
 * lines; a line that does not fit them is an error, never skipped.
 */
#include <ctype.h>

#include "data/source.h"

/* The first character that is not blank opens an object. */
static enum err probe(const struct data_file *file, struct error *err)
{
    enum err rc;
    char head[256];
    int64_t at = 0;
    const int64_t size = file->bytes < (int64_t)sizeof(head) ? file->bytes : (int64_t)sizeof(head);

    TRY(file_read(file, 0, head, size, err));
    while (at < size && isspace((unsigned char)head[at]))
        at++;
    if (at == size || head[at] != '{')
        return FAIL_REASON(err, ERR_DATA, "not_jsonl",
                           "%s holds no JSON lines: it must begin with {. Write one object a line.",
                           file->name);
done:
    return rc;
}

static enum err relation(const struct file_set *set, int32_t first, int32_t count,
                         const char *text_column, struct strbuf *sql, struct error *err)
{
    enum err rc;
    (void)text_column; /* the reader tells text from time */
    TRY(strbuf_addf(sql, err, "read_json("));
    TRY(sql_add_files(sql, set, first, count, err));
    TRY(strbuf_addf(sql, err,
                    ", format='newline_delimited', ignore_errors=false, hive_partitioning=false)"));
done:
    return rc;
}

const struct source jsonl_source = {
    .name = "jsonl",
    .extensions = {".jsonl", ".ndjson", NULL},
    .probe = probe,
    .relation = relation,
    .has_types = true,
    .has_metadata = false,
};
