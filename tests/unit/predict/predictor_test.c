/* Fold-in, reasons and likeness, against the plain formulas. */
#include "predict/predictor.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "predict/answer.h"
#include "support/test.h"
#include "unit/train/fixture.h"

enum { ITEMS_MAX = 64, F_MAX = 16 };

/* A trained model of each test, and a predictor on it. */
struct rig {
    struct fixture fixture;
    struct model_file *file;
    const struct model_record *record;
    struct predictor *predictor;
};

static void rig_open(struct rig *rig, const char *kind)
{
    struct error err;
    const struct run_spec spec = fixture_spec(&rig->fixture, kind);
    json_t *result = fixture_run(&spec);
    assert_ok(model_file_open(result_text(result, "model_path"), true, &rig->file, &err));
    json_decref(result);
    rig->record = model_file_record(rig->file);
    assert_ok(predictor_create(rig->record, 2, &rig->predictor, &err));
}

static int set_up(void **state)
{
    static struct rig rig;
    rig = (struct rig){0};
    fixture_create(&rig.fixture);
    fixture_write_clicks(&rig.fixture, &usual_clicks);
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    predictor_free(rig->predictor);
    model_file_close(rig->file);
    fixture_remove(&rig->fixture);
    return 0;
}

/* The normal equations written out, by elimination with pivots: x of a new user. */
static void dense_fold(const struct rig *rig, const struct history *history, double *x)
{
    struct factors_view view;
    double a[F_MAX][F_MAX + 1] = {{0}};
    const struct model *model = rig->record->model;
    const double alpha = json_number_value(json_object_get(rig->record->params, "alpha"));
    const double lambda = json_number_value(json_object_get(rig->record->params, "regularization"));
    model->kind->factors(model, &view);
    const int f = view.factors;
    assert_true(f <= F_MAX);
    for (int32_t item = 0; item < model->items; item++) {
        double c = 1, p = 0;
        for (int32_t j = 0; j < history->count; j++)
            if (history->items[j] == item) {
                c = alpha * (double)history->counts[j];
                p = 1;
            }
        const float *y = view.items + item * view.item_stride;
        for (int i = 0; i < f; i++) {
            for (int j = 0; j < f; j++)
                a[i][j] += c * (double)y[i] * (double)y[j];
            a[i][f] += c * p * (double)y[i];
        }
    }
    for (int i = 0; i < f; i++)
        a[i][i] += lambda;
    for (int i = 0; i < f; i++)
        for (int row = 0; row < f; row++) {
            const double ratio = row == i ? 0 : a[row][i] / a[i][i];
            for (int j = 0; j <= f && row != i; j++)
                a[row][j] -= ratio * a[i][j];
        }
    for (int i = 0; i < f; i++)
        x[i] = a[i][f] / a[i][i];
}

static double score_of(const struct rig *rig, const double *x, int32_t item)
{
    struct factors_view view;
    double sum = 0;
    rig->record->model->kind->factors(rig->record->model, &view);
    for (int32_t j = 0; j < view.factors; j++)
        sum += x[j] * (double)view.items[item * view.item_stride + j];
    return sum;
}

static const int32_t some_items[] = {1, 4, 9};
static const float some_counts[] = {2, 1, 5};
static const struct history some_history = {some_items, some_counts, 3};

static void a_folded_history_solves_the_normal_equations(void **state)
{
    struct rig *rig = *state;
    struct error err;
    double x[F_MAX];
    struct recommendation list[ITEMS_MAX];
    int32_t count;
    enum basis basis;
    rig_open(rig, "als");
    const struct recommend_query query = {
        .user = -1, .history = &some_history, .k = 23, .with_seen = true};
    assert_ok(predict_recommend(rig->predictor, &query, list, &count, &basis, &err));
    assert_int_equal(basis, BASIS_HISTORY);
    assert_int_equal(count, 23);
    dense_fold(rig, &some_history, x);
    for (int32_t i = 0; i < count; i++) {
        assert_true(fabs((double)list[i].score - score_of(rig, x, list[i].item)) < 1e-5);
        assert_true(i == 0 || list[i - 1].score >= list[i].score);
    }
}

/* With the exact solver the users' own factors belong to the items of the sweep before; folding
 * their history in is the exact solution against the final ones. */
static void a_training_user_folds_in_to_the_exact_solution(void **state)
{
    struct rig *rig = *state;
    struct error err;
    double x[F_MAX];
    struct explanation why;
    rig_open(rig, "als");
    for (int32_t user = 0; user < rig->record->model->users; user++) {
        const struct csr *seen = rig->record->matrix;
        const struct history own = {seen->indices + seen->indptr[user],
                                    seen->values + seen->indptr[user],
                                    (int32_t)csr_row_nnz(seen, user)};
        const struct recommend_query query = {.user = user, .k = 5};
        dense_fold(rig, &own, x);
        for (int32_t item = 0; item < rig->record->model->items; item++) {
            assert_ok(predict_explain(rig->predictor, &query, item, &why, &err));
            assert_true(fabs(why.score - score_of(rig, x, item)) < 1e-6);
            assert_int_equal(why.count, own.count);
            explanation_release(&why);
        }
    }
}

static void the_parts_of_an_explanation_add_up_to_the_folded_score(void **state)
{
    struct rig *rig = *state;
    struct error err;
    struct recommendation list[ITEMS_MAX];
    struct explanation why;
    int32_t count;
    enum basis basis;
    rig_open(rig, "als");
    const struct recommend_query query = {.user = -1, .history = &some_history, .k = 5};
    assert_ok(predict_recommend(rig->predictor, &query, list, &count, &basis, &err));
    for (int32_t i = 0; i < count; i++) {
        double sum = 0;
        assert_ok(predict_explain(rig->predictor, &query, list[i].item, &why, &err));
        for (int32_t j = 0; j < why.count; j++)
            sum += why.reasons[j].part;
        assert_true(fabs(sum - (double)list[i].score) < 1e-5);
        assert_int_equal(why.rank, i + 1);
        assert_true(why.cutoff == list[count - 1].score);
        for (int32_t j = 1; j < why.count; j++)
            assert_true(why.reasons[j - 1].part >= why.reasons[j].part);
        explanation_release(&why);
    }
}

static void a_touched_item_has_no_place(void **state)
{
    struct rig *rig = *state;
    struct error err;
    struct explanation why;
    rig_open(rig, "als");
    const struct recommend_query query = {.user = -1, .history = &some_history, .k = 5};
    assert_ok(predict_explain(rig->predictor, &query, some_items[1], &why, &err));
    assert_int_equal(why.rank, 0);
    explanation_release(&why);
}

static void allow_and_deny_bound_the_list(void **state)
{
    struct rig *rig = *state;
    struct error err;
    static const int32_t allow[] = {2, 3, 5, 8, 9}, deny[] = {3, 7};
    struct recommendation list[ITEMS_MAX];
    int32_t count;
    enum basis basis;
    rig_open(rig, "als");
    const struct recommend_query query = {.user = -1,
                                          .history = &some_history,
                                          .k = 23,
                                          .allow = allow,
                                          .allow_count = 5,
                                          .deny = deny,
                                          .deny_count = 2};
    assert_ok(predict_recommend(rig->predictor, &query, list, &count, &basis, &err));
    assert_int_equal(count, 3); /* 9 was touched, 3 is denied */
    for (int32_t i = 0; i < count; i++)
        assert_true(list[i].item == 2 || list[i].item == 5 || list[i].item == 8);
}

static void a_stranger_gets_what_is_popular(void **state)
{
    struct rig *rig = *state;
    struct error err;
    struct recommendation list[ITEMS_MAX];
    int32_t count;
    enum basis basis;
    rig_open(rig, "als");
    const struct recommend_query query = {.user = -1, .k = 23};
    assert_ok(predict_recommend(rig->predictor, &query, list, &count, &basis, &err));
    assert_int_equal(basis, BASIS_POPULAR);
    for (int32_t i = 0; i < count; i++) {
        assert_true(list[i].score == (float)rig->record->popularity[list[i].item]);
        assert_true(i == 0 || list[i - 1].score >= list[i].score);
    }
}

static void popular_has_no_likeness_and_explains_by_place_alone(void **state)
{
    struct rig *rig = *state;
    struct error err;
    struct explanation why;
    struct recommendation list[5];
    int32_t count;
    enum basis basis;
    rig_open(rig, "popular");
    const struct recommend_query query = {.user = 0, .k = 5};
    assert_error(predict_similar(rig->predictor, 0, 5, list, &count, &err), ERR_INVALID);
    assert_non_null(strstr(err.message, "popular cannot say"));
    assert_ok(predict_recommend(rig->predictor, &query, list, &count, &basis, &err));
    assert_int_equal(basis, BASIS_POPULAR);
    assert_ok(predict_explain(rig->predictor, &query, list[2].item, &why, &err));
    assert_int_equal(why.basis, BASIS_POPULAR);
    assert_int_equal(why.rank, 3);
    assert_int_equal(why.count, 0);
    assert_true(why.score == (double)rig->record->popularity[list[2].item]);
    assert_true(why.cutoff == list[4].score);
    explanation_release(&why);
}

/* Each item's place is where a list of all items, under the same bounds, has it. */
static void every_place_is_that_of_the_whole_list(void **state)
{
    struct rig *rig = *state;
    struct error err;
    static const int32_t allow[] = {0, 2, 3, 5, 6, 8, 9, 11, 14, 20, 21, 22}, deny[] = {3, 8};
    struct recommendation list[ITEMS_MAX];
    int32_t count, refused[KEPT_OUT_ALLOWED + 1] = {0};
    enum basis basis;
    rig_open(rig, "als");
    for (int with_seen = 0; with_seen < 2; with_seen++) {
        struct recommend_query query = {.user = 7,
                                        .k = ITEMS_MAX,
                                        .with_seen = with_seen == 1,
                                        .allow = allow,
                                        .allow_count = 12,
                                        .deny = deny,
                                        .deny_count = 2};
        assert_ok(predict_recommend(rig->predictor, &query, list, &count, &basis, &err));
        query.k = 4;
        for (int32_t item = 0; item < rig->record->model->items; item++) {
            struct explanation why;
            int32_t place = 0;
            for (int32_t i = 0; i < count; i++)
                place = list[i].item == item ? i + 1 : place;
            assert_ok(predict_explain(rig->predictor, &query, item, &why, &err));
            assert_int_equal(why.rank, place);
            assert_true(why.cutoff == list[3].score);
            assert_true(place == 0 || why.list_score == list[place - 1].score);
            assert_int_equal(place > 0 && place <= 4, why.kept_out == KEPT_OUT_NOT);
            assert_int_equal(place > 4, why.kept_out == KEPT_OUT_BELOW);
            refused[why.kept_out]++;
            explanation_release(&why);
        }
    }
    assert_true(refused[KEPT_OUT_SEEN] > 0);
    assert_int_equal(refused[KEPT_OUT_NOT], 8);
    assert_true(refused[KEPT_OUT_DENIED] >= 2 && refused[KEPT_OUT_ALLOWED] > 10);
}

static void a_stranger_is_explained_by_what_is_popular(void **state)
{
    struct rig *rig = *state;
    struct error err;
    struct explanation why;
    rig_open(rig, "als");
    const struct recommend_query query = {.user = -1, .k = 5};
    assert_ok(predict_explain(rig->predictor, &query, 3, &why, &err));
    assert_int_equal(why.basis, BASIS_POPULAR);
    assert_int_equal(why.count, 0);
    assert_true(why.list_score == (float)rig->record->popularity[3]);
    explanation_release(&why);
}

static void similar_items_are_those_of_the_greatest_cosine(void **state)
{
    struct rig *rig = *state;
    struct error err;
    struct factors_view view;
    struct recommendation list[ITEMS_MAX];
    int32_t count;
    rig_open(rig, "als");
    const struct model *model = rig->record->model;
    model->kind->factors(model, &view);
    assert_ok(predict_similar(rig->predictor, 3, model->items, list, &count, &err));
    assert_int_equal(count, model->items - 1);
    for (int32_t i = 0; i < count; i++) {
        double dot = 0, own = 0, other = 0;
        for (int32_t j = 0; j < view.factors; j++) {
            const double a = (double)view.items[3 * view.item_stride + j];
            const double b = (double)view.items[list[i].item * view.item_stride + j];
            dot += a * b;
            own += a * a;
            other += b * b;
        }
        assert_int_not_equal(list[i].item, 3);
        assert_true(fabs((double)list[i].score - dot / sqrt(own * other)) < 1e-5);
        assert_true(i == 0 || list[i - 1].score >= list[i].score);
    }
}

static void named_items_are_sorted_and_joined(void **state)
{
    struct rig *rig = *state;
    struct error err;
    struct item_list list;
    static const char *const ids[] = {"9", "4", "no such item", "9", "1"};
    rig_open(rig, "als");
    item_list_init(&list);
    for (int i = 0; i < 5; i++)
        assert_ok(item_list_add(&list, rig->record, ids[i], 1, &err));
    assert_error(item_list_add(&list, rig->record, "4", 0, &err), ERR_INVALID);
    item_list_finish(&list);
    assert_int_equal(list.count, 3);
    assert_int_equal(list.unknown, 1);
    for (int32_t i = 0; i < list.count; i++) {
        assert_true(i == 0 || list.items[i - 1] < list.items[i]);
        assert_true(list.counts[i] == (i == 2 ? 2 : 1));
    }
    item_list_release(&list);
}

static void without_memory_each_question_says_so_and_leaves_nothing(void **state)
{
    struct rig *rig = *state;
    struct error err;
    struct explanation why;
    struct recommendation list[5];
    int32_t count, failed = 0;
    enum basis basis;
    enum err rc = ERR_NOMEM;
    rig_open(rig, "als");
    const struct recommend_query query = {.user = -1, .history = &some_history, .k = 5};
    const int64_t held = mem_held_bytes();
    for (int64_t n = 1; rc == ERR_NOMEM; n++) {
        struct predictor *own = NULL;
        mem_fail_after(n);
        rc = predictor_create(rig->record, 1, &own, &err);
        if (rc == ERR_OK)
            rc = predict_recommend(own, &query, list, &count, &basis, &err);
        if (rc == ERR_OK)
            rc = predict_similar(own, 2, 5, list, &count, &err);
        if (rc == ERR_OK)
            rc = predictor_arrange(own, &err);
        if (rc == ERR_OK)
            rc = predict_recommend(own, &query, list, &count, &basis, &err);
        if (rc == ERR_OK && (rc = predict_explain(own, &query, 2, &why, &err)) == ERR_OK)
            explanation_release(&why);
        mem_fail_after(0);
        predictor_free(own);
        assert_int_equal(mem_held_bytes(), held);
        failed += rc == ERR_NOMEM;
    }
    assert_int_equal(rc, ERR_OK);
    assert_true(failed > 10);
}

int main(void)
{
    json_init();
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_folded_history_solves_the_normal_equations),
        TEST(a_training_user_folds_in_to_the_exact_solution),
        TEST(the_parts_of_an_explanation_add_up_to_the_folded_score),
        TEST(a_touched_item_has_no_place),
        TEST(allow_and_deny_bound_the_list),
        TEST(a_stranger_gets_what_is_popular),
        TEST(popular_has_no_likeness_and_explains_by_place_alone),
        TEST(every_place_is_that_of_the_whole_list),
        TEST(a_stranger_is_explained_by_what_is_popular),
        TEST(similar_items_are_those_of_the_greatest_cosine),
        TEST(named_items_are_sorted_and_joined),
        TEST(without_memory_each_question_says_so_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
