/* The scan against a plain sort of all scores. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/random.h"
#include "linalg/topk.h"
#include "linalg/topk_items.h"
#include "linalg/topk_keys.h"

/* topk_wide_test.c sets these to run all of it on another kernel. */
#ifndef TOPK_TEST_LEVEL
#define TOPK_TEST_LEVEL cpu_level()
#define TOPK_TEST_LEVEL_FIRST CPU_PORTABLE
#define TOPK_TEST_LEVEL_LAST cpu_level_best()
#endif

/* A problem, its answers by topk_select, and what is needed to judge them. */
struct problem {
    int32_t users, items, factors, k;
    float *x, *y; /* [users × factors], [items × factors] */
    struct csr seen;
    int32_t *columns; /* [users × k] */
    float *scores;    /* [users × k] */
};

static void *array(size_t count, size_t size)
{
    struct error err;
    void *at = mem_array(count, size, &err);
    assert_non_null(at);
    return at;
}

static float draw(uint64_t stream, int64_t index)
{
    /* Nearly normal: the sum of four uniforms. */
    float sum = -2;
    for (uint64_t i = 0; i < 4; i++)
        sum += random_float(random_bits(7, stream, (uint64_t)index * 4 + i));
    return sum;
}

/* Each pair is seen with the given chance; the seen of user 0 is everything if chance is above 0 */
static void make_seen(struct problem *p, double chance)
{
    struct error err;
    for (int32_t pass = 0; pass < 2; pass++) {
        int64_t nnz = 0;
        for (int32_t u = 0; u < p->users; u++) {
            for (int32_t i = 0; i < p->items; i++) {
                const uint64_t bits = random_bits(3, (uint64_t)u, (uint64_t)i);
                if (chance > 0 && (u == 0 || random_double(bits) < chance)) {
                    if (pass == 1)
                        p->seen.indices[nnz] = i;
                    nnz++;
                }
            }
            if (pass == 1)
                p->seen.indptr[u + 1] = nnz;
        }
        if (pass == 0)
            assert_int_equal(csr_init(&p->seen, p->users, p->items, nnz, &err), ERR_OK);
    }
}

static void problem_init(struct problem *p, int32_t users, int32_t items, int32_t factors,
                         int32_t k)
{
    *p = (struct problem){.users = users, .items = items, .factors = factors, .k = k};
    p->x = array((size_t)users * (size_t)factors, sizeof(float));
    p->y = array((size_t)items * (size_t)factors, sizeof(float));
    p->columns = array((size_t)users * (size_t)k, sizeof(int32_t));
    p->scores = array((size_t)users * (size_t)k, sizeof(float));
    for (int64_t i = 0; i < (int64_t)users * factors; i++)
        p->x[i] = draw(1, i);
    for (int64_t i = 0; i < (int64_t)items * factors; i++)
        p->y[i] = draw(2, i) / (float)sqrt((double)(1 + i / factors));
}

static void problem_release(struct problem *p)
{
    mem_free(p->x);
    mem_free(p->y);
    mem_free(p->columns);
    mem_free(p->scores);
    csr_release(&p->seen);
}

static struct topk_query query_of(const struct problem *p, int32_t threads, bool prune)
{
    return (struct topk_query){
        .users = p->x,
        .user_stride = p->factors,
        .count = p->users,
        .seen = p->seen.indptr == NULL ? NULL : &p->seen,
        .k = p->k,
        .threads = threads,
        .prune = prune,
    };
}

static void solve(struct problem *p, enum cpu_level level, int32_t threads, bool prune)
{
    struct error err;
    struct topk_items *items;
    assert_int_equal(
        topk_items_create_at(level, p->y, p->items, p->factors, p->factors, threads, &items, &err),
        ERR_OK);
    const struct topk_query query = query_of(p, threads, prune);
    assert_int_equal(topk_select(items, &query, p->columns, p->scores, NULL, &err), ERR_OK);
    topk_items_free(items);
}

static double exact_score(const struct problem *p, int32_t user, int32_t item)
{
    double sum = 0;
    for (int32_t j = 0; j < p->factors; j++)
        sum += (double)p->x[(int64_t)user * p->factors + j] *
               (double)p->y[(int64_t)item * p->factors + j];
    return sum;
}

/* The definition: nothing seen, nothing twice, in order, each score right, and nobody left out
 * who is better than the last by more than the rounding of float. */
static void check_user(const struct problem *p, int32_t user)
{
    const int32_t *columns = p->columns + (int64_t)user * p->k;
    const float *scores = p->scores + (int64_t)user * p->k;
    uint8_t *out = array((size_t)p->items, 1); /* seen or in the list */
    int32_t free_items = p->items, count = 0;
    if (p->seen.indptr != NULL)
        for (int64_t at = p->seen.indptr[user]; at < p->seen.indptr[user + 1]; at++, free_items--)
            out[p->seen.indices[at]] = 1;
    for (; count < p->k && columns[count] >= 0; count++) {
        assert_in_range(columns[count], 0, p->items - 1);
        assert_int_equal(out[columns[count]], 0);
        out[columns[count]] = 1;
        const double exact = exact_score(p, user, columns[count]);
        assert_true(fabs(exact - (double)scores[count]) <= 1e-4 * (1 + fabs(exact)));
        if (count > 0)
            assert_true(key_make(scores[count], columns[count]) <
                        key_make(scores[count - 1], columns[count - 1]));
    }
    assert_int_equal(count, free_items < p->k ? free_items : p->k);
    for (int32_t place = count; place < p->k; place++) {
        assert_int_equal(columns[place], -1);
        assert_true(scores[place] == 0);
    }
    for (int32_t item = 0; item < p->items && count > 0; item++)
        if (!out[item])
            assert_true(exact_score(p, user, item) <= (double)scores[count - 1] + 1e-4);
    mem_free(out);
}

/* Every level, thread count and pruning: right, and on one level the same bits. */
static void check_all_ways(struct problem *p)
{
    const size_t size = (size_t)p->users * (size_t)p->k * 4;
    for (enum cpu_level level = TOPK_TEST_LEVEL_FIRST; level <= TOPK_TEST_LEVEL_LAST; level++) {
        solve(p, level, 1, false);
        for (int32_t user = 0; user < p->users; user++)
            check_user(p, user);
        struct problem first = *p;
        p->columns = array(size, 1);
        p->scores = array(size, 1);
        static const int32_t threads[] = {1, 2, 7};
        for (int32_t i = 0; i < 6; i++) {
            solve(p, level, threads[i / 2], i % 2 == 1);
            assert_memory_equal(p->columns, first.columns, size);
            assert_memory_equal(p->scores, first.scores, size);
        }
        mem_free(p->columns);
        mem_free(p->scores);
        p->columns = first.columns;
        p->scores = first.scores;
    }
}

static void lists_equal_a_full_sort_for_many_shapes(void **state)
{
    (void)state;
    static const int32_t shapes[][4] = {
        /* users, items, factors, k */
        {1, 1, 1, 1},      {1, 1000, 60, 40},   {3, 33, 7, 33},    {5, 16, 64, 1},
        {13, 500, 60, 40}, {300, 700, 60, 10},  {50, 301, 127, 3}, {7, 100, 512, 100},
        {25, 2500, 1, 5},  {2, 4000, 33, 4000},
    };
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        for (int32_t chance = 0; chance < 3; chance++) {
            struct problem p;
            problem_init(&p, shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3]);
            if (chance > 0)
                make_seen(&p, chance == 1 ? 0.1 : 0.9);
            check_all_ways(&p);
            problem_release(&p);
        }
    }
}

static void equal_scores_go_to_the_smaller_column(void **state)
{
    (void)state;
    struct problem p;
    problem_init(&p, 9, 900, 17, 30);
    /* Ninety copies of ten rows: ties everywhere, exact ones. */
    for (int32_t item = 10; item < p.items; item++)
        memcpy(p.y + (int64_t)item * p.factors, p.y + (int64_t)(item % 10) * p.factors,
               (size_t)p.factors * sizeof(float));
    check_all_ways(&p);
    for (int32_t user = 0; user < p.users; user++)
        for (int32_t place = 0; place < p.k; place++) {
            const int32_t *columns = p.columns + (int64_t)user * p.k;
            assert_int_equal(columns[place] % 10, columns[0] % 10);
            assert_int_equal(columns[place] / 10, place);
        }
    problem_release(&p);
}

static void user_of_zeros_gets_the_first_columns(void **state)
{
    (void)state;
    struct problem p;
    problem_init(&p, 2, 800, 12, 25);
    memset(p.x, 0, (size_t)p.users * (size_t)p.factors * sizeof(float));
    p.x[3] = -0.0f;
    check_all_ways(&p);
    for (int32_t place = 0; place < p.k; place++)
        assert_int_equal(p.columns[place], place);
    problem_release(&p);
}

static void pruning_skips_most_of_a_long_tail(void **state)
{
    (void)state;
    struct problem p;
    struct error err;
    struct topk_items *items;
    struct topk_stats stats;
    problem_init(&p, 40, 20000, 20, 10);
    assert_int_equal(
        topk_items_create_at(TOPK_TEST_LEVEL, p.y, p.items, p.factors, p.factors, 2, &items, &err),
        ERR_OK);
    struct topk_query query = query_of(&p, 2, true);
    assert_int_equal(topk_select(items, &query, p.columns, NULL, &stats, &err), ERR_OK);
    assert_true(stats.total == 40.0 * 20000);
    assert_true(stats.scored < 0.2 * stats.total);
    const double scored = stats.scored;
    query.threads = 7;
    assert_int_equal(topk_select(items, &query, p.columns, NULL, &stats, &err), ERR_OK);
    assert_true(stats.scored == scored);
    query.prune = false;
    assert_int_equal(topk_select(items, &query, p.columns, NULL, &stats, &err), ERR_OK);
    assert_true(stats.scored == stats.total);
    topk_items_free(items);
    problem_release(&p);
}

static void rows_are_answered_in_the_order_asked(void **state)
{
    (void)state;
    struct problem p;
    struct error err;
    struct topk_items *items;
    problem_init(&p, 30, 400, 11, 5);
    make_seen(&p, 0.2);
    solve(&p, TOPK_TEST_LEVEL, 1, true);
    static const int32_t rows[] = {29, 3, 3, 0, 17};
    struct topk_query query = query_of(&p, 2, true);
    query.rows = rows;
    query.count = 5;
    int32_t columns[25];
    assert_int_equal(
        topk_items_create_at(TOPK_TEST_LEVEL, p.y, p.items, p.factors, p.factors, 1, &items, &err),
        ERR_OK);
    assert_int_equal(topk_select(items, &query, columns, NULL, NULL, &err), ERR_OK);
    for (int32_t i = 0; i < 5; i++)
        assert_memory_equal(columns + (int64_t)i * 5, p.columns + (int64_t)rows[i] * 5,
                            5 * sizeof(int32_t));
    topk_items_free(items);
    problem_release(&p);
}

static void padded_rows_give_the_same_lists(void **state)
{
    (void)state;
    struct problem p, wide;
    struct error err;
    struct topk_items *items;
    problem_init(&p, 20, 300, 11, 7);
    problem_init(&wide, 20, 300, 16, 7);
    for (int32_t row = 0; row < 300; row++)
        for (int32_t j = 0; j < 16; j++) {
            wide.y[row * 16 + j] = j < 11 ? p.y[row * 11 + j] : 99;
            if (row < 20)
                wide.x[row * 16 + j] = j < 11 ? p.x[row * 11 + j] : 99;
        }
    solve(&p, TOPK_TEST_LEVEL, 1, false);
    assert_int_equal(topk_items_create_at(TOPK_TEST_LEVEL, wide.y, 300, 11, 16, 1, &items, &err),
                     ERR_OK);
    const struct topk_query query = query_of(&wide, 1, true);
    assert_int_equal(topk_select(items, &query, wide.columns, wide.scores, NULL, &err), ERR_OK);
    assert_memory_equal(wide.columns, p.columns, 20 * 7 * sizeof(int32_t));
    assert_memory_equal(wide.scores, p.scores, 20 * 7 * sizeof(float));
    topk_items_free(items);
    problem_release(&p);
    problem_release(&wide);
}

/* A hostile file: whatever comes out, the scan ends, and what is not a number is in no list. */
static void scores_that_are_not_numbers_are_left_out(void **state)
{
    (void)state;
    for (int32_t prune = 0; prune < 2; prune++) {
        struct problem p;
        problem_init(&p, 8, 600, 9, 20);
        for (int32_t item = 0; item < p.items; item += 3)
            p.y[(int64_t)item * p.factors + item % p.factors] = NAN;
        for (int32_t item = 1; item < p.items; item += 30)
            p.y[(int64_t)item * p.factors] = item % 20 == 1 ? INFINITY : -INFINITY;
        for (int32_t j = 0; j < p.factors; j++)
            p.x[j] = NAN; /* user 0 has no list at all */
        p.x[p.factors] = 3e38f;
        solve(&p, TOPK_TEST_LEVEL, 2, prune == 1);
        for (int32_t place = 0; place < p.k; place++) {
            assert_int_equal(p.columns[place], -1);
            assert_true(p.columns[p.k + place] >= 0 && p.columns[p.k + place] % 3 != 0);
        }
        problem_release(&p);
    }
}

/* Products beyond the range of float are infinite, and so equal: the bound must not cut them. */
static void pruning_is_exact_where_scores_overflow(void **state)
{
    (void)state;
    struct problem p;
    problem_init(&p, 6, 2000, 8, 15);
    for (int64_t i = 0; i < (int64_t)p.users * p.factors; i++)
        p.x[i] = fabsf(p.x[i]) * 1e25f;
    for (int64_t i = 0; i < (int64_t)p.items * p.factors; i++)
        p.y[i] = fabsf(p.y[i]) * 1e14f;
    const size_t size = (size_t)p.users * (size_t)p.k * 4;
    solve(&p, TOPK_TEST_LEVEL, 1, false);
    assert_true(isinf(p.scores[0]));
    int32_t *plain = array(size, 1);
    memcpy(plain, p.columns, size);
    solve(&p, TOPK_TEST_LEVEL, 1, true);
    assert_memory_equal(plain, p.columns, size);
    mem_free(plain);
    problem_release(&p);
}

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    struct problem p;
    struct error err;
    problem_init(&p, 10, 100, 5, 4);
    const struct topk_query query = query_of(&p, 3, true);
    const int64_t held = mem_held_bytes();
    bool done = false;
    for (int64_t n = 1; !done; n++) {
        struct topk_items *items = NULL;
        mem_fail_after(n);
        enum err rc = topk_items_create_at(TOPK_TEST_LEVEL, p.y, p.items, p.factors, p.factors, 2,
                                           &items, &err);
        if (rc == ERR_OK)
            rc = topk_select(items, &query, p.columns, p.scores, NULL, &err);
        done = mem_fail_count() < n;
        mem_fail_after(0);
        assert_int_equal(rc, done ? ERR_OK : ERR_NOMEM);
        topk_items_free(items);
        assert_int_equal(mem_held_bytes(), held);
        assert_true(n < 100);
    }
    problem_release(&p);
}

static void cancel_ends_the_scan(void **state)
{
    (void)state;
    struct problem p;
    struct error err;
    struct topk_items *items;
    const atomic_bool cancel = true;
    const struct progress progress = {.cancel = &cancel};
    problem_init(&p, 10, 100, 5, 4);
    assert_int_equal(
        topk_items_create_at(TOPK_TEST_LEVEL, p.y, p.items, p.factors, p.factors, 1, &items, &err),
        ERR_OK);
    struct topk_query query = query_of(&p, 2, true);
    query.progress = &progress;
    assert_int_equal(topk_select(items, &query, p.columns, p.scores, NULL, &err), ERR_CANCELLED);
    topk_items_free(items);
    problem_release(&p);
}

static void best_of_plain_scores_by_hand(void **state)
{
    (void)state;
    const float scores[] = {1, 5, NAN, 5, -INFINITY, 2, 7, 5};
    const int32_t seen[] = {3, 6};
    int32_t columns[8];
    assert_int_equal(topk_of_scores(scores, 8, NULL, 0, 3, columns), 3);
    assert_memory_equal(columns, ((int32_t[]){6, 1, 3}), 12);
    assert_int_equal(topk_of_scores(scores, 8, seen, 2, 3, columns), 3);
    assert_memory_equal(columns, ((int32_t[]){1, 7, 5}), 12);
    assert_int_equal(topk_of_scores(scores, 8, seen, 2, 8, columns), 5);
    assert_memory_equal(columns, ((int32_t[]){1, 7, 5, 0, 4}), 20);
    assert_int_equal(topk_of_scores(scores, 0, NULL, 0, 1, columns), 0);
}

static void best_of_plain_scores_equals_a_sort(void **state)
{
    (void)state;
    enum { N = 700 };
    float scores[N];
    uint64_t keys[N];
    int32_t columns[N];
    for (int32_t k = 1; k <= N; k += k < 20 ? 1 : 113) {
        for (int32_t i = 0; i < N; i++) {
            scores[i] = (float)(random_bits(1, (uint64_t)k, (uint64_t)i) % 50);
            keys[i] = key_make(scores[i], i);
        }
        keys_sort(keys, N);
        assert_int_equal(topk_of_scores(scores, N, NULL, 0, k, columns), k);
        for (int32_t i = 0; i < k; i++)
            assert_int_equal(columns[i], key_column(keys[i]));
    }
}

static void keys_keep_the_order_of_scores(void **state)
{
    (void)state;
    static const float rising[] = {-INFINITY, -3e38f, -1, -1e-40f, 0, 1e-40f, 1, 3e38f, INFINITY};
    for (int32_t i = 0; i < 9; i++) {
        assert_true(key_score(key_make(rising[i], 5)) == rising[i]);
        assert_int_equal(key_column(key_make(rising[i], 12345)), 12345);
        if (i > 0)
            assert_true(key_make(rising[i - 1], 0) < key_make(rising[i], 2000000000));
    }
    assert_true(key_make(-0.0f, 3) == key_make(0.0f, 3));
    assert_true(key_make(1, 2) > key_make(1, 3));
    assert_true(key_make(-INFINITY, INT32_MAX) > 0);
}

static void selection_and_sort_agree_for_any_order(void **state)
{
    (void)state;
    enum { N = 1000 };
    uint64_t keys[N], sorted[N];
    for (int32_t shape = 0; shape < 4; shape++) {
        for (int32_t k = 1; k <= N; k += 37) {
            for (uint64_t i = 0; i < N; i++) {
                const uint64_t orders[] = {i, N - i, i < 500 ? i * 2 : (N - i) * 2 - 1,
                                           random_bits(9, 9, i)};
                keys[i] = sorted[i] = orders[shape];
            }
            keys_sort(sorted, N);
            keys_select(keys, N, k);
            assert_true(keys[k - 1] == sorted[k - 1]);
            keys_sort(keys, k);
            assert_memory_equal(keys, sorted, (size_t)k * sizeof(uint64_t));
        }
        for (int32_t i = 1; i < N; i++)
            assert_true(sorted[i - 1] > sorted[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_keep_the_order_of_scores),
        cmocka_unit_test(selection_and_sort_agree_for_any_order),
        cmocka_unit_test(best_of_plain_scores_by_hand),
        cmocka_unit_test(best_of_plain_scores_equals_a_sort),
        cmocka_unit_test(lists_equal_a_full_sort_for_many_shapes),
        cmocka_unit_test(equal_scores_go_to_the_smaller_column),
        cmocka_unit_test(user_of_zeros_gets_the_first_columns),
        cmocka_unit_test(pruning_skips_most_of_a_long_tail),
        cmocka_unit_test(rows_are_answered_in_the_order_asked),
        cmocka_unit_test(padded_rows_give_the_same_lists),
        cmocka_unit_test(scores_that_are_not_numbers_are_left_out),
        cmocka_unit_test(pruning_is_exact_where_scores_overflow),
        cmocka_unit_test(every_failing_allocation_is_reported),
        cmocka_unit_test(cancel_ends_the_scan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
