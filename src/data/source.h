#ifndef DATA_SOURCE_H
#define DATA_SOURCE_H

/*
 * The kinds of files that a table can be read from. A new one is a file source_NAME.c that fills
 * a struct source NAME_source, and one line in the list below.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "data/files.h"

enum { SOURCE_EXTENSIONS_MAX = 4, RELATION_BYTES_MAX = 1 << 20 };

struct source {
    const char *name;                              /* "parquet", in the passport */
    const char *extensions[SOURCE_EXTENSIONS_MAX]; /* ".pq", …, NULL */

    /* Probe an open file before the engine does: ERR_DATA says what is wrong with it. */
    enum err (*probe)(const struct data_file *file, struct error *err);

    /* How to open it: add to `sql` the engine's table expression over files [first, first + count)
     * of the set. `text_column` (NULL: none) must come out as text where the source has no types
     * of its own. */
    enum err (*relation)(const struct file_set *set, int32_t first, int32_t count,
                         const char *text_column, struct strbuf *sql, struct error *err);

    bool has_types; /* columns carry types; else times are read as text */

    /* Whether the engine's parquet_metadata() knows rows and ranges of the columns. */
    bool has_metadata;
};

int32_t source_count(void);
const struct source *source_at(int32_t index);
/* The source that takes a file of this name, by its extension; NULL: none. */
const struct source *source_of_name(const char *name);

/* The list: source_NAME.c defines NAME_source. */
#define SOURCES(X)                                                                                 \
    X(parquet)                                                                                     \
    X(csv)                                                                                         \
    /* new ones go above this line */

#define X(name) extern const struct source name##_source;
SOURCES(X)
#undef X

/* Add a quoted SQL string or name, its quotes doubled: 'it''s', "a ""column""". */
MUST_CHECK enum err sql_add_quoted(struct strbuf *sql, char quote, const char *text,
                                   struct error *err);
/* Add ['/proc/self/fd/7', …] for files [first, first + count). */
MUST_CHECK enum err sql_add_files(struct strbuf *sql, const struct file_set *set, int32_t first,
                                  int32_t count, struct error *err);

#endif
