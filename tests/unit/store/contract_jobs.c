/* Jobs as the server handles them: created, read, cancelled, removed; events. */
#include <string.h>

#include "unit/store/fixture.h"

static void a_new_job_is_pending_with_all_that_was_asked(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_new new = plain_job(f->user_id);
    struct job *job = NULL;
    int64_t id = 0;
    bool is_new = false;
    new.name = "f\xC3\xBCr Anna";
    new.source_id = 7;
    assert_ok(job_create(f->store, &new, &id, &is_new, &err));
    assert_true(is_new);
    assert_ok(job_read(f->store, f->user_id, JOB_TRAIN, id, &job, &err));
    assert_int_equal(job->user_id, f->user_id);
    assert_int_equal(job->status, JOB_PENDING);
    assert_string_equal(job->name, "f\xC3\xBCr Anna");
    assert_string_equal(job->model_type, "als");
    assert_string_equal(job->data_path, "/data");
    assert_string_equal(job->params_json, "{\"iterations\":10,\"factors\":60}");
    assert_string_equal(job->run_json, "{\"k\":40}");
    assert_int_equal(job->source_id, 7);
    assert_int_equal(job->epoch, 0);
    assert_int_equal(job->attempt, 0);
    assert_int_equal(job->queue_position, 1);
    assert_true(job->progress == 0);
    assert_null(job->phase);
    assert_null(job->metrics_json);
    assert_null(job->model_path);
    assert_null(job->error_code);
    assert_null(job->result_json);
    assert_true(job->created_ms > 0 && job->created_ms == job->updated_ms);
    assert_int_equal(job->started_ms, 0);
    assert_int_equal(job->ended_ms, 0);
    job_free(job);
}

static void a_job_without_a_name_has_none(void **state)
{
    const struct fixture *f = *state;
    struct job *job = read_job(f, add_job(f, f->user_id));
    assert_null(job->name);
    job_free(job);
}

static void the_job_of_another_is_not_found(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job *job = NULL;
    struct job_point_list points;
    struct job_event_list events;
    bool ended;
    const int64_t bob = add_user(f, "bob@example.com"), id = add_job(f, f->user_id);
    assert_error(job_read(f->store, bob, JOB_TRAIN, id, &job, &err), ERR_NOT_FOUND);
    assert_error(job_cancel(f->store, bob, JOB_TRAIN, id, &ended, &err), ERR_NOT_FOUND);
    assert_error(job_remove(f->store, bob, JOB_TRAIN, id, &err), ERR_NOT_FOUND);
    assert_error(job_points(f->store, bob, JOB_TRAIN, id, &points, &err), ERR_NOT_FOUND);
    assert_ok(job_events(f->store, bob, id, 0, 10, &events, &err));
    assert_int_equal(events.count, 0);
    job_event_list_release(&events);
    assert_int_equal(status_of_job(f, id), JOB_PENDING);
}

static void a_job_of_nobody_is_refused(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    int64_t id = -1;
    bool is_new = false;
    const struct job_new new = plain_job(987654);
    assert_error(job_create(f->store, &new, &id, &is_new, &err), ERR_NOT_FOUND);
    assert_int_equal(id, -1);
}

static void a_job_with_texts_out_of_their_limits_is_refused(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    int64_t id = -1;
    bool is_new = false;
    char text[JOB_NAME_MAX + 2];
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    struct job_new new = plain_job(f->user_id);
    new.name = text;
    assert_error(job_create(f->store, &new, &id, &is_new, &err), ERR_INVALID);
    new = plain_job(f->user_id);
    new.data_path = "";
    assert_error(job_create(f->store, &new, &id, &is_new, &err), ERR_INVALID);
    new = plain_job(f->user_id);
    new.params_json = NULL;
    assert_error(job_create(f->store, &new, &id, &is_new, &err), ERR_INVALID);
    new = plain_job(f->user_id);
    new.key = "";
    new.body_hash = "h";
    assert_error(job_create(f->store, &new, &id, &is_new, &err), ERR_INVALID);
}

static void the_same_key_makes_one_job(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_new new = plain_job(f->user_id);
    int64_t first = 0, second = 0;
    bool is_new = false;
    new.key = "k-1";
    new.body_hash = "b1";
    assert_ok(job_create(f->store, &new, &first, &is_new, &err));
    assert_true(is_new);
    assert_ok(job_create(f->store, &new, &second, &is_new, &err));
    assert_false(is_new);
    assert_int_equal(first, second);
}

static void a_key_with_another_body_is_refused(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_new new = plain_job(f->user_id);
    int64_t id = 0;
    bool is_new = false;
    new.key = "k-1";
    new.body_hash = "b1";
    assert_ok(job_create(f->store, &new, &id, &is_new, &err));
    new.body_hash = "b2";
    assert_error(job_create(f->store, &new, &id, &is_new, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "key_reused");
}

static void a_key_is_its_users_and_holds_for_a_day(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_new new = plain_job(f->user_id);
    int64_t first = 0, second = 0, third = 0;
    bool is_new = false;
    new.key = "k-1";
    new.body_hash = "b1";
    assert_ok(job_create(f->store, &new, &first, &is_new, &err));
    new.user_id = add_user(f, "bob@example.com");
    assert_ok(job_create(f->store, &new, &second, &is_new, &err));
    assert_true(is_new && second != first);
    fixture_sql(f, "UPDATE idempotency_keys SET created_ms = created_ms - 86400001");
    assert_ok(job_create(f->store, &new, &third, &is_new, &err));
    assert_true(is_new && third != second);
}

static void a_key_is_found_before_a_job_is_made_with_it(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_new new = plain_job(f->user_id);
    int64_t id = 0, found = -1;
    bool is_new = false;
    assert_ok(job_find_key(f->store, f->user_id, "k-1", "b1", &found, &err));
    assert_int_equal(found, 0);
    new.key = "k-1";
    new.body_hash = "b1";
    assert_ok(job_create(f->store, &new, &id, &is_new, &err));
    assert_ok(job_find_key(f->store, f->user_id, "k-1", "b1", &found, &err));
    assert_int_equal(found, id);
    assert_error(job_find_key(f->store, f->user_id, "k-1", "b2", &found, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "key_reused");
    assert_ok(job_find_key(f->store, add_user(f, "bob@example.com"), "k-1", "b1", &found, &err));
    assert_int_equal(found, 0);
}

static void no_more_jobs_than_allowed_are_open_at_once(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_new new = plain_job(f->user_id);
    int64_t id = 0, first = 0;
    bool is_new = false, ended = false;
    new.open_max = 2;
    assert_ok(job_create(f->store, &new, &first, &is_new, &err));
    claim(f);
    assert_ok(job_create(f->store, &new, &id, &is_new, &err));
    assert_error(job_create(f->store, &new, &id, &is_new, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "too_many_jobs");
    new.user_id = add_user(f, "bob@example.com");
    assert_ok(job_create(f->store, &new, &id, &is_new, &err));
    new.user_id = f->user_id;
    assert_ok(job_cancel(f->store, f->user_id, JOB_TRAIN, id - 1, &ended, &err));
    assert_true(ended);
    assert_ok(job_create(f->store, &new, &id, &is_new, &err));
}

static void a_brief_reading_leaves_the_result_out_alone(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job *job = NULL;
    const int64_t id = add_job(f, f->user_id), next = add_job(f, f->user_id);
    finish(f, claim(f), 0.5);
    assert_ok(job_read_brief(f->store, f->user_id, JOB_TRAIN, id, &job, &err));
    assert_int_equal(job->status, JOB_COMPLETED);
    assert_non_null(job->metrics_json);
    assert_non_null(job->model_path);
    assert_null(job->result_json);
    job_free(job);
    assert_ok(job_read_brief(f->store, f->user_id, JOB_TRAIN, next, &job, &err));
    assert_int_equal(job->queue_position, 1);
    job_free(job);
    const int64_t bob = add_user(f, "bob@example.com");
    assert_error(job_read_brief(f->store, bob, JOB_TRAIN, id, &job, &err), ERR_NOT_FOUND);
    assert_error(job_read_brief(f->store, f->user_id, JOB_TRAIN, next + 1, &job, &err),
                 ERR_NOT_FOUND);
}

static void a_job_gets_another_name(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_event_list events;
    const int64_t id = add_job(f, f->user_id), bob = add_user(f, "bob@example.com");
    struct job *job = read_job(f, id);
    const int64_t as_of = job->updated_ms;
    job_free(job);
    assert_ok(job_rename(f->store, f->user_id, id, "second", as_of, &err));
    assert_error(job_rename(f->store, f->user_id, id, "third", as_of, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "precondition");
    assert_error(job_rename(f->store, bob, id, "mine", 0, &err), ERR_NOT_FOUND);
    job = read_job(f, id);
    assert_string_equal(job->name, "second");
    assert_true(job->updated_ms > as_of);
    job_free(job);
    assert_ok(job_rename(f->store, f->user_id, id, NULL, 0, &err));
    job = read_job(f, id);
    assert_null(job->name);
    job_free(job);
    assert_ok(job_events(f->store, f->user_id, id, 0, 10, &events, &err));
    assert_int_equal(events.count, 3);
    assert_string_equal(events.events[1]->kind, "renamed");
    assert_string_equal(events.events[1]->message, "second");
    job_event_list_release(&events);
}

static void the_position_counts_those_that_go_before(void **state)
{
    const struct fixture *f = *state;
    const int64_t first = add_job(f, f->user_id), second = add_job(f, f->user_id);
    struct job *job = read_job(f, second);
    assert_int_equal(job->queue_position, 2);
    job_free(job);
    const struct fence fence = claim(f);
    assert_int_equal(fence.job_id, first);
    job = read_job(f, second);
    assert_int_equal(job->queue_position, 1);
    job_free(job);
    job = read_job(f, first);
    assert_int_equal(job->queue_position, 0);
    job_free(job);
}

static void a_late_user_stands_behind_one_job_of_each_other(void **state)
{
    const struct fixture *f = *state;
    for (int i = 0; i < 5; i++)
        add_job(f, f->user_id);
    const int64_t bobs = add_job(f, add_user(f, "bob@example.com"));
    struct job *job = read_job(f, bobs);
    assert_int_equal(job->queue_position, 2);
    job_free(job);
}

static void a_pending_job_is_cancelled_at_once(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    bool ended = false;
    const int64_t id = add_job(f, f->user_id);
    assert_ok(job_cancel(f->store, f->user_id, JOB_TRAIN, id, &ended, &err));
    assert_true(ended);
    struct job *job = read_job(f, id);
    assert_int_equal(job->status, JOB_FAILED);
    assert_string_equal(job->error_code, "cancelled");
    assert_true(job_is_cancelled(job));
    assert_true(job->ended_ms > 0);
    job_free(job);
    assert_int_equal(claim(f).job_id, 0);
}

static void a_job_is_cancelled_in_each_status_that_a_worker_has(void **state)
{
    static const enum progress_phase phases[] = {PHASE_LOAD, PHASE_SPLIT, PHASE_TRAIN,
                                                 PHASE_EVALUATE, PHASE_SAVE};
    const struct fixture *f = *state;
    struct error err;
    for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
        bool ended = true, cancel = true;
        const int64_t id = add_job(f, f->user_id);
        const struct fence fence = claim(f);
        assert_ok(job_advance(f->store, fence, phases[i], NULL, &err));
        assert_ok(job_renew(f->store, fence, LEASE_MS, &cancel, &err));
        assert_false(cancel);
        assert_ok(job_cancel(f->store, f->user_id, JOB_TRAIN, id, &ended, &err));
        assert_false(ended);
        assert_ok(job_renew(f->store, fence, LEASE_MS, &cancel, &err));
        assert_true(cancel);
        struct job *job = read_job(f, id);
        assert_true(job->cancel_requested);
        job_free(job);
        assert_ok(job_fail(f->store, fence, "cancelled", "stopped", &err));
        job = read_job(f, id);
        assert_true(job_is_cancelled(job));
        assert_false(job->cancel_requested);
        job_free(job);
    }
}

static void asking_twice_to_cancel_makes_one_event(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_event_list events;
    bool ended;
    const int64_t id = add_job(f, f->user_id);
    assert_int_equal(claim(f).job_id, id);
    assert_ok(job_cancel(f->store, f->user_id, JOB_TRAIN, id, &ended, &err));
    assert_ok(job_cancel(f->store, f->user_id, JOB_TRAIN, id, &ended, &err));
    assert_ok(job_events(f->store, f->user_id, id, 0, 10, &events, &err));
    assert_int_equal(events.count, 3);
    assert_string_equal(events.events[2]->kind, "cancel_requested");
    job_event_list_release(&events);
}

static void a_job_that_has_ended_cannot_be_cancelled(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    bool ended;
    const int64_t id = add_job(f, f->user_id);
    finish(f, claim(f), 0.5);
    assert_error(job_cancel(f->store, f->user_id, JOB_TRAIN, id, &ended, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "job_ended");
    assert_int_equal(status_of_job(f, id), JOB_COMPLETED);
    const int64_t other = add_job(f, f->user_id);
    assert_ok(job_cancel(f->store, f->user_id, JOB_TRAIN, other, &ended, &err));
    assert_error(job_cancel(f->store, f->user_id, JOB_TRAIN, other, &ended, &err), ERR_CONFLICT);
}

static void a_removed_job_is_gone_with_its_model(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job *job = NULL;
    struct model_record *model = NULL;
    const int64_t id = add_job(f, f->user_id);
    finish(f, claim(f), 0.5);
    assert_ok(job_remove(f->store, f->user_id, JOB_TRAIN, id, &err));
    assert_error(job_read(f->store, f->user_id, JOB_TRAIN, id, &job, &err), ERR_NOT_FOUND);
    assert_error(model_of_job(f->store, f->user_id, id, &model, &err), ERR_NOT_FOUND);
    assert_error(job_remove(f->store, f->user_id, JOB_TRAIN, id, &err), ERR_NOT_FOUND);
    assert_true(add_job(f, f->user_id) > id);
}

static void a_job_under_way_is_not_removed(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t id = add_job(f, f->user_id);
    assert_error(job_remove(f->store, f->user_id, JOB_TRAIN, id, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "job_running");
    assert_int_equal(claim(f).job_id, id);
    assert_error(job_remove(f->store, f->user_id, JOB_TRAIN, id, &err), ERR_CONFLICT);
    assert_int_equal(status_of_job(f, id), JOB_LOADING_DATA);
}

static void events_tell_the_whole_life_in_order(void **state)
{
    static const char *const kinds[] = {"created", "claimed", "status",
                                        "message", "status",  "completed"};
    const struct fixture *f = *state;
    struct error err;
    struct job_event_list events;
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim(f);
    assert_ok(job_advance(f->store, fence, PHASE_SPLIT, NULL, &err));
    assert_ok(job_note(f->store, fence, "3 users have one item", &err));
    finish(f, fence, 0.5);
    assert_ok(job_events(f->store, f->user_id, id, 0, 100, &events, &err));
    assert_int_equal(events.count, 6);
    for (int i = 0; i < 6; i++) {
        assert_string_equal(events.events[i]->kind, kinds[i]);
        assert_int_equal(events.events[i]->job_id, id);
        assert_true(events.events[i]->at_ms > 0);
        assert_true(i == 0 || events.events[i]->event_id > events.events[i - 1]->event_id);
    }
    assert_string_equal(events.events[3]->message, "3 users have one item");
    job_event_list_release(&events);
}

static void a_reader_goes_on_after_the_last_event_it_saw(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_event_list events;
    int64_t last = 0, now = 0;
    add_job(f, f->user_id);
    add_job(f, f->user_id);
    add_job(f, add_user(f, "bob@example.com"));
    assert_ok(job_events(f->store, f->user_id, 0, 0, 1, &events, &err));
    assert_int_equal(events.count, 1);
    last = events.events[0]->event_id;
    job_event_list_release(&events);
    assert_ok(job_events(f->store, f->user_id, 0, last, 10, &events, &err));
    assert_int_equal(events.count, 1);
    assert_true(events.events[0]->event_id > last);
    job_event_list_release(&events);
    assert_ok(job_last_event(f->store, &now, &err));
    assert_ok(job_events(f->store, f->user_id, 0, now, 10, &events, &err));
    assert_int_equal(events.count, 0);
    job_event_list_release(&events);
}

static void that_a_job_was_removed_is_the_only_event_left_of_it(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_event_list events;
    bool ended;
    const int64_t id = add_job(f, f->user_id);
    assert_ok(job_cancel(f->store, f->user_id, JOB_TRAIN, id, &ended, &err));
    assert_ok(job_remove(f->store, f->user_id, JOB_TRAIN, id, &err));
    assert_ok(job_events(f->store, f->user_id, 0, 0, 10, &events, &err));
    assert_int_equal(events.count, 1);
    assert_string_equal(events.events[0]->kind, "removed");
    job_event_list_release(&events);
}

static const struct CMUnitTest cases[] = {
    CASE(a_new_job_is_pending_with_all_that_was_asked),
    CASE(a_job_without_a_name_has_none),
    CASE(the_job_of_another_is_not_found),
    CASE(a_job_of_nobody_is_refused),
    CASE(a_job_with_texts_out_of_their_limits_is_refused),
    CASE(the_same_key_makes_one_job),
    CASE(a_key_with_another_body_is_refused),
    CASE(a_key_is_its_users_and_holds_for_a_day),
    CASE(a_key_is_found_before_a_job_is_made_with_it),
    CASE(no_more_jobs_than_allowed_are_open_at_once),
    CASE(a_brief_reading_leaves_the_result_out_alone),
    CASE(a_job_gets_another_name),
    CASE(the_position_counts_those_that_go_before),
    CASE(a_late_user_stands_behind_one_job_of_each_other),
    CASE(a_pending_job_is_cancelled_at_once),
    CASE(a_job_is_cancelled_in_each_status_that_a_worker_has),
    CASE(asking_twice_to_cancel_makes_one_event),
    CASE(a_job_that_has_ended_cannot_be_cancelled),
    CASE(a_removed_job_is_gone_with_its_model),
    CASE(a_job_under_way_is_not_removed),
    CASE(events_tell_the_whole_life_in_order),
    CASE(a_reader_goes_on_after_the_last_event_it_saw),
    CASE(that_a_job_was_removed_is_the_only_event_left_of_it),
};
const struct case_list job_cases = CASE_LIST(cases);
