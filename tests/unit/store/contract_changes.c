/* What changed since one last looked. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "store/changes.h"
#include "store/registry.h"
#include "unit/store/fixture.h"

static struct changes poll_feed(struct change_feed *feed)
{
    struct error err;
    struct changes changes;
    assert_ok(change_feed_poll(feed, &changes, &err));
    return changes;
}

/* Nothing is told, and the poll before said so too. */
static void assert_quiet(struct change_feed *feed)
{
    struct changes changes = poll_feed(feed);
    assert_int_equal(changes.job_count + changes.gone_count + changes.point_groups, 0);
    assert_int_equal(changes.move_count, 0);
    assert_false(changes.is_more);
    changes_release(&changes);
}

static void a_tick_changes_with_a_commit_of_anyone_and_not_else(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    int64_t first = 0, second = 0;
    struct store *other = fixture_open(f, 3);
    assert_ok(store_tick(f->store, &first, &err));
    struct job *job = NULL;
    add_job(f, f->user_id);
    assert_ok(store_tick(f->store, &second, &err));
    assert_int_not_equal(first, second);
    const struct fence fence = claim(f);
    for (int i = 0; i < 3; i++) {
        assert_ok(store_tick(f->store, &first, &err));
        job_free(read_job(f, fence.job_id));
        assert_ok(job_claim(other, JOB_TRAIN, "w", LEASE_MS, &job, &err)); /* nothing to claim */
        assert_null(job);
        if (!fixture_is_postgres()) { /* there a failed try may count as one */
            assert_ok(store_tick(f->store, &second, &err));
            assert_int_equal(first, second);
        }
        assert_ok(job_progress(other, fence, 0.1 * i, i + 1, NULL, &err));
        assert_ok(store_tick(f->store, &second, &err));
        assert_int_not_equal(first, second);
    }
    store_close(other);
}

static void a_feed_tells_the_life_of_a_job(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct change_feed *feed = NULL;
    const int64_t before = add_job(f, f->user_id);
    assert_ok(change_feed_open(f->store, &feed, &err));
    assert_quiet(feed);
    const int64_t id = add_job(f, f->user_id);
    struct changes changes = poll_feed(feed);
    assert_int_equal(changes.job_count, 1);
    assert_int_equal(changes.jobs[0]->job_id, id);
    assert_int_equal(changes.jobs[0]->user_id, f->user_id);
    assert_int_equal(changes.jobs[0]->queue_position, 2);
    changes_release(&changes);
    assert_quiet(feed);

    const struct fence fence = claim(f);
    assert_int_equal(fence.job_id, before);
    assert_ok(job_advance(f->store, fence, PHASE_TRAIN, NULL, &err));
    changes = poll_feed(feed);
    assert_int_equal(changes.job_count, 1); /* once, however often it changed */
    assert_int_equal(changes.jobs[0]->status, JOB_TRAINING);
    changes_release(&changes);
    assert_quiet(feed);

    assert_ok(job_progress(f->store, fence, 0.25, 3, "iteration 3", &err));
    changes = poll_feed(feed);
    assert_int_equal(changes.job_count, 1);
    assert_int_equal(changes.jobs[0]->iteration, 3);
    changes_release(&changes);
    assert_ok(job_renew(f->store, fence, LEASE_MS, &(bool){false}, &err));
    assert_quiet(feed); /* a lease is nobody's business */

    finish(f, fence, 0.5);
    changes = poll_feed(feed);
    assert_int_equal(changes.job_count, 1);
    assert_int_equal(changes.jobs[0]->status, JOB_COMPLETED);
    assert_null(changes.jobs[0]->result_json);
    assert_non_null(changes.jobs[0]->metrics_json);
    changes_release(&changes);
    assert_ok(job_remove(f->store, f->user_id, JOB_TRAIN, before, &err));
    changes = poll_feed(feed);
    assert_int_equal(changes.job_count, 0);
    assert_int_equal(changes.gone_count, 1);
    assert_int_equal(changes.gone[0].job_id, before);
    assert_int_equal(changes.gone[0].user_id, f->user_id);
    changes_release(&changes);
    assert_quiet(feed);
    change_feed_close(feed);
}

static void points_are_told_once_with_their_curve(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct change_feed *feed = NULL;
    add_job(f, f->user_id);
    const struct fence fence = claim(f);
    assert_ok(job_add_point(f->store, fence, "loss", 1, 0.9, &err));
    assert_ok(change_feed_open(f->store, &feed, &err));
    assert_quiet(feed); /* what was before it was opened is not told */
    assert_ok(job_add_point(f->store, fence, "loss", 2, 0.8, &err));
    assert_ok(job_add_point(f->store, fence, "seconds", 1, 0.1, &err));
    struct changes changes = poll_feed(feed);
    assert_int_equal(changes.point_groups, 1);
    assert_int_equal(changes.points[0].job_id, fence.job_id);
    assert_int_equal(changes.points[0].user_id, f->user_id);
    assert_int_equal(changes.points[0].count, 2);
    assert_string_equal(changes.points[0].points[0]->name, "loss");
    assert_int_equal(changes.points[0].points[0]->step, 2);
    assert_string_equal(changes.points[0].points[1]->name, "seconds");
    assert_int_equal(changes.points[0].points[1]->attempt, 1);
    changes_release(&changes);
    assert_quiet(feed);

    /* The last ones come just before the end: they are not lost. */
    assert_ok(job_add_point(f->store, fence, "recall_at_k", 1, 0.2, &err));
    finish(f, fence, 0.5);
    changes = poll_feed(feed);
    assert_int_equal(changes.point_groups, 1);
    assert_int_equal(changes.points[0].count, 1);
    assert_int_equal(changes.job_count, 1);
    changes_release(&changes);
    assert_quiet(feed);
    change_feed_close(feed);
}

static void a_job_that_begins_and_ends_between_two_looks_is_told_whole(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct change_feed *feed = NULL;
    assert_ok(change_feed_open(f->store, &feed, &err));
    add_job(f, f->user_id);
    struct fence fence = claim(f);
    assert_ok(job_add_point(f->store, fence, "loss", 1, 0.9, &err));
    assert_ok(job_died(f->store, fence, "killed", &err));
    fence = claim(f);
    for (int step = 1; step <= 3; step++)
        assert_ok(job_add_point(f->store, fence, "loss", step, 0.9, &err));
    finish(f, fence, 0.5);
    struct changes changes = poll_feed(feed);
    assert_int_equal(changes.job_count, 1);
    assert_int_equal(changes.point_groups, 1);
    assert_int_equal(changes.points[0].count, 3); /* of its last attempt */
    assert_int_equal(changes.points[0].points[0]->attempt, 2);
    changes_release(&changes);
    change_feed_close(feed);
}

static void move_champion(const struct fixture *f, int64_t model_id)
{
    struct error err;
    struct alias_move *move = NULL;
    const struct alias_move_new wanted = {.user_id = f->user_id,
                                          .name = "homepage",
                                          .alias = "champion",
                                          .to_model_id = model_id,
                                          .from_model_id = ALIAS_FROM_ANY,
                                          .by = "ann@example.com",
                                          .reason = "why not"};
    assert_ok(registry_move(f->store, &wanted, &move, &err));
    mem_free(move);
}

static void a_feed_tells_each_move_of_an_alias_once(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct change_feed *feed = NULL;
    const int64_t first = add_version(f, "homepage"), second = add_version(f, "homepage");
    move_champion(f, first);
    assert_ok(change_feed_open(f->store, &feed, &err));
    assert_quiet(feed); /* what was before it was opened is not told */
    move_champion(f, second);
    move_champion(f, second); /* where it is already: no move */
    move_champion(f, 0);
    struct changes changes = poll_feed(feed);
    assert_int_equal(changes.move_count, 2);
    assert_string_equal(changes.moves[0]->name, "homepage");
    assert_string_equal(changes.moves[0]->alias, "champion");
    assert_string_equal(changes.moves[0]->reason, "why not");
    assert_int_equal(changes.moves[0]->user_id, f->user_id);
    assert_int_equal(changes.moves[0]->from_model_id, first);
    assert_int_equal(changes.moves[0]->to_model_id, second);
    assert_string_equal(changes.moves[1]->kind, "remove");
    assert_int_equal(changes.job_count + changes.gone_count, 0);
    changes_release(&changes);
    assert_quiet(feed);
    change_feed_close(feed);
}

static void much_at_once_comes_in_several_answers(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct change_feed *feed = NULL;
    enum { MANY = 450, POINTS = 2300 };
    char sql[512];
    assert_ok(change_feed_open(f->store, &feed, &err));
    add_job(f, f->user_id);
    const struct fence fence = claim(f);
    snprintf(sql, sizeof(sql),
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
             "INSERT INTO job_points (job_id, attempt, name, step, value, at_ms) "
             "SELECT %lld, 1, 'loss', i, 0.5, 1 FROM n",
             POINTS, (long long)fence.job_id);
    fixture_sql(f, sql);
    for (int i = 0; i < MANY; i++)
        add_job(f, f->user_id);
    int jobs = 0, points = 0, answers = 0;
    bool is_more = true;
    for (; is_more && answers < 20; answers++) {
        struct changes changes = poll_feed(feed);
        for (int32_t i = 0; i < changes.job_count; i++)
            jobs += changes.jobs[i]->job_id != fence.job_id;
        for (int32_t i = 0; i < changes.point_groups; i++)
            points += changes.points[i].count;
        is_more = changes.is_more;
        changes_release(&changes);
    }
    assert_int_equal(jobs, MANY);
    assert_int_equal(points, POINTS);
    assert_true(answers >= 3);
    assert_quiet(feed);
    change_feed_close(feed);
}

static void a_feed_without_memory_says_so_and_goes_on(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct change_feed *feed = NULL;
    struct changes changes;
    const int64_t held = mem_held_bytes();
    assert_ok(change_feed_open(f->store, &feed, &err));
    add_job(f, f->user_id);
    const struct fence fence = claim(f);
    assert_ok(job_add_point(f->store, fence, "loss", 1, 0.9, &err));
    int failures = 0;
    for (int64_t n = 1; n < 1000; n++) {
        mem_fail_after(n);
        const enum err rc = change_feed_poll(feed, &changes, &err);
        mem_fail_after(0);
        if (rc == ERR_OK)
            break;
        assert_int_equal(rc, ERR_NOMEM);
        failures++;
    }
    assert_true(failures > 3);
    assert_int_equal(changes.job_count, 1);
    assert_int_equal(changes.point_groups, 1);
    changes_release(&changes);
    change_feed_close(feed);
    store_close(f->store); /* whose caches are counted too */
    assert_true(mem_held_bytes() <= held);
    ((struct fixture *)*state)->store = fixture_open(f, 3);
}

static void jobs_that_workers_have_are_listed_with_their_owners(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct active_job_list list = {0};
    assert_ok(active_job_list(f->store, &list, &err));
    assert_int_equal(list.count, 0);
    active_job_list_release(&list);
    add_job(f, f->user_id);
    add_job(f, f->user_id);
    add_job(f, f->user_id);
    finish(f, claim(f), 0.5);
    const struct fence fence = claim(f);
    assert_ok(active_job_list(f->store, &list, &err));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.jobs[0]->job_id, fence.job_id);
    assert_int_equal(list.jobs[0]->epoch, fence.epoch);
    assert_int_equal(list.jobs[0]->user_id, f->user_id);
    assert_string_equal(list.jobs[0]->owner, "worker-1");
    assert_true(list.jobs[0]->lease_until_ms > 1700000000000);
    active_job_list_release(&list);
}

static const struct CMUnitTest cases[] = {
    CASE(a_tick_changes_with_a_commit_of_anyone_and_not_else),
    CASE(a_feed_tells_the_life_of_a_job),
    CASE(points_are_told_once_with_their_curve),
    CASE(a_job_that_begins_and_ends_between_two_looks_is_told_whole),
    CASE(a_feed_tells_each_move_of_an_alias_once),
    CASE(much_at_once_comes_in_several_answers),
    CASE(a_feed_without_memory_says_so_and_goes_on),
    CASE(jobs_that_workers_have_are_listed_with_their_owners),
};
const struct case_list change_cases = CASE_LIST(cases);
