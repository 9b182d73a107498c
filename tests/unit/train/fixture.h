#ifndef TESTS_UNIT_TRAIN_FIXTURE_H
#define TESTS_UNIT_TRAIN_FIXTURE_H

/*
 * What the tests of runs share: a directory of their own, a small clickstream that is written by
 * hand (CSV, so that no writer of Parquet is needed), and runs on it.
 *
 * The small clickstream has `users` users and `items` items. User u takes item (7 u + 3 j) mod
 * `items` on day j of January 2025 for j = 1 to 6, and on the 25th, as a contact, an item that it
 * has not had before. With 14 days for evaluation the first six are train, the last is holdout.
 */
#include <stdbool.h>

#include "base/hash.h"
#include "train/run.h"

struct fixture {
    char root[64], data[96], output[96];
};

struct clicks {
    int32_t users, items; /* items at least 8 */
    int32_t stride;     /* row i is written at place i × stride mod rows: coprime to 7 × users */
    bool text_ids;      /* "u003" and "i007" rather than 3 and 7 */
    int32_t first_user; /* its id */
    int32_t first_item;
};

/* 40 users, 23 items, ids from 0, rows in order. */
extern const struct clicks usual_clicks;

/* A new directory with data/ (empty) and the name of output/ (not made). Ends the test on failure.
 */
void fixture_create(struct fixture *fixture);
void fixture_remove(struct fixture *fixture); /* with all that is in it */

/* For cmocka: one as the state, without data or with the usual clicks. */
int fixture_set_up(void **state);
int fixture_set_up_clicks(void **state);
int fixture_tear_down(void **state);

void fixture_write_clicks(const struct fixture *fixture, const struct clicks *clicks);
/* A file of data/ with these contents. */
void fixture_write(const struct fixture *fixture, const char *name, const char *text);

/* Entries of a directory, hidden ones too, besides . and ..; 0 when it is not there. */
int fixture_entries(const char *directory);

/* A spec for the fixture's data and output, with few factors and iterations. */
struct run_spec fixture_spec(const struct fixture *fixture, const char *kind);
/* Set a parameter that must be right. */
void fixture_set(struct run_spec *spec, const char *name, const char *text);
/* Run what must succeed. The caller decrefs. */
json_t *fixture_run(const struct run_spec *spec);
/* Runs by one, two and seven threads give the same model and metrics, bit by bit. */
void fixture_check_threads(struct run_spec *spec);

/* A value of a result, by path: "metrics.recall_at_k". It must be there. */
const json_t *result_at(const json_t *result, const char *path);
double result_number(const json_t *result, const char *path);
const char *result_text(const json_t *result, const char *path);

/* The SHA-256 of a file that must be there, in hex. */
void fixture_sum(const char *path, char out[HASH_HEX_SIZE]);

/* Whether all arrays of two model files are equal, bit by bit. */
bool same_model(const char *left_path, const char *right_path);

#endif
