/*
 * CSV files with a header line; delimiter, quotes and the types of columns are found from the
 * first 20,480 rows. A row that does not fit them later is an error, never skipped.
 */
#include <inttypes.h>
#include <string.h>

#include "data/source.h"

static enum err probe(const struct data_file *file, struct error *err)
{
    enum err rc;
    char head[4096];
    const int64_t size = file->bytes < (int64_t)sizeof(head) ? file->bytes : (int64_t)sizeof(head);

    TRY(file_read(file, 0, head, size, err));
    if (memchr(head, '\0', (size_t)size) != NULL || (size >= 4 && memcmp(head, "PAR1", 4) == 0))
        return FAIL_REASON(err, ERR_DATA, "not_csv",
                           "%s is no CSV file: it holds bytes that are not text. Name it .pq if it "
                           "is Parquet, or write it as UTF-8 text.",
                           file->name);
    rc = ERR_OK;
done:
    return rc;
}

static enum err relation(const struct file_set *set, int32_t first, int32_t count,
                         const char *text_column, struct strbuf *sql, struct error *err)
{
    enum err rc;
    TRY(strbuf_addf(sql, err, "read_csv("));
    TRY(sql_add_files(sql, set, first, count, err));
    TRY(strbuf_addf(sql, err, ", header=true, ignore_errors=false, hive_partitioning=false"));
    if (text_column != NULL) {
        TRY(strbuf_addf(sql, err, ", types={"));
        TRY(sql_add_quoted(sql, '\'', text_column, err));
        TRY(strbuf_addf(sql, err, ": 'VARCHAR'}"));
    }
    TRY(strbuf_addf(sql, err, ")"));
done:
    return rc;
}

const struct source csv_source = {
    .name = "csv",
    .extensions = {".csv", NULL},
    .probe = probe,
    .relation = relation,
    .has_types = false,
    .has_metadata = false,
};
