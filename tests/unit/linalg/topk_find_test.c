/* One user alone gets the same list, bit by bit, as among many. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "linalg/topk.h"
#include "linalg/topk_kernel.h"
#include "support/test.h"

enum { ITEMS_MAX = 3000, FACTORS_MAX = 67, USERS = 5, K_MAX = 300 };

struct table {
    int32_t items, factors;
    float *x, *y; /* [USERS × factors], [items × factors] */
};

static float draw(uint64_t stream, uint64_t at)
{
    return (float)(random_double(random_bits(3, stream, at)) * 2 - 1);
}

/* Norms fall by `tail`, as those of a trained catalogue do; 0: all alike. */
static struct table make(int32_t items, int32_t factors, double tail)
{
    struct error err;
    struct table t = {.items = items, .factors = factors};
    t.x = mem_array((size_t)USERS * (size_t)factors, sizeof(float), &err);
    t.y = mem_array((size_t)items * (size_t)factors, sizeof(float), &err);
    assert_true(t.x != NULL && t.y != NULL);
    for (int32_t i = 0; i < USERS * factors; i++)
        t.x[i] = draw(1, (uint64_t)i);
    for (int32_t item = 0; item < items; item++) {
        const double scale = pow(item * 7919 % items + 1, -tail);
        for (int32_t j = 0; j < factors; j++)
            t.y[item * factors + j] = draw(2, (uint64_t)(item * factors + j)) * (float)scale;
    }
    return t;
}

static void release(struct table *t)
{
    mem_free(t->x);
    mem_free(t->y);
}

/* What is left out for user u: every (u + 2)-th item; half of those are seen, half denied. */
struct bounds {
    int64_t indptr[USERS + 1];
    int32_t all[USERS * ITEMS_MAX], seen[ITEMS_MAX], deny[ITEMS_MAX];
    float ones[USERS * ITEMS_MAX];
};

static struct csr bound(struct bounds *b, const struct table *t)
{
    int64_t used = 0;
    for (int32_t u = 0; u < USERS; u++) {
        b->indptr[u] = used;
        for (int32_t item = u; item < t->items && t->items > 3; item += u + 2)
            b->all[used++] = item;
    }
    b->indptr[USERS] = used;
    return (struct csr){
        .rows = USERS, .cols = t->items, .indptr = b->indptr, .indices = b->all, .values = b->ones};
}

static void check_user(const struct topk_items *items, const struct table *t, struct bounds *b,
                       int32_t u, int32_t k, const int32_t *columns, const float *scores)
{
    static uint64_t keys[4 * K_MAX];
    int32_t found[K_MAX];
    float have[K_MAX];
    int64_t scored = -1;
    struct topk_question question = {
        .x = t->x + u * t->factors, .k = k, .seen = b->seen, .deny = b->deny};
    for (int64_t at = b->indptr[u]; at < b->indptr[u + 1]; at++) {
        if (at % 2 == 0)
            b->seen[question.seen_count++] = b->all[at];
        else
            b->deny[question.deny_count++] = b->all[at];
    }
    assert_true(topk_keys_needed(k) <= 4 * K_MAX);
    const int32_t count = topk_find(items, &question, keys, found, have, &scored);
    for (int32_t i = 0; i < k; i++) {
        assert_int_equal(columns[u * k + i], i < count ? found[i] : -1);
        assert_true(i >= count || memcmp(&scores[u * k + i], &have[i], sizeof(have[i])) == 0);
    }
    assert_true(scored > 0 && scored <= t->items);
}

static void check(const struct table *t, int32_t k, enum cpu_level level)
{
    static struct bounds b;
    struct error err;
    struct topk_items *items;
    static int32_t columns[USERS * K_MAX];
    static float scores[USERS * K_MAX];
    const struct csr left_out = bound(&b, t);
    assert_ok(topk_items_create_at(level, t->y, t->items, t->factors, t->factors, 1, &items, &err));
    const struct topk_query query = {.users = t->x,
                                     .user_stride = t->factors,
                                     .count = USERS,
                                     .seen = &left_out,
                                     .k = k,
                                     .threads = 1,
                                     .prune = true};
    assert_ok(topk_select(items, &query, columns, scores, NULL, &err));
    for (int32_t u = 0; u < USERS; u++)
        check_user(items, t, &b, u, k, columns, scores);
    assert_true(topk_items_bytes(items) >= (int64_t)t->items * (t->factors + 1) * 4);
    topk_items_free(items);
}

static void every_shape_gives_the_list_of_the_scan_for_many(void **state)
{
    static const int32_t shapes[][2] = {{1, 1},    {3, 2},     {31, 5},   {33, 16},
                                        {257, 60}, {1000, 67}, {3000, 24}};
    (void)state;
    for (int level = 0; level <= (int)cpu_level_best(); level++)
        for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
            for (int tail = 0; tail < 2; tail++) {
                struct table t = make(shapes[s][0], shapes[s][1], tail * 0.7);
                const int32_t ks[] = {1, 2, 40, 299};
                for (int i = 0; i < 4; i++)
                    check(&t, ks[i] < t.items ? ks[i] : t.items, (enum cpu_level)level);
                release(&t);
            }
}

/* Equal scores come by rising column, also where they are equal to the k-th. */
static void equal_scores_come_by_column(void **state)
{
    struct table t = make(500, 8, 0);
    (void)state;
    for (int32_t item = 0; item < t.items; item++)
        memcpy(t.y + item * 8, t.y + item % 3 * 8, 8 * sizeof(float));
    check(&t, 40, cpu_level_best());
    release(&t);
}

static void falling_norms_spare_most_of_the_catalogue(void **state)
{
    struct error err;
    struct topk_items *items;
    uint64_t keys[200];
    int32_t columns[40];
    float scores[40];
    int64_t scored;
    struct table t = make(ITEMS_MAX, 16, 0.7);
    (void)state;
    const struct topk_question question = {.x = t.x, .k = 40};
    assert_ok(topk_items_create(t.y, t.items, t.factors, t.factors, 1, &items, &err));
    assert_int_equal(topk_find(items, &question, keys, columns, scores, &scored), 40);
    assert_true(scored < t.items / 2);
    topk_items_free(items);
    release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_gives_the_list_of_the_scan_for_many),
        cmocka_unit_test(equal_scores_come_by_column),
        cmocka_unit_test(falling_norms_spare_most_of_the_catalogue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
