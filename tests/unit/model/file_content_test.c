/* Files that are well-formed pickles, with the right checksum, of content that cannot be: the
 * writer writes what it is given, the reader refuses it and says where. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "model/kinds.h"
#include "support/test.h"
#include "unit/model/sample.h"

/* Write the record and open it: the message must have `words`. */
static void assert_refused(const struct sample *sample, const char *words)
{
    struct error err = {.code = ERR_OK};
    struct model_file *file = NULL;
    char *path, sum[HASH_HEX_SIZE];
    assert_ok(
        model_file_write(&sample->record, sample_directory(), 0, "s", NULL, &path, sum, &err));
    assert_error(model_file_open(path, true, &file, &err), ERR_CORRUPT);
    assert_null(file);
    assert_non_null(strstr(err.message, path));
    assert_non_null(strstr(err.message, "byte "));
    if (strstr(err.message, words) == NULL)
        fail_msg("wanted '%s' in '%s'", words, err.message);
    unlink(path);
    mem_free(path);
}

static const struct sample_shape als = {"als", 6, 8, 3, 3, ID_INT64, ID_STRING};
static const struct sample_shape popular = {"popular", 6, 8, 1, 1, ID_UINT64, ID_INT64};

static void ids_that_do_not_ascend_are_refused(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, &als);
    sample.users.ints[3] = sample.users.ints[2];
    assert_refused(&sample, "user ids that ascend, but number 3 does not");
    sample.users.ints[3]++;
    sample.items.offsets[6] = sample.items.offsets[5]; /* item 5 is empty, item 6 longer */
    assert_refused(&sample, "item ids that ascend, but number 5 does not");
    sample_release(&sample);

    sample_init(&sample, &popular);
    sample.users.uints[5] = 1;
    assert_refused(&sample, "user ids that ascend, but number 5 does not");
    sample_release(&sample);
}

static void a_matrix_that_is_none_is_refused(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, &als);
    struct csr *m = &sample.matrix;
    const int32_t index = m->indices[1];
    const int64_t offset = m->indptr[2];

    m->indices[1] = 8;
    assert_refused(&sample, "row 0 names column 8 of 8");
    m->indices[1] = -1;
    assert_refused(&sample, "row 0 names column -1 of 8");
    m->indices[1] = m->indices[0];
    assert_refused(&sample, "the columns of row 0 do not ascend");
    m->indices[1] = index;
    m->indptr[2] = m->indptr[1] - 1;
    assert_refused(&sample, "never fall");
    m->indptr[2] = INT64_MAX;
    assert_refused(&sample, "never fall");
    m->indptr[2] = offset;
    m->indptr[0] = 1;
    assert_refused(&sample, "matrix offsets from 0 to");
    m->indptr[0] = 0;
    m->values[2] = NAN;
    assert_refused(&sample, "is not a finite number");
    sample_release(&sample);
}

static void sizes_that_disagree_are_refused(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, &als);
    sample.users.count = 5;
    assert_refused(&sample, "an als model needs");
    sample.users.count = 6;
    sample.matrix.cols = 7;
    assert_refused(&sample, "the shape 6 x 8");
    sample.matrix.cols = 8;
    sample.matrix.rows = 5;
    assert_refused(&sample, "expected indptr to be 7 elements of type <i8");
    sample_release(&sample);
}

static void counts_below_zero_are_refused(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, &popular);
    sample.popularity[7] = -1;
    assert_refused(&sample, "item 7 has popularity -1");
    sample_release(&sample);
}

static void what_the_kind_refuses_is_refused(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, &popular);
    ((int32_t *)sample.model->arrays[0].data)[4] = 8;
    assert_refused(&sample, "place 4 of the popular list names item 8:");
    sample.model->array_count = 1;
    assert_refused(&sample, "a popular model needs items and counts");
    sample.model->array_count = 2;
    sample_release(&sample);
}

static void factors_that_are_not_finite_are_refused(void **state)
{
    static const float wrong[] = {NAN, INFINITY, -INFINITY};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct sample sample;
        sample_init(&sample, &als);
        ((float *)sample.model->arrays[1].data)[8 * 3 - 1] = wrong[i];
        assert_refused(&sample, "only finite numbers in item_factors");
        sample_release(&sample);
    }
}

static void an_unknown_type_of_model_is_refused(void **state)
{
    struct sample sample;
    struct model_kind other = popular_kind;
    (void)state;
    sample_init(&sample, &popular);
    other.name = "oracle";
    sample.model->kind = &other;
    assert_refused(&sample, "a model type that this program knows");
    other.name = "a name that is far longer than any type of model has ever been";
    assert_refused(&sample, "a model type that this program knows");
    sample_release(&sample);
}

static void arrays_of_other_names_are_refused(void **state)
{
    struct sample sample;
    (void)state;
    sample_init(&sample, &popular);
    char *name = sample.model->arrays[1].name;
    memcpy(name, "items", 6);
    assert_refused(&sample, "an array that the model does not have yet");
    memcpy(name, "type", 5);
    assert_refused(&sample, "an array that the model does not have yet");
    memcpy(name, "Counts", 7);
    assert_refused(&sample, "the name of one of the arrays");
    memcpy(name, "1st", 4);
    assert_refused(&sample, "the name of one of the arrays");
    memcpy(name, "counts", 7);
    sample_release(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_that_do_not_ascend_are_refused),
        cmocka_unit_test(a_matrix_that_is_none_is_refused),
        cmocka_unit_test(sizes_that_disagree_are_refused),
        cmocka_unit_test(counts_below_zero_are_refused),
        cmocka_unit_test(what_the_kind_refuses_is_refused),
        cmocka_unit_test(factors_that_are_not_finite_are_refused),
        cmocka_unit_test(an_unknown_type_of_model_is_refused),
        cmocka_unit_test(arrays_of_other_names_are_refused),
    };
    json_init();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sample_directory_remove();
    return failed;
}
