/* What a child tells, on its way into the store. */
#include "worker/recorder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "unit/store/fixture.h"

static struct child_line line_of(enum child_event event, enum progress_phase phase)
{
    return (struct child_line){
        .event = event, .phase = phase, .loss = NAN, .seconds = NAN, .recall = NAN};
}

static void take_phase(struct recorder *recorder, enum progress_phase phase)
{
    const struct child_line line = line_of(CHILD_PHASE, phase);
    recorder_take(recorder, &line);
}

static void take_iteration(struct recorder *recorder, int32_t number)
{
    struct child_line line = line_of(CHILD_ITERATION, PHASE_TRAIN);
    line.iteration = number;
    line.total = 10;
    line.loss = 1.0 / number;
    line.recall = 0.1 * number;
    recorder_take(recorder, &line);
}

static void the_share_of_a_run_rises_through_its_phases(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        double last = -1;
        for (int phase = PHASE_LOAD; phase <= PHASE_SAVE; phase++)
            for (int done = 0; done <= 4; done++) {
                const double share =
                    recorder_share((enum recorder_course)kind, (enum progress_phase)phase, done, 4);
                assert_true(share >= last && share >= 0 && share <= 1);
                last = share;
            }
        assert_true(last == 1);
    }
    assert_true(recorder_share(COURSE_ITERATIONS, PHASE_LOAD, 1, 0) ==
                0); /* how much there is is not known */
    assert_true(recorder_share(COURSE_ITERATIONS, PHASE_LOAD, 9, 3) ==
                recorder_share(COURSE_ITERATIONS, PHASE_LOAD, 3, 3));
}

static void curves_warnings_and_progress_reach_the_store(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct recorder recorder;
    struct job_point_list points;
    struct job_event_list events;
    struct child_line warning = line_of(CHILD_WARNING, PHASE_LOAD);
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim(f);
    warning.message = "k is large";
    assert_ok(recorder_init(&recorder, f->store, fence, COURSE_ITERATIONS, &err));
    assert_true(recorder_due_in(&recorder) < 0);
    take_phase(&recorder, PHASE_TRAIN);
    recorder_take(&recorder, &warning);
    for (int32_t i = 1; i <= 3; i++)
        take_iteration(&recorder, i);
    assert_true(recorder_due_in(&recorder) == 0);
    assert_ok(recorder_flush(&recorder, false, &err));
    assert_true(recorder_due_in(&recorder) < 0);

    struct job *job = read_job(f, id);
    assert_int_equal(job->status, JOB_TRAINING);
    assert_int_equal(job->iteration, 3);
    assert_true(job->progress > 0.25 && job->progress < 0.9);
    assert_string_equal(job->message, "Iteration 3 of 10, loss 0.33333");
    job_free(job);
    assert_ok(job_points(f->store, f->user_id, JOB_TRAIN, id, &points, &err));
    assert_int_equal(points.count, 6); /* no seconds: they were not numbers */
    job_point_list_release(&points);
    assert_ok(job_events(f->store, f->user_id, id, 0, 100, &events, &err));
    assert_string_equal(events.events[events.count - 1]->message, "k is large");
    job_event_list_release(&events);
    recorder_release(&recorder);
}

static void what_can_wait_is_written_a_few_times_a_second(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct recorder recorder;
    add_job(f, f->user_id);
    const struct fence fence = claim(f);
    assert_ok(recorder_init(&recorder, f->store, fence, COURSE_ITERATIONS, &err));
    take_phase(&recorder, PHASE_TRAIN);
    assert_ok(recorder_flush(&recorder, false, &err));
    take_iteration(&recorder, 1);
    const double due = recorder_due_in(&recorder);
    assert_true(due > 0 && due <= RECORDER_INTERVAL_MS / 1000.0);
    assert_ok(recorder_flush(&recorder, false, &err)); /* not yet */
    assert_true(recorder_due_in(&recorder) > 0);
    assert_ok(recorder_flush(&recorder, true, &err));
    assert_true(recorder_due_in(&recorder) < 0);
    recorder_release(&recorder);
}

static void phases_that_come_at_once_all_stand_in_the_timeline(void **state)
{
    static const char *const phases[] = {"load", "split", "train", "evaluate", "save"};
    const struct fixture *f = *state;
    struct error err;
    struct recorder recorder;
    struct job_event_list events;
    const int64_t id = add_job(f, f->user_id);
    assert_ok(recorder_init(&recorder, f->store, claim(f), COURSE_ITERATIONS, &err));
    for (int phase = PHASE_LOAD; phase <= PHASE_SAVE; phase++)
        take_phase(&recorder, (enum progress_phase)phase);
    assert_ok(recorder_flush(&recorder, false, &err));
    assert_ok(job_events(f->store, f->user_id, id, 0, 100, &events, &err));
    assert_true(events.count > 5);
    for (int i = 0; i < 5; i++)
        assert_string_equal(events.events[events.count - 5 + i]->message, phases[i]);
    job_event_list_release(&events);
    recorder_release(&recorder);
}

static void a_fence_is_told(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct recorder recorder;
    add_job(f, f->user_id);
    const struct fence fence = claim(f);
    assert_ok(recorder_init(&recorder, f->store, fence, COURSE_ITERATIONS, &err));
    assert_ok(job_release(f->store, fence, &err));
    take_phase(&recorder, PHASE_SPLIT);
    assert_error(recorder_flush(&recorder, false, &err), ERR_CONFLICT);
    recorder_release(&recorder);
}

static void more_points_than_a_run_has_are_dropped(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct recorder recorder;
    add_job(f, f->user_id);
    assert_ok(recorder_init(&recorder, f->store, claim(f), COURSE_ITERATIONS, &err));
    for (int32_t i = 1; i <= 2 * RECORDER_POINTS_MAX; i++)
        take_iteration(&recorder, i);
    assert_int_equal(recorder.point_count, RECORDER_POINTS_MAX);
    recorder_release(&recorder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_share_of_a_run_rises_through_its_phases),
        CASE(curves_warnings_and_progress_reach_the_store),
        CASE(what_can_wait_is_written_a_few_times_a_second),
        CASE(phases_that_come_at_once_all_stand_in_the_timeline),
        CASE(a_fence_is_told),
        CASE(more_points_than_a_run_has_are_dropped),
    };
    json_init();
    fixture_use_sqlite();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_finish();
    return failed;
}
