#ifndef TESTS_DATA_SYNTH_MAKER_H
#define TESTS_DATA_SYNTH_MAKER_H

/* What the tests of the generator share. Include after cmocka.h and what it needs. */
#include "base/progress.h"
#include "data/synth.h"
#include "fixture.h"

/* The path of $D/name, valid until the next call. */
const char *made_directory(const struct fixture *f, const char *name);

/* A spec with these sizes for $D/name, which is borrowed until the next call; and made from it, or
 * the test fails with the message. */
struct synth_spec make_spec(const struct fixture *f, const char *name, int64_t rows, int32_t users,
                            int32_t items);
struct synth_result make(const struct synth_spec *spec);

/* It must fail so, with a message that holds `part`, hold no memory afterwards and leave the
 * result alone. */
void refuse(const struct synth_spec *spec, const struct progress *progress, enum err code,
            const char *part);

/* The one value of a query's one row, as a number, or compared as text. $D is the directory. */
double ask(const struct fixture *f, const char *sql);
void assert_text(const struct fixture *f, const char *sql, const char *expected);

void assert_between(double value, double low, double high);

#endif
