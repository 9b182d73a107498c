/* What is recommended, against a plain sort of all scores. */
#include "predict/predictor.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "support/test.h"
#include "unit/train/fixture.h"

enum { ITEMS_MAX = 64 };

static struct model_file *train_and_open(const struct fixture *fixture, const char *kind)
{
    struct error err;
    struct model_file *file = NULL;
    const struct run_spec spec = fixture_spec(fixture, kind);
    json_t *result = fixture_run(&spec);
    assert_ok(model_file_open(result_text(result, "model_path"), true, &file, &err));
    json_decref(result);
    return file;
}

static bool has_seen(const struct model_record *record, int32_t user, int32_t item)
{
    for (int64_t at = record->matrix->indptr[user]; at < record->matrix->indptr[user + 1]; at++)
        if (record->matrix->indices[at] == item)
            return true;
    return false;
}

/* The best unseen items by looking for the best one again and again. One list for everybody tells
 * the number of train rows. */
static int32_t naive_list(const struct model_record *record, int32_t user, int32_t k,
                          struct recommendation *list)
{
    float scores[ITEMS_MAX];
    bool taken[ITEMS_MAX] = {false};
    int32_t count = 0;
    assert_true(record->model->items <= ITEMS_MAX);
    record->model->kind->score(record->model, user, scores);
    for (; count < k; count++) {
        int32_t best = -1;
        for (int32_t item = 0; item < record->model->items; item++)
            if (!taken[item] && !has_seen(record, user, item) &&
                (best < 0 || scores[item] > scores[best]))
                best = item;
        if (best < 0)
            break;
        taken[best] = true;
        list[count] = (struct recommendation){
            best, record->model->kind->personal ? scores[best] : (float)record->popularity[best]};
    }
    return count;
}

/* The user's list from a predictor of its own. */
static enum err recommend_user(const struct model_record *record, int32_t user, int32_t k,
                               struct recommendation *list, int32_t *ret_count, struct error *err)
{
    enum err rc;
    enum basis basis;
    struct predictor *predictor = NULL;
    const struct recommend_query query = {.user = user, .k = k};
    TRY(predictor_create(record, 1, &predictor, err));
    TRY(predict_recommend(predictor, &query, list, ret_count, &basis, err));
    assert_int_equal(basis, record->model->kind->personal ? BASIS_USER : BASIS_POPULAR);
done:
    predictor_free(predictor);
    return rc;
}

static void check_all_users(const struct model_record *record, int32_t k)
{
    struct error err;
    struct recommendation have[ITEMS_MAX], want[ITEMS_MAX];
    for (int32_t user = 0; user < record->model->users; user++) {
        int32_t count = -1;
        assert_ok(recommend_user(record, user, k, have, &count, &err));
        assert_int_equal(count, naive_list(record, user, k, want));
        for (int32_t i = 0; i < count; i++) {
            assert_int_equal(have[i].item, want[i].item);
            assert_true(have[i].score == want[i].score);
        }
    }
}

static void every_kind_recommends_what_a_plain_sort_finds(void **state)
{
    for (int32_t i = 0; i < model_kind_count(); i++) {
        struct model_file *file = train_and_open(*state, model_kind_at(i)->name);
        check_all_users(model_file_record(file), 1);
        check_all_users(model_file_record(file), 5);
        model_file_close(file);
    }
}

/* Arranged items give the same lists, bit by bit, whoever asks and whatever bounds the list. */
static void arranged_items_change_no_answer(void **state)
{
    static const int32_t deny[] = {1, 5, 9, 21}, allow[] = {2, 3, 4, 5, 6, 17}, done[] = {0, 3, 8},
                         nothing[1];
    static const float counts[] = {1, 4, 2};
    const struct history history = {done, counts, 3};
    struct error err;
    for (int32_t i = 0; i < model_kind_count(); i++) {
        struct model_file *file = train_and_open(*state, model_kind_at(i)->name);
        const struct model_record *record = model_file_record(file);
        struct predictor *plain, *arranged;
        assert_ok(predictor_create(record, 1, &plain, &err));
        assert_ok(predictor_create(record, 1, &arranged, &err));
        assert_ok(predictor_arrange(arranged, &err));
        assert_ok(predictor_arrange(arranged, &err));
        assert_int_equal(predictor_is_arranged(arranged), record->model->kind->factors != NULL);
        for (int32_t user = -2; user < record->model->users; user++)
            for (int bounds = 0; bounds < 16; bounds++) {
                const struct recommend_query query = {.user = user < 0 ? -1 : user,
                                                      .history = user == -2 ? &history : NULL,
                                                      .k = bounds == 5 ? 1000 : 1 + bounds,
                                                      .with_seen = (bounds & 1) != 0,
                                                      .deny = (bounds & 2) != 0 ? deny : nothing,
                                                      .deny_count = (bounds & 2) != 0 ? 4 : 0,
                                                      .allow = (bounds & 8) != 0 ? allow : NULL,
                                                      .allow_count = (bounds & 8) != 0 ? 6 : 0};
                struct recommendation want[ITEMS_MAX] = {{0, 0}}, have[ITEMS_MAX] = {{0, 0}};
                int32_t want_count, have_count;
                enum basis want_basis, have_basis;
                assert_ok(predict_recommend(plain, &query, want, &want_count, &want_basis, &err));
                assert_ok(
                    predict_recommend(arranged, &query, have, &have_count, &have_basis, &err));
                assert_int_equal(have_count, want_count);
                assert_int_equal(have_basis, want_basis);
                assert_memory_equal(have, want, sizeof(want));
            }
        predictor_free(plain);
        predictor_free(arranged);
        model_file_close(file);
    }
}

static void a_list_is_shorter_where_fewer_unseen_items_are_left(void **state)
{
    struct model_file *file = train_and_open(*state, "als");
    const struct model_record *record = model_file_record(file);
    struct error err;
    struct recommendation list[ITEMS_MAX];
    int32_t count = -1;
    assert_ok(recommend_user(record, 0, 50, list, &count, &err));
    assert_int_equal(count, 23 - 6); /* each user has touched six of the 23 items */
    check_all_users(record, 50);
    model_file_close(file);
}

static void popular_leaves_out_what_the_user_has_seen(void **state)
{
    struct model_file *file = train_and_open(*state, "popular");
    const struct model_record *record = model_file_record(file);
    struct error err;
    struct recommendation list[ITEMS_MAX];
    int32_t lists_that_differ = 0, first = -1;
    for (int32_t user = 0; user < record->model->users; user++) {
        int32_t count = -1;
        assert_ok(recommend_user(record, user, 5, list, &count, &err));
        assert_int_equal(count, 5);
        for (int32_t i = 0; i < count; i++)
            assert_false(has_seen(record, user, list[i].item));
        if (user == 0)
            first = list[0].item;
        lists_that_differ += list[0].item != first;
    }
    assert_true(lists_that_differ > 0);
    model_file_close(file);
}

static void without_memory_it_says_so(void **state)
{
    struct model_file *file = train_and_open(*state, "als");
    struct error err;
    struct recommendation list[5];
    int32_t count = -1;
    const int64_t held = mem_held_bytes();
    for (int64_t n = 1; n <= 3; n++) {
        mem_fail_after(n);
        const enum err rc = recommend_user(model_file_record(file), 0, 5, list, &count, &err);
        mem_fail_after(0);
        assert_int_equal(rc, ERR_NOMEM);
        assert_int_equal(count, -1);
        assert_int_equal(mem_held_bytes(), held);
    }
    assert_ok(recommend_user(model_file_record(file), 0, 5, list, &count, &err));
    model_file_close(file);
}

int main(void)
{
    json_init();
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up_clicks, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_kind_recommends_what_a_plain_sort_finds),
        TEST(arranged_items_change_no_answer),
        TEST(a_list_is_shorter_where_fewer_unseen_items_are_left),
        TEST(popular_leaves_out_what_the_user_has_seen),
        TEST(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
