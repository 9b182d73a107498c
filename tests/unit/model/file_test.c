/* What is written comes back, from C's own reader; what Python makes of it, tests/python tells. */
#include "model/file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "model/file_format.h"
#include "support/test.h"
#include "unit/model/sample.h"

static const char stamp[] = "20241201_143022";

static void assert_same_ids(const struct idmap *have, const struct idmap *want)
{
    assert_int_equal(have->kind, want->kind);
    assert_int_equal(have->count, want->count);
    for (int32_t i = 0; i < want->count; i++) {
        if (want->kind != ID_STRING) {
            assert_int_equal(have->ints[i], want->ints[i]);
            continue;
        }
        const struct str a = idmap_string(have, i), b = idmap_string(want, i);
        assert_int_equal(a.len, b.len);
        assert_memory_equal(a.ptr, b.ptr, b.len);
    }
}

static void assert_same_model(const struct model *have, const struct model *want)
{
    assert_ptr_equal(have->kind, want->kind);
    assert_int_equal(have->users, want->users);
    assert_int_equal(have->items, want->items);
    assert_int_equal(have->array_count, want->array_count);
    for (int32_t i = 0; i < want->array_count; i++) {
        const struct model_array *a = &have->arrays[i], *b = &want->arrays[i];
        const size_t size = dtype_size(b->dtype);
        assert_string_equal(a->name, b->name);
        assert_int_equal(a->dtype, b->dtype);
        assert_int_equal(a->ndim, b->ndim);
        assert_int_equal(a->shape[0], b->shape[0]);
        assert_int_equal(a->shape[1], b->shape[1]);
        assert_int_equal(a->stride, b->shape[1]);
        assert_int_equal((uintptr_t)a->data % 64, 0);
        for (int64_t row = 0; row < b->shape[0]; row++)
            assert_memory_equal((const char *)a->data + (size_t)(row * a->stride) * size,
                                (const char *)b->data + (size_t)(row * b->stride) * size,
                                (size_t)b->shape[1] * size);
    }
}

static void assert_same_record(const struct model_record *have, const struct model_record *want)
{
    const size_t nnz = (size_t)csr_nnz(want->matrix);
    assert_same_model(have->model, want->model);
    assert_same_ids(have->users, want->users);
    assert_same_ids(have->items, want->items);
    assert_int_equal(have->matrix->rows, want->matrix->rows);
    assert_int_equal(have->matrix->cols, want->matrix->cols);
    assert_memory_equal(have->matrix->indptr, want->matrix->indptr,
                        ((size_t)want->matrix->rows + 1) * sizeof(int64_t));
    assert_memory_equal(have->matrix->indices, want->matrix->indices, nnz * sizeof(int32_t));
    assert_memory_equal(have->matrix->values, want->matrix->values, nnz * sizeof(float));
    assert_memory_equal(have->popularity, want->popularity,
                        (size_t)want->matrix->cols * sizeof(int64_t));
    assert_true(json_equal((json_t *)have->params, (json_t *)want->params));
    assert_true(json_equal((json_t *)have->metrics, (json_t *)want->metrics));
    assert_true(json_equal((json_t *)have->data, (json_t *)want->data));
    assert_true(have->seed == want->seed);
    assert_string_equal(have->version, want->version);
}

/* Write, open in both ways, compare, close. */
static void assert_round_trip(const struct model_record *record)
{
    struct error err;
    char *path = NULL;
    char sum[HASH_HEX_SIZE];
    assert_ok(model_file_write(record, sample_directory(), 0, stamp, NULL, &path, sum, &err));
    for (int verify = 0; verify < 2; verify++) {
        struct model_file *file = NULL;
        assert_ok(model_file_open(path, verify == 1, &file, &err));
        assert_same_record(model_file_record(file), record);
        model_file_close(file);
    }
    assert_int_equal(unlink(path), 0);
    mem_free(path);
}

static void round_trip(const char *kind, enum id_kind users, enum id_kind items, int64_t stride)
{
    struct sample sample;
    const struct sample_shape shape = {kind, 23, 17, 5, stride, users, items};
    sample_init(&sample, &shape);
    assert_round_trip(&sample.record);
    sample_release(&sample);
}

static void an_als_model_comes_back_as_it_was(void **state)
{
    (void)state;
    round_trip("als", ID_INT64, ID_INT64, 5);
}

static void padding_of_rows_in_memory_is_left_out(void **state)
{
    (void)state;
    round_trip("als", ID_INT64, ID_INT64, 16);
}

static void a_popular_model_comes_back_as_it_was(void **state)
{
    (void)state;
    round_trip("popular", ID_INT64, ID_INT64, 5);
}

static void ids_above_the_signed_range_come_back(void **state)
{
    (void)state;
    round_trip("als", ID_UINT64, ID_INT64, 5);
    round_trip("popular", ID_INT64, ID_UINT64, 5);
}

static void ids_that_are_strings_come_back(void **state)
{
    (void)state;
    round_trip("als", ID_STRING, ID_STRING, 8);
    round_trip("popular", ID_STRING, ID_UINT64, 5);
}

static void one_user_and_one_item_are_enough(void **state)
{
    struct sample sample;
    const struct sample_shape shape = {"als", 1, 1, 1, 1, ID_STRING, ID_INT64};
    (void)state;
    sample_init(&sample, &shape);
    assert_round_trip(&sample.record);
    sample_release(&sample);
}

static void a_matrix_without_entries_comes_back(void **state)
{
    struct sample sample;
    const struct sample_shape shape = {"als", 3, 4, 2, 2, ID_INT64, ID_INT64};
    (void)state;
    sample_init(&sample, &shape);
    memset(sample.matrix.indptr, 0, 4 * sizeof(int64_t));
    assert_round_trip(&sample.record);
    sample_release(&sample);
}

static void empty_objects_and_small_seeds_come_back(void **state)
{
    struct sample sample;
    const struct sample_shape shape = {"popular", 3, 4, 1, 1, ID_INT64, ID_INT64};
    static const uint64_t seeds[] = {0,          42,         INT32_MAX,           (1u << 31),
                                     UINT32_MAX, 1ull << 40, (uint64_t)INT64_MAX, 1ull << 63};
    (void)state;
    sample_init(&sample, &shape);
    json_object_clear(sample.metrics);
    json_object_clear(sample.params);
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        sample.record.seed = seeds[i];
        assert_round_trip(&sample.record);
    }
    sample_release(&sample);
}

/* Arrays larger than the buffers on the way, in rows that straddle their ends. */
static void large_arrays_come_back(void **state)
{
    struct sample sample;
    const struct sample_shape shape = {"als", 5003, 3001, 61, 64, ID_INT64, ID_STRING};
    (void)state;
    sample_init(&sample, &shape);
    assert_round_trip(&sample.record);
    sample_release(&sample);
}

static void the_sum_is_that_of_the_whole_file(void **state)
{
    struct error err;
    struct sample sample;
    struct hash *hash;
    char *path, want[HASH_HEX_SIZE], have[HASH_HEX_SIZE];
    unsigned char sum[HASH_BYTES];
    size_t size;
    const struct sample_shape shape = {"als", 2000, 1000, 60, 60, ID_INT64, ID_INT64};
    (void)state;
    sample_init(&sample, &shape);
    assert_ok(
        model_file_write(&sample.record, sample_directory(), 7, stamp, NULL, &path, have, &err));
    unsigned char *bytes = sample_read_file(path, &size);
    assert_ok(hash_create(&hash, &err));
    hash_add(hash, bytes, size);
    hash_finish(hash, sum);
    hash_hex(sum, want);
    assert_string_equal(have, want);
    hash_free(hash);
    mem_free(bytes);
    unlink(path);
    mem_free(path);
    sample_release(&sample);
}

/* Nothing in the file depends on when or where it is written. */
static void equal_runs_write_equal_bytes_under_names_of_their_own(void **state)
{
    struct error err;
    struct sample sample;
    char *paths[3], sums[3][HASH_HEX_SIZE], want[160];
    static const char *const names[] = {"als_model_42_20241201_143022.pkl",
                                        "als_model_42_20241201_143022_2.pkl",
                                        "als_model_42_20241201_143022_3.pkl"};
    const struct sample_shape shape = {"als", 9, 8, 3, 3, ID_INT64, ID_INT64};
    (void)state;
    sample_init(&sample, &shape);
    for (int i = 0; i < 3; i++) {
        assert_ok(model_file_write(&sample.record, sample_directory(), 42, stamp, NULL, &paths[i],
                                   sums[i], &err));
        snprintf(want, sizeof(want), "%s/%s", sample_directory(), names[i]);
        assert_string_equal(paths[i], want);
        assert_string_equal(sums[i], sums[0]);
    }
    assert_int_equal(sample_directory_count(), 3);
    for (int i = 0; i < 3; i++) {
        unlink(paths[i]);
        mem_free(paths[i]);
    }
    sample_release(&sample);
}

static enum err write_anywhere(struct sample *sample, struct error *err)
{
    char *path, sum[HASH_HEX_SIZE];
    const enum err rc =
        model_file_write(&sample->record, sample_directory(), 0, stamp, NULL, &path, sum, err);
    if (rc == ERR_OK)
        mem_free(path);
    return rc;
}

static void an_id_that_is_not_utf8_is_bad_data(void **state)
{
    static const char *const wrong[] = {
        "\x80", "\xc3(",       "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xff", "\xf0\x9f\x92"};
    const struct sample_shape shape = {"popular", 4, 2, 1, 1, ID_STRING, ID_INT64};
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct error err;
        struct sample sample;
        sample_init(&sample, &shape);
        sample.users.offsets[4] = sample.users.offsets[3] + (int64_t)strlen(wrong[i]);
        memcpy(sample.users.bytes + sample.users.offsets[3], wrong[i], strlen(wrong[i]));
        assert_error(write_anywhere(&sample, &err), ERR_DATA);
        assert_non_null(strstr(err.message, "id 3 of the users"));
        assert_int_equal(sample_directory_count(), 0);
        sample_release(&sample);
    }
}

static void json_that_is_nested_too_deeply_is_bad_data(void **state)
{
    struct error err;
    struct sample sample;
    const struct sample_shape shape = {"popular", 2, 2, 1, 1, ID_INT64, ID_INT64};
    (void)state;
    sample_init(&sample, &shape);
    json_t *deep = json_array();
    for (int i = 0; i < 31; i++)
        deep = json_pack("[o]", deep);
    assert_int_equal(json_object_set_new(sample.metrics, "deep", deep), 0);
    assert_round_trip(&sample.record); /* 33 levels, numbered from 0 to 32 */
    json_t *deeper = json_pack("[O]", deep);
    assert_int_equal(json_object_set_new(sample.metrics, "deep", deeper), 0);
    assert_error(write_anywhere(&sample, &err), ERR_DATA);
    assert_non_null(strstr(err.message, "metrics: "));
    assert_int_equal(sample_directory_count(), 0);
    sample_release(&sample);
}

static void a_stamp_cannot_lead_out_of_the_directory(void **state)
{
    struct error err;
    struct sample sample;
    char *path, sum[HASH_HEX_SIZE];
    const struct sample_shape shape = {"popular", 2, 2, 1, 1, ID_INT64, ID_INT64};
    (void)state;
    sample_init(&sample, &shape);
    assert_error(
        model_file_write(&sample.record, sample_directory(), 0, "/../x", NULL, &path, sum, &err),
        ERR_INVALID);
    sample_release(&sample);
}

static void what_is_no_file_is_refused(void **state)
{
    struct error err;
    struct model_file *file = NULL;
    char path[128];
    (void)state;
    snprintf(path, sizeof(path), "%s/none.pkl", sample_directory());
    assert_error(model_file_open(path, true, &file, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, path));
    assert_error(model_file_open(sample_directory(), true, &file, &err), ERR_CORRUPT);
    FILE *empty = fopen(path, "we");
    assert_non_null(empty);
    fclose(empty);
    assert_error(model_file_open(path, true, &file, &err), ERR_CORRUPT);
    assert_non_null(strstr(err.message, "empty"));
    unlink(path);
    assert_null(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_als_model_comes_back_as_it_was),
        cmocka_unit_test(padding_of_rows_in_memory_is_left_out),
        cmocka_unit_test(a_popular_model_comes_back_as_it_was),
        cmocka_unit_test(ids_above_the_signed_range_come_back),
        cmocka_unit_test(ids_that_are_strings_come_back),
        cmocka_unit_test(one_user_and_one_item_are_enough),
        cmocka_unit_test(a_matrix_without_entries_comes_back),
        cmocka_unit_test(empty_objects_and_small_seeds_come_back),
        cmocka_unit_test(large_arrays_come_back),
        cmocka_unit_test(the_sum_is_that_of_the_whole_file),
        cmocka_unit_test(equal_runs_write_equal_bytes_under_names_of_their_own),
        cmocka_unit_test(an_id_that_is_not_utf8_is_bad_data),
        cmocka_unit_test(json_that_is_nested_too_deeply_is_bad_data),
        cmocka_unit_test(a_stamp_cannot_lead_out_of_the_directory),
        cmocka_unit_test(what_is_no_file_is_refused),
    };
    json_init();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sample_directory_remove();
    return failed;
}
