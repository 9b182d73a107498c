#ifndef TESTS_DATA_FIXTURE_H
#define TESTS_DATA_FIXTURE_H

/* A directory of its own for each test, with files that DuckDB writes into it. Include after
 * cmocka.h and what it needs. */
#include "data/dataset.h"

struct fixture {
    char path[256];
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Run SQL in which every $D is the test's directory. */
void fixture_sql(const struct fixture *f, const char *sql);
/* The same for the first value of what it gives, as text; the caller frees it with duckdb_free. */
char *fixture_value(const struct fixture *f, const char *sql);
/* Write bytes to a file of the directory. */
void fixture_write(const struct fixture *f, const char *name, const void *bytes, size_t size);
void fixture_text(const struct fixture *f, const char *name, const char *text);
/* All bytes of a file; the caller frees them with free(). */
unsigned char *fixture_read(const struct fixture *f, const char *name, size_t *ret_size);

/* The small clickstream whose counts are worked out by hand in dataset_test.c, and its events. */
void fixture_small(const struct fixture *f);
void fixture_events(const struct fixture *f); /* 10 is a contact, 17 is not */

/* The baseline's columns, one day of evaluation, two threads. */
struct load_spec fixture_spec(const struct fixture *f);

/* Load, or fail the test with the message. The caller frees it. */
struct dataset *fixture_load(const struct load_spec *spec);
/* Loading must fail so, with a message that holds `part`, and hold no memory afterwards. */
void fixture_refuse(const struct load_spec *spec, enum err code, const char *reason,
                    const char *part);

#endif
