/* Every allocation fails once in turn: the error says so, nothing leaks and no file is left. */
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "model/export.h"
#include "support/test.h"
#include "unit/model/sample.h"

enum { ATTEMPTS_MAX = 2000 };

static struct sample sample;
static const struct sample_shape shape = {"als", 6, 8, 3, 4, ID_STRING, ID_STRING};

static enum err write_it(struct error *err)
{
    char *path, sum[HASH_HEX_SIZE];
    const enum err rc =
        model_file_write(&sample.record, sample_directory(), 0, "s", NULL, &path, sum, err);
    if (rc == ERR_OK)
        mem_free(path);
    return rc;
}

static enum err open_it(struct error *err)
{
    char path[128];
    struct model_file *file = NULL;
    snprintf(path, sizeof(path), "%s/als_model_0_s.pkl", sample_directory());
    const enum err rc = model_file_open(path, true, &file, err);
    assert_true((file == NULL) == (rc != ERR_OK));
    model_file_close(file);
    return rc;
}

static enum err export_safetensors(struct error *err)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/x.safetensors", sample_directory());
    return model_export_safetensors(&sample.record, path, NULL, err);
}

static enum err export_npz(struct error *err)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/x.npz", sample_directory());
    return model_export_npz(&sample.record, path, NULL, err);
}

/* Call it until no allocation fails; returns how many did. */
static int fail_each(enum err (*call)(struct error *err), int files_before)
{
    for (int n = 1; n < ATTEMPTS_MAX; n++) {
        struct error err = {.code = ERR_OK};
        const int64_t held = mem_held_bytes();
        mem_fail_after(n);
        const enum err code = call(&err);
        const bool failed = mem_fail_count() >= n;
        mem_fail_after(0);
        assert_int_equal(mem_held_bytes(), held);
        if (!failed) {
            assert_ok(code);
            return n - 1;
        }
        assert_error(code, ERR_NOMEM);
        assert_int_equal(sample_directory_count(), files_before);
    }
    fail_msg("more than %d allocations", ATTEMPTS_MAX);
    return 0;
}

static void without_memory_no_file_is_written(void **state)
{
    (void)state;
    assert_true(fail_each(write_it, 0) >= 3);
    assert_int_equal(sample_directory_count(), 1);
}

static void without_memory_no_file_is_opened(void **state)
{
    (void)state;
    assert_true(fail_each(open_it, 1) >= 20);
}

static void without_memory_nothing_is_exported(void **state)
{
    (void)state;
    assert_true(fail_each(export_safetensors, 1) >= 20);
    assert_int_equal(sample_directory_count(), 2);
    assert_true(fail_each(export_npz, 2) >= 2);
    assert_int_equal(sample_directory_count(), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_no_file_is_written),
        cmocka_unit_test(without_memory_no_file_is_opened),
        cmocka_unit_test(without_memory_nothing_is_exported),
    };
    json_init();
    sample_init(&sample, &shape);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sample_release(&sample);
    sample_directory_remove();
    return failed;
}
