/* The exports' refusals, and the bytes of small ones; what their readers make of them,
 * tests/python/model_file_test.py tells. */
#include "model/export.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "support/test.h"
#include "unit/model/sample.h"

typedef enum err (*export_function)(const struct model_record *record, const char *path,
                                    const struct progress *progress, struct error *err);

static const export_function exports[] = {model_export_npz, model_export_safetensors};
static const struct sample_shape als = {"als", 4, 3, 2, 5, ID_STRING, ID_INT64};
static const struct sample_shape popular = {"popular", 4, 3, 1, 1, ID_UINT64, ID_INT64};

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", sample_directory(), name);
    return path;
}

static void a_model_without_factors_has_no_npz(void **state)
{
    struct error err;
    struct sample sample;
    (void)state;
    sample_init(&sample, &popular);
    assert_error(model_export_npz(&sample.record, path_of("x.npz"), NULL, &err), ERR_INVALID);
    assert_string_equal(err.reason, "no_factors");
    assert_non_null(strstr(err.message, "popular"));
    assert_int_equal(sample_directory_count(), 0);
    sample_release(&sample);
}

static void an_export_overwrites_nothing(void **state)
{
    struct error err;
    struct sample sample;
    (void)state;
    sample_init(&sample, &als);
    for (int i = 0; i < 2; i++) {
        assert_ok(exports[i](&sample.record, path_of("x"), NULL, &err));
        assert_error(exports[i](&sample.record, path_of("x"), NULL, &err), ERR_INVALID);
        assert_string_equal(err.reason, "file_exists");
        assert_int_equal(sample_directory_count(), 1);
        unlink(path_of("x"));
    }
    sample_release(&sample);
}

static void a_path_that_names_no_file_is_refused(void **state)
{
    struct error err;
    struct sample sample;
    static const char *const paths[] = {"", "/", ".", "..", "/tmp/"};
    (void)state;
    sample_init(&sample, &als);
    for (size_t i = 0; i < 5; i++)
        for (int j = 0; j < 2; j++)
            assert_error(exports[j](&sample.record, paths[i], NULL, &err), ERR_INVALID);
    sample_release(&sample);
}

static void a_cancelled_export_leaves_nothing(void **state)
{
    struct error err;
    struct sample sample;
    const atomic_bool cancel = true;
    const struct progress progress = {NULL, NULL, &cancel};
    (void)state;
    sample_init(&sample, &als);
    for (int i = 0; i < 2; i++)
        assert_error(exports[i](&sample.record, path_of("x"), &progress, &err), ERR_CANCELLED);
    assert_int_equal(sample_directory_count(), 0);
    sample_release(&sample);
}

static void an_export_without_a_directory_goes_to_the_current_one(void **state)
{
    struct error err;
    struct sample sample;
    (void)state;
    sample_init(&sample, &als);
    assert_int_equal(chdir(sample_directory()), 0);
    for (int i = 0; i < 2; i++) {
        assert_ok(exports[i](&sample.record, "here", NULL, &err));
        assert_int_equal(access(path_of("here"), R_OK), 0);
        assert_int_equal(unlink("here"), 0);
    }
    assert_int_equal(chdir("/"), 0);
    sample_release(&sample);
}

static void safetensors_start_with_the_length_of_their_header(void **state)
{
    struct error err;
    struct sample sample;
    size_t size;
    uint64_t length;
    (void)state;
    sample_init(&sample, &als);
    assert_ok(model_export_safetensors(&sample.record, path_of("x"), NULL, &err));
    unsigned char *bytes = sample_read_file(path_of("x"), &size);
    memcpy(&length, bytes, sizeof(length));
    assert_int_equal((8 + length) % 64, 0);
    json_t *header = json_loadb((const char *)bytes + 8, length, 0, NULL);
    const json_t *users = json_object_get(header, "user_factors");
    json_int_t rows, columns, begin, end;
    const char *dtype;
    assert_int_equal(json_unpack((json_t *)users, "{s:s, s:[I,I], s:[I,I]}", "dtype", &dtype,
                                 "shape", &rows, &columns, "data_offsets", &begin, &end),
                     0);
    assert_string_equal(dtype, "F32");
    assert_int_equal(rows, 4);
    assert_int_equal(columns, 2);
    assert_int_equal(end - begin, 4 * 2 * 4);
    const float *factors = sample.model->arrays[0].data; /* rows 5 apart */
    for (size_t row = 0; row < 4; row++)
        assert_memory_equal(bytes + 8 + length + (size_t)begin + row * 8, factors + row * 5, 8);
    json_decref(header);
    mem_free(bytes);
    unlink(path_of("x"));
    sample_release(&sample);
}

/* Two exports of one record are the same bytes: no time of day is in them. */
static void equal_records_make_equal_exports(void **state)
{
    struct error err;
    struct sample sample;
    (void)state;
    sample_init(&sample, &als);
    for (int i = 0; i < 2; i++) {
        size_t first_size, second_size;
        assert_ok(exports[i](&sample.record, path_of("x"), NULL, &err));
        unsigned char *first = sample_read_file(path_of("x"), &first_size);
        unlink(path_of("x"));
        assert_ok(exports[i](&sample.record, path_of("x"), NULL, &err));
        unsigned char *second = sample_read_file(path_of("x"), &second_size);
        unlink(path_of("x"));
        assert_int_equal(first_size, second_size);
        assert_memory_equal(first, second, first_size);
        mem_free(first);
        mem_free(second);
    }
    sample_release(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_without_factors_has_no_npz),
        cmocka_unit_test(an_export_overwrites_nothing),
        cmocka_unit_test(a_path_that_names_no_file_is_refused),
        cmocka_unit_test(a_cancelled_export_leaves_nothing),
        cmocka_unit_test(an_export_without_a_directory_goes_to_the_current_one),
        cmocka_unit_test(safetensors_start_with_the_length_of_their_header),
        cmocka_unit_test(equal_records_make_equal_exports),
    };
    json_init();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sample_directory_remove();
    return failed;
}
