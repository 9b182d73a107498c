#include "support/test.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "model/kinds.h"

static struct error err;

/* A random matrix of counts: about `per_row` entries a row, a row in ten empty. */
static struct csr make_matrix(int32_t rows, int32_t cols, int32_t per_row, uint64_t seed)
{
    struct csr m;
    assert_ok(csr_init(&m, rows, cols, (int64_t)rows * per_row, &err));
    int64_t at = 0;
    for (int32_t row = 0; row < rows; row++) {
        m.indptr[row] = at;
        if (row % 10 == 9)
            continue;
        const int32_t step = cols / per_row > 0 ? cols / per_row : 1;
        int32_t col = (int32_t)(random_bits(seed, 0, (uint64_t)row) % (uint64_t)step);
        for (int32_t i = 0; i < per_row && col < cols; i++) {
            m.indices[at] = col;
            m.values[at] = (float)(1 + random_bits(seed, 1, (uint64_t)at) % 4);
            at++;
            col += 1 + (int32_t)(random_bits(seed, 2, (uint64_t)at) % (uint64_t)(2 * step - 1));
        }
    }
    m.indptr[rows] = at;
    assert_ok(csr_check(&m, "the made-up matrix", &err));
    return m;
}

struct watch {
    double losses[64];
    int32_t count, cancel_after;
    atomic_bool cancel;
};

static enum err watch_iteration(void *context, int32_t iteration, double loss, double seconds,
                                const struct model *current, struct error *error)
{
    struct watch *watch = context;
    (void)error;
    assert_true(seconds >= 0);
    assert_non_null(model_find_array(current, "item_factors"));
    assert_int_equal(iteration, watch->count + 1);
    watch->losses[watch->count++] = loss;
    if (iteration == watch->cancel_after)
        atomic_store(&watch->cancel, true);
    return ERR_OK;
}

/* "factors=8 alpha=40": what is not named is at its default. */
static enum err fit(const struct csr *m, const char *settings, uint64_t seed, int32_t threads,
                    struct watch *watch, struct model **ret_model)
{
    struct param_set params;
    params_init(&params, &als_kind.params);
    while (*settings != '\0') {
        char name[32], value[32];
        int used = 0;
        assert_int_equal(sscanf(settings, " %31[a-z_]=%31[^ ]%n", name, value, &used), 2);
        assert_ok(params_set(&params, name, value, &err));
        settings += used;
    }
    const struct progress progress = {.cancel = watch != NULL ? &watch->cancel : NULL};
    const struct fit_input input = {
        .train = m,
        .params = &params,
        .seed = seed,
        .threads = threads,
        .progress = &progress,
        .on_iteration = watch != NULL ? watch_iteration : NULL,
        .context = watch,
    };
    return als_kind.fit(&input, ret_model, &err);
}

static void assert_same_model(const struct model *a, const struct model *b)
{
    assert_int_equal(a->array_count, b->array_count);
    for (int32_t i = 0; i < a->array_count; i++)
        assert_memory_equal(a->arrays[i].data, b->arrays[i].data,
                            (size_t)(a->arrays[i].shape[0] * a->arrays[i].shape[1]) *
                                sizeof(float));
}

static void equal_seeds_give_equal_bits_for_any_threads(void **state)
{
    (void)state;
    static const char *const settings[] = {"factors=20 iterations=3",
                                           "factors=20 iterations=2 solver=cholesky",
                                           "factors=60 iterations=2 alpha=40"};
    /* The last is large enough that its factors are read as half floats. */
    const int32_t rows[] = {700, 300, 9000};
    for (int i = 0; i < 3; i++) {
        struct csr m = make_matrix(rows[i], 400, 12, 1);
        struct model *models[3];
        const int32_t threads[] = {1, 2, 7};
        for (int t = 0; t < 3; t++)
            assert_ok(fit(&m, settings[i], 5, threads[t], NULL, &models[t]));
        assert_same_model(models[0], models[1]);
        assert_same_model(models[0], models[2]);
        for (int t = 0; t < 3; t++)
            model_free(models[t]);
        csr_release(&m);
    }
}

static void another_seed_gives_another_model(void **state)
{
    (void)state;
    struct csr m = make_matrix(50, 30, 5, 2);
    struct model *a, *b;
    assert_ok(fit(&m, "factors=4 iterations=1", 1, 1, NULL, &a));
    assert_ok(fit(&m, "factors=4 iterations=1", 2, 1, NULL, &b));
    assert_memory_not_equal(a->arrays[1].data, b->arrays[1].data, 30 * 4 * sizeof(float));
    model_free(a);
    model_free(b);
    csr_release(&m);
}

/* Exact half-steps of a convex problem can only lower it. */
static void the_loss_never_rises(void **state)
{
    (void)state;
    static const char *const settings[] = {"factors=16 iterations=12 alpha=3 solver=cholesky",
                                           "factors=16 iterations=12 alpha=3 cg_steps=30"};
    struct csr m = make_matrix(300, 200, 15, 3);
    for (int i = 0; i < 2; i++) {
        struct watch watch = {0};
        struct model *model;
        assert_ok(fit(&m, settings[i], 7, 2, &watch, &model));
        assert_int_equal(watch.count, 12);
        for (int32_t j = 1; j < watch.count; j++)
            assert_true(watch.losses[j] <= watch.losses[j - 1] * (1 + 1e-6));
        model_free(model);
    }
    csr_release(&m);
}

static double score_of(const struct model *model, int32_t user, int32_t item)
{
    struct factors_view view;
    double sum = 0;
    als_kind.factors(model, &view);
    for (int32_t j = 0; j < view.factors; j++)
        sum += (double)view.users[user * view.user_stride + j] *
               (double)view.items[item * view.item_stride + j];
    return sum;
}

/* implicit's loss by going over every cell. */
static double dense_loss(const struct csr *m, const struct model *model, double alpha,
                         double regularization)
{
    double loss = 0, confidence = 0;
    for (int32_t user = 0; user < m->rows; user++) {
        int64_t at = m->indptr[user];
        for (int32_t item = 0; item < m->cols; item++) {
            double c = 1, wanted = 0;
            if (at < m->indptr[user + 1] && m->indices[at] == item) {
                c = alpha * (double)m->values[at++];
                wanted = 1;
            }
            const double missed = wanted - score_of(model, user, item);
            loss += c * missed * missed;
            confidence += c;
        }
    }
    for (int32_t i = 0; i < 2; i++) {
        const struct model_array *array = &model->arrays[i];
        for (int64_t j = 0; j < array->shape[0] * array->shape[1]; j++)
            loss += regularization * pow((double)((const float *)array->data)[j], 2);
    }
    return loss / confidence;
}

static void the_loss_is_that_of_every_cell(void **state)
{
    (void)state;
    static const char *const settings[] = {"factors=12 iterations=4 alpha=1 regularization=0.05",
                                           "factors=12 iterations=4 alpha=20 regularization=0.05",
                                           ("factors=12 iterations=4 alpha=0.3 regularization=0.05 "
                                            "solver=cholesky")};
    const double alphas[] = {1, 20, 0.3};
    struct csr m = make_matrix(120, 90, 8, 4);
    for (int i = 0; i < 3; i++) {
        struct watch watch = {0};
        struct model *model;
        assert_ok(fit(&m, settings[i], 7, 2, &watch, &model));
        const double wanted = dense_loss(&m, model, alphas[i], 0.05);
        assert_true(fabs(watch.losses[3] - wanted) < 1e-5 * wanted);
        model_free(model);
    }
    csr_release(&m);
}

/* The items are solved last: with the users fixed, the gradient of every item is zero. */
static void the_items_satisfy_their_normal_equations(void **state)
{
    (void)state;
    enum { FACTORS = 6 };
    struct csr m = make_matrix(60, 40, 6, 5), t;
    struct model *model;
    assert_ok(fit(&m, "factors=6 iterations=3 alpha=2 regularization=0.1 solver=cholesky", 3, 1,
                  NULL, &model));
    assert_ok(csr_transpose(&m, 1, &t, &err));
    const float *users = model->arrays[0].data, *items = model->arrays[1].data;
    for (int32_t item = 0; item < t.rows; item++)
        for (int32_t j = 0; j < FACTORS; j++) {
            double gradient = 0.1 * (double)items[item * FACTORS + j], size = 0;
            int64_t at = t.indptr[item];
            for (int32_t user = 0; user < t.cols; user++) {
                double c = 1, wanted = 0;
                if (at < t.indptr[item + 1] && t.indices[at] == user) {
                    c = 2 * (double)t.values[at++];
                    wanted = 1;
                }
                const double part =
                    c * (wanted - score_of(model, user, item)) * (double)users[user * FACTORS + j];
                gradient -= part;
                size += fabs(part);
            }
            assert_true(fabs(gradient) < 1e-4 * (1 + size));
        }
    model_free(model);
    csr_release(&m);
    csr_release(&t);
}

static void few_steps_come_near_the_exact_solution(void **state)
{
    (void)state;
    struct csr m = make_matrix(400, 250, 20, 6);
    struct watch steps = {0}, exact = {0};
    struct model *a, *b;
    assert_ok(fit(&m, "factors=24 iterations=15 alpha=5", 9, 2, &steps, &a));
    assert_ok(fit(&m, "factors=24 iterations=15 alpha=5 solver=cholesky", 9, 2, &exact, &b));
    assert_true(fabs(steps.losses[14] - exact.losses[14]) < 0.01 * exact.losses[14]);
    model_free(a);
    model_free(b);
    csr_release(&m);
}

static void a_row_without_history_scores_zero(void **state)
{
    (void)state;
    struct csr m = make_matrix(40, 30, 5, 7);
    struct model *model;
    float scores[30];
    assert_int_equal(csr_row_nnz(&m, 9), 0);
    assert_ok(fit(&m, "factors=5 iterations=2", 1, 1, NULL, &model));
    als_kind.score(model, 9, scores);
    for (int32_t item = 0; item < 30; item++)
        assert_true(scores[item] == 0);
    als_kind.score(model, 8, scores);
    for (int32_t item = 0; item < 30; item++)
        assert_true(fabs((double)scores[item] - score_of(model, 8, item)) < 1e-5);
    model_free(model);
    csr_release(&m);
}

/* The smallest there is, and more factors than users or items. */
static void one_user_and_one_item_run(void **state)
{
    (void)state;
    struct csr m;
    struct model *model;
    assert_ok(csr_init(&m, 1, 1, 1, &err));
    m.indptr[1] = 1;
    m.values[0] = 3;
    assert_ok(fit(&m, "factors=33 iterations=20 regularization=0.001", 1, 7, NULL, &model));
    assert_true(fabs(score_of(model, 0, 0) - 1) < 0.01);
    model_free(model);
    csr_release(&m);
}

static void cancel_ends_the_fit(void **state)
{
    (void)state;
    struct csr m = make_matrix(100, 80, 6, 8);
    struct watch watch = {.cancel_after = 2};
    struct model *model = NULL;
    assert_error(fit(&m, "factors=8 iterations=50", 1, 2, &watch, &model), ERR_CANCELLED);
    assert_int_equal(watch.count, 2);
    assert_null(model);
    csr_release(&m);
}

static void values_out_of_all_measure_are_refused(void **state)
{
    (void)state;
    struct csr m = make_matrix(30, 20, 5, 9);
    struct model *model = NULL;
    m.values[3] = 3e38f;
    m.values[4] = 3e38f;
    assert_error(fit(&m, "factors=8 iterations=5 alpha=1000", 1, 2, NULL, &model), ERR_NUMERIC);
    assert_string_equal(err.reason, "no_finite_solution");
    assert_null(model);
    csr_release(&m);
}

static void each_failing_allocation_is_reported(void **state)
{
    (void)state;
    struct csr m = make_matrix(30, 20, 5, 10);
    const int64_t held = mem_held_bytes();
    struct model *model = NULL;
    int64_t n = 1;
    for (;; n++) {
        mem_fail_after(n);
        enum err rc = fit(&m, "factors=8 iterations=2", 1, 2, NULL, &model);
        mem_fail_after(0);
        if (rc == ERR_OK)
            break;
        assert_int_equal(rc, ERR_NOMEM);
        assert_null(model);
        assert_int_equal(mem_held_bytes(), held);
    }
    assert_true(n > 20);
    model_free(model);
    assert_int_equal(mem_held_bytes(), held);
    csr_release(&m);
}

static void broken_arrays_fail_the_check(void **state)
{
    (void)state;
    struct model *model;
    void *data;
    assert_ok(model_create(&als_kind, 3, 4, &model, &err));
    assert_error(als_kind.check(model, &err), ERR_CORRUPT);
    assert_ok(model_add_array(model, "user_factors", DTYPE_F32, 2, 3, 5, 5, &data, &err));
    assert_ok(model_add_array(model, "item_factors", DTYPE_F32, 2, 4, 6, 6, &data, &err));
    assert_error(als_kind.check(model, &err), ERR_CORRUPT); /* 5 and 6 factors */
    model->arrays[1].shape[1] = 5;
    assert_ok(als_kind.check(model, &err));
    model->arrays[0].shape[0] = 2;
    assert_error(als_kind.check(model, &err), ERR_CORRUPT);
    model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_seeds_give_equal_bits_for_any_threads),
        cmocka_unit_test(another_seed_gives_another_model),
        cmocka_unit_test(the_loss_never_rises),
        cmocka_unit_test(the_loss_is_that_of_every_cell),
        cmocka_unit_test(the_items_satisfy_their_normal_equations),
        cmocka_unit_test(few_steps_come_near_the_exact_solution),
        cmocka_unit_test(a_row_without_history_scores_zero),
        cmocka_unit_test(one_user_and_one_item_run),
        cmocka_unit_test(cancel_ends_the_fit),
        cmocka_unit_test(values_out_of_all_measure_are_refused),
        cmocka_unit_test(each_failing_allocation_is_reported),
        cmocka_unit_test(broken_arrays_fail_the_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
