/* What a worker does to a job while it has it. */
#include <math.h>
#include <string.h>

#include "unit/store/fixture.h"

static void a_claim_takes_the_job_and_gives_its_fence(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job *job = NULL;
    const int64_t id = add_job(f, f->user_id);
    assert_ok(job_claim(f->store, JOB_TRAIN, "w-7", LEASE_MS, &job, &err));
    assert_int_equal(job->job_id, id);
    assert_int_equal(job->status, JOB_LOADING_DATA);
    assert_string_equal(job->phase, "load");
    assert_int_equal(job->epoch, 1);
    assert_int_equal(job->attempt, 1);
    assert_string_equal(job->owner, "w-7");
    assert_string_equal(job->params_json, "{\"iterations\":10,\"factors\":60}");
    assert_int_equal(job->lease_until_ms - job->started_ms, LEASE_MS);
    job_free(job);
}

static void an_empty_queue_gives_no_job(void **state)
{
    const struct fixture *f = *state;
    assert_int_equal(claim(f).job_id, 0);
    add_job(f, f->user_id);
    assert_int_not_equal(claim(f).job_id, 0);
    assert_int_equal(claim(f).job_id, 0);
}

static void a_worker_needs_a_name(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job *job = NULL;
    add_job(f, f->user_id);
    assert_error(job_claim(f->store, JOB_TRAIN, "", LEASE_MS, &job, &err), ERR_INVALID);
    assert_null(job);
}

static void a_users_jobs_go_oldest_first(void **state)
{
    const struct fixture *f = *state;
    int64_t ids[4];
    for (int i = 0; i < 4; i++)
        ids[i] = add_job(f, f->user_id);
    for (int i = 0; i < 4; i++)
        assert_int_equal(claim(f).job_id, ids[i]);
}

static void users_take_turns(void **state)
{
    const struct fixture *f = *state;
    const int64_t bob = add_user(f, "bob@example.com"), cat = add_user(f, "cat@example.com");
    int64_t anns[4], bobs[2], cats[1];
    for (int i = 0; i < 4; i++)
        anns[i] = add_job(f, f->user_id);
    for (int i = 0; i < 2; i++)
        bobs[i] = add_job(f, bob);
    cats[0] = add_job(f, cat);
    const int64_t order[] = {anns[0], bobs[0], cats[0], anns[1], bobs[1], anns[2], anns[3]};
    for (int i = 0; i < 7; i++)
        assert_int_equal(claim(f).job_id, order[i]);
}

static void who_used_an_idle_machine_owes_nothing_later(void **state)
{
    const struct fixture *f = *state;
    const int64_t bob = add_user(f, "bob@example.com");
    for (int i = 0; i < 5; i++) {
        add_job(f, bob);
        assert_int_not_equal(claim(f).job_id, 0);
    }
    const int64_t ann_1 = add_job(f, f->user_id), ann_2 = add_job(f, f->user_id);
    const int64_t bob_1 = add_job(f, bob);
    assert_int_equal(claim(f).job_id, ann_1);
    const int64_t second = claim(f).job_id;
    assert_true(second == bob_1 || second == ann_2);
    assert_int_equal(claim(f).job_id, second == bob_1 ? ann_2 : bob_1);
}

static void who_comes_late_does_not_wait_for_a_long_queue(void **state)
{
    const struct fixture *f = *state;
    const int64_t bob = add_user(f, "bob@example.com");
    for (int i = 0; i < 20; i++)
        add_job(f, f->user_id);
    for (int i = 0; i < 10; i++)
        assert_int_not_equal(claim(f).job_id, 0);
    const int64_t bobs = add_job(f, bob);
    int waited = 1;
    while (claim(f).job_id != bobs)
        waited++;
    assert_true(waited <= 2);
}

static void renewing_puts_the_end_of_the_lease_off(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct reaped reaped;
    bool cancel = true;
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim_for(f, 40);
    assert_ok(job_renew(f->store, fence, LEASE_MS, &cancel, &err));
    assert_false(cancel);
    pause_ms(50);
    assert_ok(jobs_reap(f->store, &reaped, &err));
    assert_int_equal(reaped.returned, 0);
    assert_int_equal(status_of_job(f, id), JOB_LOADING_DATA);
}

static void a_lease_of_a_clock_that_was_set_back_is_not_waited_for(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct reaped reaped;
    const int64_t id = add_job(f, f->user_id);
    claim_for(f, 40);
    fixture_sql(f, "UPDATE jobs SET lease_until_ms = lease_until_ms + 3600000");
    assert_ok(jobs_reap(f->store, &reaped, &err));
    assert_int_equal(reaped.returned, 0); /* it has its whole lease from now */
    assert_int_equal(status_of_job(f, id), JOB_LOADING_DATA);
    pause_ms(50);
    assert_ok(jobs_reap(f->store, &reaped, &err));
    assert_int_equal(reaped.returned, 1);
    assert_int_equal(status_of_job(f, id), JOB_PENDING);
}

static void who_has_a_job_hears_that_it_is_to_stop(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    bool asked = true, ended;
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim(f);
    assert_ok(job_asked_to_stop(f->store, fence, &asked, &err));
    assert_false(asked);
    assert_ok(job_cancel(f->store, f->user_id, JOB_TRAIN, id, &ended, &err));
    assert_ok(job_asked_to_stop(f->store, fence, &asked, &err));
    assert_true(asked);
}

static void a_job_that_was_removed_is_remembered(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    bool removed = true, ended;
    const int64_t id = add_job(f, f->user_id);
    assert_ok(job_was_removed(f->store, id, &removed, &err));
    assert_false(removed);
    assert_ok(job_cancel(f->store, f->user_id, JOB_TRAIN, id, &ended, &err));
    assert_ok(job_remove(f->store, f->user_id, JOB_TRAIN, id, &err));
    assert_ok(job_was_removed(f->store, id, &removed, &err));
    assert_true(removed);
    assert_ok(job_was_removed(f->store, id + 1, &removed, &err));
    assert_false(removed);
}

static void phases_move_the_status_forward(void **state)
{
    static const struct {
        enum progress_phase phase;
        enum job_status status;
    } steps[] = {{PHASE_LOAD, JOB_LOADING_DATA},
                 {PHASE_SPLIT, JOB_PREPROCESSING},
                 {PHASE_TRAIN, JOB_TRAINING},
                 {PHASE_EVALUATE, JOB_TRAINING},
                 {PHASE_SAVE, JOB_TRAINING}};
    const struct fixture *f = *state;
    struct error err;
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim(f);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        assert_ok(job_advance(f->store, fence, steps[i].phase, "going on", &err));
        struct job *job = read_job(f, id);
        assert_int_equal(job->status, steps[i].status);
        assert_string_equal(job->phase, job_phase_name(steps[i].phase));
        assert_string_equal(job->message, "going on");
        job_free(job);
    }
}

static void a_status_never_goes_back(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim(f);
    assert_ok(job_advance(f->store, fence, PHASE_TRAIN, NULL, &err));
    assert_error(job_advance(f->store, fence, PHASE_SPLIT, NULL, &err), ERR_INVALID);
    assert_string_equal(err.reason, "status_backward");
    assert_error(job_advance(f->store, fence, PHASE_LOAD, NULL, &err), ERR_INVALID);
    assert_int_equal(status_of_job(f, id), JOB_TRAINING);
}

static void progress_and_iteration_never_fall(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim(f);
    assert_ok(job_progress(f->store, fence, 0.5, 5, "half", &err));
    assert_ok(job_progress(f->store, fence, 0.4, 4, NULL, &err));
    struct job *job = read_job(f, id);
    assert_true(job->progress == 0.5);
    assert_int_equal(job->iteration, 5);
    assert_string_equal(job->message, "half");
    job_free(job);
}

static void progress_stays_between_0_and_1(void **state)
{
    static const struct {
        double given, stored;
    } steps[] = {{NAN, 0}, {-3, 0}, {0.25, 0.25}, {INFINITY, 0.25}, {7, 1}};
    const struct fixture *f = *state;
    struct error err;
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim(f);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        assert_ok(job_progress(f->store, fence, steps[i].given, 0, NULL, &err));
        struct job *job = read_job(f, id);
        assert_true(job->progress == steps[i].stored);
        job_free(job);
    }
}

static void points_make_curves_by_name_and_step(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_point_list list;
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim(f);
    assert_ok(job_add_point(f->store, fence, "recall", 2, 0.25, &err));
    assert_ok(job_add_point(f->store, fence, "loss", 2, 1.0 / 3, &err));
    assert_ok(job_add_point(f->store, fence, "loss", 1, 7, &err));
    assert_ok(job_add_point(f->store, fence, "loss", 3, NAN, &err));
    assert_ok(job_points(f->store, f->user_id, JOB_TRAIN, id, &list, &err));
    assert_int_equal(list.count, 3);
    assert_string_equal(list.points[0]->name, "loss");
    assert_int_equal(list.points[0]->step, 1);
    assert_true(list.points[0]->value == 7);
    assert_true(list.points[1]->value == 1.0 / 3);
    assert_string_equal(list.points[2]->name, "recall");
    assert_int_equal(list.points[2]->attempt, 1);
    job_point_list_release(&list);
}

static void a_point_that_is_there_is_replaced(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_point_list list;
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim(f);
    assert_ok(job_add_point(f->store, fence, "loss", 1, 7, &err));
    assert_ok(job_add_point(f->store, fence, "loss", 1, 8, &err));
    assert_ok(job_points(f->store, 0, JOB_ANY_TASK, id, &list, &err));
    assert_int_equal(list.count, 1);
    assert_true(list.points[0]->value == 8);
    job_point_list_release(&list);
}

static void curves_are_those_of_the_last_attempt(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_point_list list;
    const int64_t id = add_job(f, f->user_id);
    const struct fence first = claim(f);
    assert_ok(job_add_point(f->store, first, "loss", 1, 7, &err));
    assert_ok(job_add_point(f->store, first, "loss", 2, 6, &err));
    assert_ok(job_died(f->store, first, "killed by signal 9", &err));
    const struct fence second = claim(f);
    assert_ok(job_add_point(f->store, second, "loss", 1, 5, &err));
    assert_ok(job_points(f->store, 0, JOB_ANY_TASK, id, &list, &err));
    assert_int_equal(list.count, 1);
    assert_true(list.points[0]->value == 5);
    assert_int_equal(list.points[0]->attempt, 2);
    job_point_list_release(&list);
}

/* Every write of a worker, with a fence that does not hold: each must be refused as fenced. */
static void assert_all_fenced(const struct fixture *f, struct fence fence)
{
    struct error err;
    bool cancel = false;
    json_t *metrics = json_object();
    const struct job_outcome outcome = {.metrics = metrics, .result_json = "{}"};
    const struct {
        const char *name;
        enum err rc;
    } writes[] = {
        {"renew", job_renew(f->store, fence, LEASE_MS, &cancel, &err)},
        {"asked", job_asked_to_stop(f->store, fence, &cancel, &err)},
        {"advance", job_advance(f->store, fence, PHASE_TRAIN, NULL, &err)},
        {"progress", job_progress(f->store, fence, 0.9, 9, "zombie", &err)},
        {"point", job_add_point(f->store, fence, "loss", 99, 1, &err)},
        {"note", job_note(f->store, fence, "zombie", &err)},
        {"finish", job_finish(f->store, fence, &outcome, &err)},
        {"fail", job_fail(f->store, fence, "internal", "zombie", &err)},
        {"release", job_release(f->store, fence, &err)},
        {"died", job_died(f->store, fence, "zombie", &err)},
    };
    for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
        if (writes[i].rc != ERR_CONFLICT)
            fail_msg("%s: %s", writes[i].name, error_code_name(writes[i].rc));
    assert_string_equal(err.reason, "fenced");
    json_decref(metrics);
}

static void a_worker_whose_job_was_claimed_anew_changes_nothing(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t id = add_job(f, f->user_id);
    const struct fence zombie = claim(f);
    assert_ok(job_died(f->store, zombie, "silence", &err));
    const struct fence owner = claim(f);
    assert_int_equal(owner.epoch, zombie.epoch + 1);
    struct job *before = read_job(f, id);
    assert_all_fenced(f, zombie);
    struct job *after = read_job(f, id);
    assert_int_equal(before->updated_ms, after->updated_ms);
    assert_int_equal(before->lease_until_ms, after->lease_until_ms);
    assert_int_equal(after->status, JOB_LOADING_DATA);
    assert_true(after->progress == 0);
    job_free(before);
    job_free(after);
    finish(f, owner, 0.5);
}

static void a_worker_whose_job_was_given_back_changes_nothing(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim(f);
    assert_ok(job_release(f->store, fence, &err));
    assert_all_fenced(f, fence);
    assert_int_equal(status_of_job(f, id), JOB_PENDING);
}

static void a_job_that_has_ended_never_changes(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t done = add_job(f, f->user_id), wrong = add_job(f, f->user_id);
    const struct fence first = claim(f), second = claim(f);
    finish(f, first, 0.5);
    assert_ok(job_fail(f->store, second, "column_missing", "no column node", &err));
    assert_all_fenced(f, first);
    assert_all_fenced(f, second);
    assert_int_equal(status_of_job(f, done), JOB_COMPLETED);
    assert_int_equal(status_of_job(f, wrong), JOB_FAILED);
}

static void the_fence_of_a_job_that_is_not_there_holds_nothing(void **state)
{
    const struct fixture *f = *state;
    assert_all_fenced(f, (struct fence){987654, 1});
    add_job(f, f->user_id);
    const struct fence fence = claim(f);
    assert_all_fenced(f, (struct fence){fence.job_id, fence.epoch + 1});
}

static const struct CMUnitTest cases[] = {
    CASE(a_claim_takes_the_job_and_gives_its_fence),
    CASE(an_empty_queue_gives_no_job),
    CASE(a_worker_needs_a_name),
    CASE(a_users_jobs_go_oldest_first),
    CASE(users_take_turns),
    CASE(who_used_an_idle_machine_owes_nothing_later),
    CASE(who_comes_late_does_not_wait_for_a_long_queue),
    CASE(renewing_puts_the_end_of_the_lease_off),
    CASE(a_lease_of_a_clock_that_was_set_back_is_not_waited_for),
    CASE(who_has_a_job_hears_that_it_is_to_stop),
    CASE(a_job_that_was_removed_is_remembered),
    CASE(phases_move_the_status_forward),
    CASE(a_status_never_goes_back),
    CASE(progress_and_iteration_never_fall),
    CASE(progress_stays_between_0_and_1),
    CASE(points_make_curves_by_name_and_step),
    CASE(a_point_that_is_there_is_replaced),
    CASE(curves_are_those_of_the_last_attempt),
    CASE(a_worker_whose_job_was_claimed_anew_changes_nothing),
    CASE(a_worker_whose_job_was_given_back_changes_nothing),
    CASE(a_job_that_has_ended_never_changes),
    CASE(the_fence_of_a_job_that_is_not_there_holds_nothing),
};
const struct case_list work_cases = CASE_LIST(cases);
