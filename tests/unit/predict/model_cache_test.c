/* Models that are kept open: mapped once, verified once, bounded, and never pulled away. */
#include "predict/model_cache.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "predict/predictor.h"
#include "support/test.h"
#include "unit/train/fixture.h"

enum { MODELS = 3, KEPT_MAX = 16 };

/* Three models of a test, and what the cache asked for. */
struct rig {
    struct fixture fixture;
    struct wanted_model wanted[MODELS];
    char paths[MODELS][256], sums[MODELS][HASH_HEX_SIZE];
    struct model_cache *cache;
    atomic_int opened, verified;
    pthread_mutex_t lock;
    char kept[KEPT_MAX][MODEL_STAMP_SIZE]; /* by the id of the model */
};

static enum err open_file(void *context, const char *path, int *ret_fd, struct error *err)
{
    struct rig *rig = context;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return FAIL_REASON(err, ERR_NOT_FOUND, "model_file_missing", "%s is away", path);
    atomic_fetch_add(&rig->opened, 1);
    *ret_fd = fd;
    return ERR_OK;
}

static bool was_verified(void *context, int64_t model_id, const char *stamp)
{
    struct rig *rig = context;
    pthread_mutex_lock(&rig->lock);
    const bool known = strcmp(rig->kept[model_id], stamp) == 0;
    pthread_mutex_unlock(&rig->lock);
    return known;
}

static void keep(void *context, int64_t model_id, const char *stamp)
{
    struct rig *rig = context;
    atomic_fetch_add(&rig->verified, 1);
    pthread_mutex_lock(&rig->lock);
    snprintf(rig->kept[model_id], MODEL_STAMP_SIZE, "%s", stamp);
    pthread_mutex_unlock(&rig->lock);
}

static int64_t size_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_size;
}

static struct model_cache *new_cache(struct rig *rig, int64_t budget, double idle_seconds)
{
    struct error err;
    struct model_cache *cache;
    const struct model_cache_spec spec = {.budget_bytes = budget,
                                          .idle_seconds = idle_seconds,
                                          .threads = 1,
                                          .context = rig,
                                          .open = open_file,
                                          .was_verified = was_verified,
                                          .verified = keep};
    assert_ok(model_cache_create(&spec, &cache, &err));
    return cache;
}

static struct fixture trained; /* one run for all tests, each of which gets copies of its file */
static char trained_path[256];

static int train_once(void **state)
{
    (void)state;
    fixture_create(&trained);
    fixture_write_clicks(&trained, &usual_clicks);
    const struct run_spec spec = fixture_spec(&trained, "als");
    json_t *result = fixture_run(&spec);
    snprintf(trained_path, sizeof(trained_path), "%s", result_text(result, "model_path"));
    json_decref(result);
    return 0;
}

static int remove_trained(void **state)
{
    (void)state;
    fixture_remove(&trained);
    return 0;
}

static void copy_file(const char *from_path, const char *to_path)
{
    unsigned char bytes[4096];
    FILE *from = fopen(from_path, "rb"), *to = fopen(to_path, "wb");
    assert_non_null(from);
    assert_non_null(to);
    for (size_t got; (got = fread(bytes, 1, sizeof(bytes), from)) > 0;)
        assert_int_equal(fwrite(bytes, 1, got, to), got);
    fclose(from);
    assert_int_equal(fclose(to), 0);
}

static int set_up(void **state)
{
    static struct rig rig;
    rig = (struct rig){0};
    pthread_mutex_init(&rig.lock, NULL);
    fixture_create(&rig.fixture);
    for (int i = 0; i < MODELS; i++) {
        snprintf(rig.paths[i], sizeof(rig.paths[i]), "%s/model_%d.pkl", rig.fixture.root, i);
        copy_file(trained_path, rig.paths[i]);
        fixture_sum(rig.paths[i], rig.sums[i]);
        rig.wanted[i] = (struct wanted_model){.model_id = i + 1,
                                              .path = rig.paths[i],
                                              .sha256 = rig.sums[i],
                                              .size_bytes = size_of(rig.paths[i])};
    }
    rig.cache = new_cache(&rig, 1 << 30, 1e9);
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    model_cache_free(rig->cache);
    fixture_remove(&rig->fixture);
    pthread_mutex_destroy(&rig->lock);
    return 0;
}

static struct model_lease *lease(struct rig *rig, int model)
{
    struct error err;
    struct model_lease *made = NULL;
    assert_ok(model_cache_lease(rig->cache, &rig->wanted[model], &made, &err));
    return made;
}

/* The model still answers: its map is there. */
static void assert_answers(const struct model_lease *lease)
{
    struct error err;
    struct recommendation list[3];
    int32_t count;
    enum basis basis;
    const struct recommend_query query = {.user = 1, .k = 3};
    assert_ok(predict_recommend(model_lease_predictor(lease), &query, list, &count, &basis, &err));
    assert_int_equal(count, 3);
}

static void a_model_is_opened_once_however_often_it_is_asked(void **state)
{
    struct rig *rig = *state;
    struct model_lease *first = lease(rig, 0), *second = lease(rig, 0);
    assert_ptr_equal(model_lease_predictor(first), model_lease_predictor(second));
    model_lease_end(first);
    assert_answers(second);
    model_lease_end(second);
    model_lease_end(lease(rig, 0));
    assert_int_equal(rig->opened, 1);
    assert_int_equal(rig->verified, 1);
    const struct model_cache_stats stats = model_cache_stats(rig->cache);
    assert_int_equal(stats.models, 1);
    assert_int_equal(stats.bytes, rig->wanted[0].size_bytes);
    assert_int_equal(stats.hits, 2);
}

static void what_is_not_open_is_not_found(void **state)
{
    struct rig *rig = *state;
    assert_null(model_cache_find(rig->cache, 1));
    model_lease_end(lease(rig, 0));
    struct model_lease *found = model_cache_find(rig->cache, 1);
    assert_non_null(found);
    model_lease_end(found);
    assert_null(model_cache_find(rig->cache, 2));
}

static void *ask_often(void *context)
{
    struct rig *rig = context;
    for (int i = 0; i < 50; i++) {
        struct model_lease *mine = lease(rig, i % MODELS);
        assert_answers(mine);
        model_lease_end(mine);
        if (i % 10 == 0)
            model_cache_drop(rig->cache, 1 + i / 10 % MODELS);
        if (i % 7 == 0)
            model_cache_tidy(rig->cache);
    }
    return NULL;
}

static void threads_share_one_load(void **state)
{
    struct rig *rig = *state;
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, rig), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    const struct model_cache_stats stats = model_cache_stats(rig->cache);
    assert_int_equal(stats.hits + stats.loads, 8 * 50);
    assert_int_equal(rig->opened, stats.loads);
    /* One each, and at most one more for each time that it was dropped. */
    assert_true(stats.loads >= MODELS && stats.loads <= MODELS + 8 * 5);
    assert_int_equal(rig->verified, MODELS);
}

static void the_budget_closes_what_was_not_asked_for_longest(void **state)
{
    struct rig *rig = *state;
    model_cache_free(rig->cache);
    rig->cache = new_cache(rig, 2 * rig->wanted[0].size_bytes + 100, 1e9);
    model_lease_end(lease(rig, 0));
    model_lease_end(lease(rig, 1));
    model_lease_end(lease(rig, 0));
    model_lease_end(lease(rig, 2));
    assert_null(model_cache_find(rig->cache, 2));
    struct model_cache_stats stats = model_cache_stats(rig->cache);
    assert_int_equal(stats.models, 2);
    assert_int_equal(stats.evictions, 1);
    /* Opened again, it is not verified again. */
    model_lease_end(lease(rig, 1));
    assert_int_equal(rig->opened, 4);
    assert_int_equal(rig->verified, 3);
}

static void a_model_in_use_outlives_any_budget(void **state)
{
    struct rig *rig = *state;
    model_cache_free(rig->cache);
    rig->cache = new_cache(rig, 0, 1e9);
    struct model_lease *first = lease(rig, 0), *second = lease(rig, 1);
    assert_answers(first);
    model_lease_end(second);
    assert_answers(first);
    model_lease_end(first);
    /* The one that was asked last stays, though it is beyond the budget. */
    assert_null(model_cache_find(rig->cache, 1));
    assert_int_equal(model_cache_stats(rig->cache).models, 1);
}

static void a_dropped_model_is_closed_with_its_last_lease(void **state)
{
    struct rig *rig = *state;
    struct model_lease *held = lease(rig, 0);
    assert_int_equal(unlink(rig->paths[0]), 0);
    model_cache_drop(rig->cache, 1);
    assert_null(model_cache_find(rig->cache, 1));
    assert_answers(held);
    assert_int_equal(model_cache_stats(rig->cache).bytes, 0);
    model_lease_end(held);
    struct error err;
    struct model_lease *none = NULL;
    assert_error(model_cache_lease(rig->cache, &rig->wanted[0], &none, &err), ERR_NOT_FOUND);
    assert_string_equal(err.reason, "model_file_missing");
    model_cache_drop(rig->cache, 99); /* nothing */
}

static void what_was_idle_is_closed(void **state)
{
    struct rig *rig = *state;
    model_cache_free(rig->cache);
    rig->cache = new_cache(rig, 1 << 30, 0);
    struct model_lease *held = lease(rig, 0);
    model_lease_end(lease(rig, 1));
    usleep(2000);
    model_cache_tidy(rig->cache);
    assert_int_equal(model_cache_stats(rig->cache).models, 1);
    assert_answers(held);
    model_lease_end(held);
}

/* What is asked often is arranged, once, and that counts against the budget. */
static void what_is_asked_often_is_made_quick(void **state)
{
    struct rig *rig = *state;
    struct error err;
    struct model_lease *held = lease(rig, 0);
    assert_false(model_lease_should_arrange(held));
    for (int i = 0; i < 100; i++)
        model_lease_end(lease(rig, 0));
    assert_true(model_lease_should_arrange(held));
    assert_ok(model_lease_arrange(held, &err));
    assert_false(model_lease_should_arrange(held));
    assert_true(predictor_is_arranged(model_lease_predictor(held)));
    const int64_t bytes = model_cache_stats(rig->cache).bytes;
    assert_int_equal(bytes, rig->wanted[0].size_bytes +
                                predictor_arranged_bytes(model_lease_predictor(held)));
    assert_ok(model_lease_arrange(held, &err));
    assert_int_equal(model_cache_stats(rig->cache).bytes, bytes);
    assert_answers(held);
    model_lease_end(held);
    model_cache_drop(rig->cache, 1);
    assert_int_equal(model_cache_stats(rig->cache).bytes, 0);
    /* Without room for it the model stays as it is. */
    model_cache_free(rig->cache);
    rig->cache = new_cache(rig, rig->wanted[0].size_bytes + 10, 1e9);
    held = lease(rig, 0);
    assert_ok(model_lease_arrange(held, &err));
    assert_false(predictor_is_arranged(model_lease_predictor(held)));
    model_lease_end(held);
}

static void change_byte(const char *path, long at)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    const int byte = fgetc(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fputc(byte ^ 1, file), byte ^ 1);
    assert_int_equal(fclose(file), 0);
}

static void a_file_that_changed_is_verified_anew_and_refused_once(void **state)
{
    struct rig *rig = *state;
    struct error err;
    struct model_lease *none = NULL;
    model_lease_end(lease(rig, 0));
    model_cache_drop(rig->cache, 1);
    change_byte(rig->paths[0], (long)rig->wanted[0].size_bytes / 2);
    assert_error(model_cache_lease(rig->cache, &rig->wanted[0], &none, &err), ERR_CORRUPT);
    const int64_t held = mem_held_bytes();
    /* Now it is known: nothing is read to say so again. */
    assert_error(model_cache_lease(rig->cache, &rig->wanted[0], &none, &err), ERR_CORRUPT);
    assert_int_equal(mem_held_bytes(), held);
    assert_int_equal(model_cache_stats(rig->cache).failures, 2);
    change_byte(rig->paths[0], (long)rig->wanted[0].size_bytes / 2);
    model_lease_end(lease(rig, 0));
    assert_int_equal(rig->verified, 2);
}

static void a_proper_file_of_another_model_is_refused(void **state)
{
    struct rig *rig = *state;
    struct error err;
    struct model_lease *none = NULL;
    struct wanted_model wrong = rig->wanted[0];
    char sum[HASH_HEX_SIZE];
    memcpy(sum, rig->sums[0], sizeof(sum));
    sum[0] = sum[0] == '0' ? '1' : '0';
    wrong.sha256 = sum;
    assert_error(model_cache_lease(rig->cache, &wrong, &none, &err), ERR_CORRUPT);
    assert_string_equal(err.reason, "model_file_changed");
    wrong = rig->wanted[1];
    wrong.size_bytes++;
    assert_error(model_cache_lease(rig->cache, &wrong, &none, &err), ERR_CORRUPT);
    assert_string_equal(err.reason, "model_file_changed");
    assert_int_equal(rig->verified, 0);
}

static void without_memory_it_says_so_and_leaves_nothing(void **state)
{
    struct rig *rig = *state;
    struct error err;
    struct model_lease *made = NULL;
    enum err rc = ERR_NOMEM;
    int failed = 0;
    const int64_t held = mem_held_bytes();
    for (int64_t n = 1; rc == ERR_NOMEM; n++) {
        mem_fail_after(n);
        rc = model_cache_lease(rig->cache, &rig->wanted[0], &made, &err);
        mem_fail_after(0);
        if (rc == ERR_NOMEM)
            assert_int_equal(mem_held_bytes(), held);
        failed += rc == ERR_NOMEM;
    }
    assert_int_equal(rc, ERR_OK);
    assert_true(failed > 5);
    model_lease_end(made);
}

int main(void)
{
    json_init();
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_model_is_opened_once_however_often_it_is_asked),
        TEST(what_is_not_open_is_not_found),
        TEST(threads_share_one_load),
        TEST(the_budget_closes_what_was_not_asked_for_longest),
        TEST(a_model_in_use_outlives_any_budget),
        TEST(a_dropped_model_is_closed_with_its_last_lease),
        TEST(what_was_idle_is_closed),
        TEST(what_is_asked_often_is_made_quick),
        TEST(a_file_that_changed_is_verified_anew_and_refused_once),
        TEST(a_proper_file_of_another_model_is_refused),
        TEST(without_memory_it_says_so_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, train_once, remove_trained);
}
