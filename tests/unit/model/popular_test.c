#include "support/test.h"

#include <string.h>

#include "base/memory.h"
#include "model/kinds.h"

static struct error err;

/* 3 users × 4 items; the rows of each item: 5, 2, 7, 2. */
static struct model *fit_popular(void)
{
    static int64_t popularity[] = {5, 2, 7, 2};
    struct csr train = {.rows = 3, .cols = 4};
    struct param_set params;
    struct model *model;
    params_init(&params, &popular_kind.params);
    const struct fit_input input = {
        .train = &train, .popularity = popularity, .params = &params, .threads = 1};
    assert_ok(popular_kind.fit(&input, &model, &err));
    return model;
}

static void items_stand_by_rows_then_by_id(void **state)
{
    (void)state;
    static const int32_t items[] = {2, 0, 1, 3};
    static const int64_t counts[] = {7, 5, 2, 2};
    struct model *model = fit_popular();
    assert_memory_equal(model_find_array(model, "items")->data, items, sizeof(items));
    assert_memory_equal(model_find_array(model, "counts")->data, counts, sizeof(counts));
    assert_ok(popular_kind.check(model, &err));
    model_free(model);
}

static void scores_fall_along_the_list_for_every_user(void **state)
{
    (void)state;
    struct model *model = fit_popular();
    float first[4], second[4];
    popular_kind.score(model, 0, first);
    popular_kind.score(model, 2, second);
    assert_memory_equal(first, second, sizeof(first));
    assert_true(first[2] > first[0] && first[0] > first[1] && first[1] > first[3]);
    model_free(model);
}

static void a_list_that_names_unknown_items_fails_the_check(void **state)
{
    (void)state;
    struct model *model = fit_popular();
    ((int32_t *)model_find_array(model, "items")->data)[1] = 4;
    assert_error(popular_kind.check(model, &err), ERR_CORRUPT);
    ((int32_t *)model_find_array(model, "items")->data)[1] = 2; /* item 2 twice */
    assert_error(popular_kind.check(model, &err), ERR_CORRUPT);
    model_free(model);
}

static void the_table_knows_its_kinds(void **state)
{
    (void)state;
    assert_ptr_equal(model_kind_find("popular"), &popular_kind);
    assert_ptr_equal(model_kind_find("als"), &als_kind);
    assert_null(model_kind_find("alsx"));
    for (int32_t i = 0; i < model_kind_count(); i++) {
        assert_ptr_equal(model_kind_find(model_kind_at(i)->name), model_kind_at(i));
        struct param_set params;
        params_init(&params,
                    &model_kind_at(i)->params); /* asserts that the defaults are in range */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_stand_by_rows_then_by_id),
        cmocka_unit_test(scores_fall_along_the_list_for_every_user),
        cmocka_unit_test(a_list_that_names_unknown_items_fails_the_check),
        cmocka_unit_test(the_table_knows_its_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
