/* What the list of kinds promises to the rest of the program, for every kind in it. */
#include "model/kinds.h"

#include <string.h>

#include "support/test.h"

static void every_kind_is_found_by_its_name(void **state)
{
    (void)state;
    assert_true(model_kind_count() >= 2);
    for (int32_t i = 0; i < model_kind_count(); i++)
        assert_ptr_equal(model_kind_find(model_kind_at(i)->name), model_kind_at(i));
}

static void unknown_kind_is_not_found(void **state)
{
    (void)state;
    assert_null(model_kind_find("als_"));
    assert_null(model_kind_find(""));
}

static void list_declares_what_it_names(void **state)
{
    (void)state;
#define X(name) assert_ptr_equal(model_kind_find(#name), &name##_kind);
    MODEL_KINDS(X)
#undef X
}

static void every_kind_says_what_it_is_and_can(void **state)
{
    (void)state;
    for (int32_t i = 0; i < model_kind_count(); i++) {
        const struct model_kind *kind = model_kind_at(i);
        assert_non_null(kind->title);
        assert_non_null(kind->summary);
        assert_non_null(kind->fit);
        assert_non_null(kind->check);
        assert_non_null(kind->score);
    }
}

/* Names become file names, options and keys. */
static void names_are_of_small_letters_digits_and_underscores(void **state)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    (void)state;
    for (int32_t i = 0; i < model_kind_count(); i++) {
        const struct model_kind *kind = model_kind_at(i);
        assert_int_equal(strspn(kind->name, allowed), strlen(kind->name));
        for (int32_t j = 0; j < kind->params.count; j++) {
            const char *name = kind->params.params[j].name;
            assert_int_equal(strspn(name, allowed), strlen(name));
            assert_ptr_equal(params_find(&kind->params, name), &kind->params.params[j]);
        }
    }
}

static void every_parameter_has_help_and_no_default_out_of_its_range(void **state)
{
    (void)state;
    for (int32_t i = 0; i < model_kind_count(); i++) {
        const struct param_table *table = &model_kind_at(i)->params;
        struct param_set set;
        struct error err;
        params_init(&set, table);
        for (int32_t j = 0; j < table->count; j++) {
            assert_non_null(table->params[j].help);
            if (table->params[j].initial != NULL)
                assert_ok(params_set(&set, table->params[j].name, table->params[j].initial, &err));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_found_by_its_name),
        cmocka_unit_test(unknown_kind_is_not_found),
        cmocka_unit_test(list_declares_what_it_names),
        cmocka_unit_test(every_kind_says_what_it_is_and_can),
        cmocka_unit_test(names_are_of_small_letters_digits_and_underscores),
        cmocka_unit_test(every_parameter_has_help_and_no_default_out_of_its_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
