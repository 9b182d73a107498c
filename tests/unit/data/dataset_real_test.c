/* The real data of the shared directory: every count that its README gives. */
#include "data/dataset.h"

#include "support/shared.h"
#include "support/test.h"

static void load_real(const char *name, struct dataset **ret_dataset)
{
    struct error err;
    char path[512];
    need_shared(name, path, sizeof(path));
    const struct load_spec spec = shared_load_spec(path);
    const enum err rc = dataset_load(&spec, NULL, ret_dataset, &err);
    if (rc != ERR_OK)
        fail_msg("%s: %s", err.reason, err.message);
}

static void check_funnel(const struct funnel *have, const struct funnel *want)
{
    assert_int_equal(have->rows, want->rows);
    assert_int_equal(have->train_rows, want->train_rows);
    assert_int_equal(have->eval_rows, want->eval_rows);
    assert_int_equal(have->unseen, want->unseen);
    assert_int_equal(have->contacts, want->contacts);
    assert_int_equal(have->known_users, want->known_users);
    assert_int_equal(have->known_items, want->known_items);
    assert_int_equal(have->pairs, want->pairs);
    assert_int_equal(have->users, want->users);
    assert_int_equal(have->items, want->items);
    assert_int_equal(have->nnz, want->nnz);
}

static void gowalla_has_the_counts_of_the_public_split(void **state)
{
    (void)state;
    struct dataset *d = NULL;
    struct error err;
    const struct funnel want = {.rows = 1027370,
                                .train_rows = 810128,
                                .eval_rows = 217242,
                                .unseen = 217242,
                                .contacts = 217242,
                                .known_users = 217242,
                                .known_items = 217242,
                                .pairs = 217242,
                                .users = 29858,
                                .items = 40981,
                                .nnz = 810128};
    load_real("gowalla", &d);
    check_funnel(&d->funnel, &want);
    assert_int_equal(csr_check(&d->train, "train", &err), ERR_OK);
    json_t *time = json_object_get(d->passport, "time");
    assert_string_equal(json_string_value(json_object_get(time, "threshold")),
                        "2025-02-09 00:00:00");
    assert_string_equal(json_string_value(json_object_get(time, "max")), "2025-02-23 00:00:00");
    dataset_free(d);
}

static void online_retail_has_the_counts_of_its_readme(void **state)
{
    (void)state;
    struct dataset *d = NULL;
    const struct funnel want = {.rows = 406829,
                                .train_rows = 378233,
                                .eval_rows = 28596,
                                .unseen = 15277,
                                .contacts = 15174,
                                .known_users = 12160,
                                .known_items = 11959,
                                .pairs = 11225,
                                .users = 4292,
                                .items = 3877,
                                .nnz = 255028};
    load_real("online-retail", &d);
    check_funnel(&d->funnel, &want);
    assert_int_equal(d->funnel.eval_users, 723);
    assert_int_equal(d->holdout.count, 723);
    dataset_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gowalla_has_the_counts_of_the_public_split),
        cmocka_unit_test(online_retail_has_the_counts_of_its_readme),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
