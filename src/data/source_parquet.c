/*
 * Parquet files: four bytes "PAR1", pages, the footer, its length in four bytes, "PAR1". Source:
 * the Apache Parquet format specification.
 */
#include <inttypes.h>
#include <string.h>

#include "data/source.h"

static const int64_t FOOTER_BYTES_MAX = INT64_C(64) << 20;

static enum err probe(const struct data_file *file, struct error *err)
{
    enum err rc;
    char head[4], tail[8];
    uint32_t footer_bytes;

    if (file->bytes < 12)
        return FAIL_REASON(err, ERR_DATA, "not_parquet",
                           "%s is no Parquet file: it has %" PRId64 " bytes, the smallest has 12.",
                           file->name, file->bytes);
    TRY(file_read(file, 0, head, 4, err));
    TRY(file_read(file, file->bytes - 8, tail, 8, err));
    if (memcmp(head, "PARE", 4) == 0)
        return FAIL_REASON(err, ERR_DATA, "parquet_encrypted",
                           "%s is an encrypted Parquet file. Decrypt it first.", file->name);
    if (memcmp(head, "PAR1", 4) != 0)
        return FAIL_REASON(err, ERR_DATA, "not_parquet",
                           "%s is no Parquet file: its first four bytes are not \"PAR1\". Write "
                           "it as Parquet, or name it .csv if it is CSV.",
                           file->name);
    if (memcmp(tail + 4, "PAR1", 4) != 0)
        return FAIL_REASON(err, ERR_DATA, "parquet_truncated",
                           "%s is cut off: it begins as a Parquet file of which the last four "
                           "bytes are \"PAR1\", and they are not. Copy the file again.",
                           file->name);
    memcpy(&footer_bytes, tail, 4); /* little endian, as this machine is */
    if (footer_bytes > file->bytes - 12 || footer_bytes > FOOTER_BYTES_MAX)
        return FAIL_REASON(err, ERR_DATA, "parquet_footer",
                           "%s is damaged: its footer claims %" PRIu32 " bytes, the file has "
                           "%" PRId64 " and the limit is %" PRId64 ". Write the file again.",
                           file->name, footer_bytes, file->bytes, FOOTER_BYTES_MAX);
    rc = ERR_OK;
done:
    return rc;
}

static enum err relation(const struct file_set *set, int32_t first, int32_t count,
                         const char *text_column, struct strbuf *sql, struct error *err)
{
    enum err rc;
    (void)text_column; /* Parquet has types */
    TRY(strbuf_addf(sql, err, "read_parquet("));
    TRY(sql_add_files(sql, set, first, count, err));
    /* Without hive_partitioning=false a directory named a=b would add a column. */
    TRY(strbuf_addf(sql, err, ", binary_as_string=true, hive_partitioning=false)"));
done:
    return rc;
}

const struct source parquet_source = {
    .name = "parquet",
    .extensions = {".pq", ".parquet", NULL},
    .probe = probe,
    .relation = relation,
    .has_types = true,
    .has_metadata = true,
};
