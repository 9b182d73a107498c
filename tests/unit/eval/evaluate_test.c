/*
 * Evaluation of kinds made for the test: a table of scores, a product of factors, and popular.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/random.h"
#include "eval/evaluate.h"

/* A kind whose scores are a table [users × items] in the first array. */
static void table_score(const struct model *model, int32_t user, float *scores)
{
    const float *table = model->arrays[0].data;
    memcpy(scores, table + (int64_t)user * model->items, (size_t)model->items * sizeof(float));
}

/* A kind of two factors; its score() adds in the order of the fast way. */
static void product_score(const struct model *model, int32_t user, float *scores)
{
    const float *x = model->arrays[0].data, *y = model->arrays[1].data;
    for (int32_t i = 0; i < model->items; i++)
        scores[i] = x[user * 2] * y[i * 2] + x[user * 2 + 1] * y[i * 2 + 1];
}

static void product_factors(const struct model *model, struct factors_view *ret_view)
{
    *ret_view = (struct factors_view){.users = model->arrays[0].data,
                                      .items = model->arrays[1].data,
                                      .user_stride = 2,
                                      .item_stride = 2,
                                      .factors = 2};
}

static const struct model_kind table_kind = {
    .name = "table", .personal = true, .score = table_score};
static const struct model_kind slow_kind = {
    .name = "slow", .personal = true, .score = product_score};
static const struct model_kind fast_kind = {
    .name = "fast", .personal = true, .score = product_score, .factors = product_factors};

/* Three users, four items. */
static float scores[12] = {
    9, 8, 7, 6, /* user 0 has seen item 0: 1, 2, 3 */
    1, 2, 3, 4, /* user 1 has seen nothing: 3, 2, 1, 0 */
    5, 5, 5, 5, /* user 2 has seen 1 and 3: 0, 2, and no more */
};
static int64_t indptr[] = {0, 1, 1, 3};
static int32_t indices[] = {0, 1, 3};
static float values[] = {1, 1, 1};
static const struct csr train = {3, 4, indptr, indices, values};

static int32_t holdout_users[] = {0, 1, 2};
static int64_t holdout_indptr[] = {0, 2, 3, 5};
static int32_t holdout_items[] = {1, 3, 0, 0, 2};
static const struct holdout holdout = {3, holdout_users, holdout_indptr, holdout_items};

static struct model table_model(void)
{
    return (struct model){
        .kind = &table_kind,
        .users = 3,
        .items = 4,
        .array_count = 1,
        .arrays = {{.name = "table", .ndim = 2, .shape = {3, 4}, .stride = 4, .data = scores}}};
}

static double value_of(const struct eval_result *result, const char *name)
{
    return result->values[metric_find(name)];
}

static void assert_near(double value, double expected)
{
    assert_true(fabs(value - expected) < 1e-12);
}

static void three_users_and_four_items_by_hand(void **state)
{
    (void)state;
    struct error err;
    struct eval_result result;
    const struct model model = table_model();
    const struct eval_spec spec = {
        .model = &model, .train = &train, .holdout = &holdout, .k = 2, .threads = 2};
    assert_int_equal(evaluate(&spec, &result, &err), ERR_OK);
    /* Lists {1, 2}, {3, 2}, {0, 2}: hits at 1; none; 1 and 2. */
    assert_int_equal(result.users, 3);
    assert_int_equal(result.k, 2);
    assert_memory_equal(result.hits, ((int32_t[]){1, 0, 2}), 12);
    assert_near(value_of(&result, "recall_at_k"), (0.5 + 0 + 1) / 3);
    assert_near(value_of(&result, "precision_at_k"), (0.5 + 0 + 1) / 3);
    assert_near(value_of(&result, "f1_at_k"), 0.5);
    assert_near(value_of(&result, "ndcg_at_k"), (1 / (1 + 1 / log2(3)) + 0 + 1) / 3);
    assert_near(value_of(&result, "map_at_k"), (0.5 + 0 + 1) / 3);
    assert_near(value_of(&result, "mrr_at_k"), 2.0 / 3);
    assert_near(value_of(&result, "hit_rate_at_k"), 2.0 / 3);
    assert_near(value_of(&result, "coverage_at_k"), 1);
    assert_true(result.scored_share == 1);
    eval_result_release(&result);
    assert_null(result.hits);
}

static void list_beyond_the_catalogue_keeps_its_k(void **state)
{
    (void)state;
    struct error err;
    struct eval_result result;
    const struct model model = table_model();
    const struct eval_spec spec = {
        .model = &model, .train = &train, .holdout = &holdout, .k = 10, .threads = 1};
    assert_int_equal(evaluate(&spec, &result, &err), ERR_OK);
    assert_memory_equal(result.hits, ((int32_t[]){2, 1, 2}), 12);
    assert_near(value_of(&result, "recall_at_k"), 1);
    assert_near(value_of(&result, "precision_at_k"), 0.5 / 3);
    assert_near(value_of(&result, "mrr_at_k"), (1 + 0.25 + 1) / 3);
    eval_result_release(&result);
}

static void popular_shows_one_list_with_seen_items(void **state)
{
    (void)state;
    struct error err;
    struct eval_result result;
    struct model *model;
    const struct model_kind *kind = model_kind_find("popular");
    struct param_set params;
    params_init(&params, &kind->params);
    const int64_t popularity[] = {7, 2, 9, 7};
    const struct fit_input input = {
        .train = &train, .popularity = popularity, .params = &params, .threads = 1};
    assert_int_equal(kind->fit(&input, &model, &err), ERR_OK);
    const struct eval_spec spec = {
        .model = model, .train = &train, .holdout = &holdout, .k = 2, .threads = 2};
    assert_int_equal(evaluate(&spec, &result, &err), ERR_OK);
    /* {2, 0} for all, though user 0 has seen 0: none of {1, 3}; 0 at 2; both. */
    assert_memory_equal(result.hits, ((int32_t[]){0, 1, 2}), 12);
    assert_near(value_of(&result, "recall_at_k"), 2.0 / 3);
    assert_near(value_of(&result, "precision_at_k"), 0.5);
    assert_near(value_of(&result, "f1_at_k"), 4.0 / 7);
    assert_near(value_of(&result, "mrr_at_k"), 0.5);
    assert_near(value_of(&result, "coverage_at_k"), 0.5);
    eval_result_release(&result);
    model_free(model);
}

static void sample_is_spread_over_the_holdout(void **state)
{
    (void)state;
    struct error err;
    struct eval_result result;
    const struct model model = table_model();
    struct eval_spec spec = {.model = &model,
                             .train = &train,
                             .holdout = &holdout,
                             .k = 2,
                             .threads = 1,
                             .users_max = 2};
    assert_int_equal(evaluate(&spec, &result, &err), ERR_OK);
    assert_int_equal(result.users, 2); /* places 0 and 2 × 3 / 2 = 1 */
    assert_memory_equal(result.hits, ((int32_t[]){1, 0}), 8);
    assert_near(value_of(&result, "recall_at_k"), 0.25);
    eval_result_release(&result);
    spec.users_max = 50;
    assert_int_equal(evaluate(&spec, &result, &err), ERR_OK);
    assert_int_equal(result.users, 3);
    eval_result_release(&result);
}

static void json_has_every_metric_by_name(void **state)
{
    (void)state;
    struct eval_result result = {0};
    result.values[metric_find("recall_at_k")] = 0.25;
    json_t *object = eval_metrics_to_json(&result);
    assert_non_null(object);
    assert_int_equal(json_object_size(object), metric_count());
    assert_true(json_real_value(json_object_get(object, "recall_at_k")) == 0.25);
    assert_non_null(json_object_get(object, "coverage_at_k"));
    json_decref(object);
}

static void failed_json_is_null(void **state)
{
    (void)state;
    const struct eval_result result = {0};
    const int64_t held = mem_held_bytes();
    for (int64_t n = 1; n < 12; n++) {
        mem_fail_after(n);
        json_t *object = eval_metrics_to_json(&result);
        mem_fail_after(0);
        assert_null(object);
        assert_int_equal(mem_held_bytes(), held);
    }
}

/* A larger problem of two factors, drawn. */
enum { USERS = 700, ITEMS = 300 };

struct drawn {
    float x[USERS * 2], y[ITEMS * 2];
    int64_t train_indptr[USERS + 1], holdout_indptr[USERS + 1];
    int32_t train_items[USERS * ITEMS], holdout_items[USERS * ITEMS], users[USERS];
    struct csr train;
    struct holdout holdout;
    struct model model;
};

static void draw(struct drawn *d)
{
    int64_t seen = 0, wanted = 0;
    for (uint64_t i = 0; i < USERS * 2; i++)
        d->x[i] = random_float(random_bits(1, 1, i)) - 0.3f;
    for (uint64_t i = 0; i < ITEMS * 2; i++)
        d->y[i] = (random_float(random_bits(1, 2, i)) - 0.3f) / (float)(1 + i / 8);
    for (int32_t u = 0; u < USERS; u++) {
        d->users[u] = u;
        for (int32_t i = 0; i < ITEMS; i++) {
            const double chance = random_double(random_bits(2, (uint64_t)u, (uint64_t)i));
            if (chance < 0.2)
                d->train_items[seen++] = i;
            else if (chance < 0.25 || (i == ITEMS - 1 && wanted == d->holdout_indptr[u]))
                d->holdout_items[wanted++] = i;
        }
        if (wanted == d->holdout_indptr[u]) { /* the last item was seen: another is wanted */
            d->holdout_items[wanted++] = 0;
        }
        d->train_indptr[u + 1] = seen;
        d->holdout_indptr[u + 1] = wanted;
    }
    d->train = (struct csr){USERS, ITEMS, d->train_indptr, d->train_items, NULL};
    d->holdout = (struct holdout){USERS, d->users, d->holdout_indptr, d->holdout_items};
    d->model = (struct model){.users = USERS,
                              .items = ITEMS,
                              .array_count = 2,
                              .arrays = {{.data = d->x}, {.data = d->y}}};
}

static struct drawn drawn;

static void slow_and_fast_way_agree_for_any_threads(void **state)
{
    (void)state;
    struct error err;
    struct eval_result first, other;
    struct eval_spec spec = {.model = &drawn.model,
                             .train = &drawn.train,
                             .holdout = &drawn.holdout,
                             .k = 15,
                             .threads = 1};
    drawn.model.kind = &slow_kind;
    assert_int_equal(evaluate(&spec, &first, &err), ERR_OK);
    assert_true(value_of(&first, "recall_at_k") > 0);
    static const int32_t threads[] = {1, 2, 7};
    for (int32_t way = 0; way < 9; way++) {
        drawn.model.kind = way < 3 ? &slow_kind : &fast_kind;
        spec.threads = threads[way % 3];
        spec.prune = way >= 6;
        assert_int_equal(evaluate(&spec, &other, &err), ERR_OK);
        assert_memory_equal(other.values, first.values, sizeof(first.values));
        assert_memory_equal(other.hits, first.hits, USERS * sizeof(int32_t));
        assert_true(spec.prune ? other.scored_share < 1 : other.scored_share == 1);
        eval_result_release(&other);
    }
    eval_result_release(&first);
}

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    const struct model_kind *const kinds[] = {&slow_kind, &fast_kind};
    for (int32_t i = 0; i < 2; i++) {
        struct error err;
        struct eval_result result;
        bool done = false;
        const int64_t held = mem_held_bytes();
        const struct eval_spec spec = {.model = &drawn.model,
                                       .train = &drawn.train,
                                       .holdout = &drawn.holdout,
                                       .k = 5,
                                       .threads = 2};
        drawn.model.kind = kinds[i];
        for (int64_t n = 1; !done; n++) {
            assert_true(n < 100);
            mem_fail_after(n);
            const enum err rc = evaluate(&spec, &result, &err);
            done = mem_fail_count() < n;
            mem_fail_after(0);
            assert_int_equal(rc, done ? ERR_OK : ERR_NOMEM);
            if (done)
                eval_result_release(&result);
            assert_int_equal(mem_held_bytes(), held);
        }
    }
}

/* Cancels when it has been told of the first users, or at once. */
struct canceller {
    atomic_bool cancel;
    int32_t reports;
};

static void on_report(void *context, const struct progress_update *update)
{
    struct canceller *canceller = context;
    assert_int_equal(update->phase, PHASE_EVALUATE);
    assert_string_equal(update->unit, "users");
    assert_true(update->done <= update->total);
    canceller->reports++;
}

static void progress_is_told_and_cancel_ends_it(void **state)
{
    (void)state;
    const struct model_kind *const kinds[] = {&slow_kind, &fast_kind};
    for (int32_t i = 0; i < 4; i++) {
        struct error err;
        struct eval_result result;
        struct canceller canceller = {i >= 2, 0};
        const struct progress progress = {on_report, &canceller, &canceller.cancel};
        const struct eval_spec spec = {.model = &drawn.model,
                                       .train = &drawn.train,
                                       .holdout = &drawn.holdout,
                                       .k = 5,
                                       .threads = 2,
                                       .progress = &progress};
        drawn.model.kind = kinds[i % 2];
        const enum err rc = evaluate(&spec, &result, &err);
        assert_int_equal(rc, i >= 2 ? ERR_CANCELLED : ERR_OK);
        assert_int_equal(canceller.reports, i >= 2 ? 0 : 1);
        if (rc == ERR_OK)
            eval_result_release(&result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_users_and_four_items_by_hand),
        cmocka_unit_test(list_beyond_the_catalogue_keeps_its_k),
        cmocka_unit_test(popular_shows_one_list_with_seen_items),
        cmocka_unit_test(sample_is_spread_over_the_holdout),
        cmocka_unit_test(json_has_every_metric_by_name),
        cmocka_unit_test(failed_json_is_null),
        cmocka_unit_test(slow_and_fast_way_agree_for_any_threads),
        cmocka_unit_test(every_failing_allocation_is_reported),
        cmocka_unit_test(progress_is_told_and_cancel_ends_it),
    };
    json_init();
    draw(&drawn);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
