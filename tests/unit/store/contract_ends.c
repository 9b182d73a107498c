/* How jobs end: finished, failed, given back, reaped; and the models that come of them. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "store/registry.h"
#include "unit/store/fixture.h"

static void a_finished_job_has_metrics_result_and_model(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job *job = NULL;
    struct model_record *model = NULL;
    const int64_t id = add_job(f, f->user_id);
    finish(f, claim(f), 0.25);
    assert_ok(job_read(f->store, f->user_id, JOB_TRAIN, id, &job, &err));
    assert_int_equal(job->status, JOB_COMPLETED);
    assert_string_equal(job->metrics_json, "{\"recall_at_k\":0.25,\"f1_at_k\":0.125}");
    assert_string_equal(job->result_json, "{\"k\":40}");
    assert_true(strstr(job->model_path, "./ml_models/als_model_") == job->model_path);
    assert_true(job->progress == 1);
    assert_null(job->phase);
    assert_true(job->ended_ms >= job->started_ms && job->started_ms >= job->created_ms);
    assert_int_equal(job->lease_until_ms, 0);
    assert_ok(model_of_job(f->store, f->user_id, id, &model, &err));
    assert_string_equal(model->path, job->model_path);
    assert_string_equal(model->sha256, "ab12");
    assert_int_equal(model->size_bytes, 1234);
    assert_string_equal(model->model_type, "als");
    assert_string_equal(model->metrics_json, job->metrics_json);
    mem_free(model);
    job_free(job);
}

static void a_job_may_finish_without_a_model(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim(f);
    json_t *metrics = json_object();
    const struct job_outcome outcome = {.metrics = metrics, .result_json = "{}"};
    assert_ok(job_advance(f->store, fence, PHASE_TRAIN, NULL, &err));
    assert_ok(job_finish(f->store, fence, &outcome, &err));
    struct job *job = read_job(f, id);
    assert_string_equal(job->metrics_json, "{}");
    assert_null(job->model_path);
    job_free(job);
    json_decref(metrics);
}

static void the_floor_is_kept_beside_the_metrics(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_list list = {0};
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim(f);
    json_t *metrics = json_pack("{s:f}", "recall_at_k", 0.5);
    json_t *floor = json_pack("{s:f, s:n}", "recall_at_k", 0.25, "b");
    const struct job_outcome outcome = {
        .metrics = metrics, .popular_metrics = floor, .result_json = "{}"};
    assert_ok(job_advance(f->store, fence, PHASE_TRAIN, NULL, &err));
    assert_ok(job_finish(f->store, fence, &outcome, &err));
    struct job *job = read_job(f, id);
    assert_string_equal(job->metrics_json, "{\"recall_at_k\":0.5}");
    assert_string_equal(job->popular_metrics_json, "{\"recall_at_k\":0.25}");
    job_free(job);
    const struct job_query query = {
        .user_id = f->user_id, .limit = 10, .sort = SORT_METRIC, .metric = "recall_at_k"};
    assert_ok(job_list(f->store, &query, &list, &err));
    assert_string_equal(list.jobs[0]->popular_metrics_json, "{\"recall_at_k\":0.25}");
    job_list_release(&list);
    json_decref(floor);
    json_decref(metrics);
}

static void metrics_that_are_no_numbers_are_left_out(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim(f);
    json_t *metrics = json_pack("{s:f, s:n, s:s, s:i}", "a", 0.1, "b", "c", "text", "users", 3);
    const struct job_outcome outcome = {.metrics = metrics, .result_json = "{}"};
    assert_ok(job_advance(f->store, fence, PHASE_TRAIN, NULL, &err));
    assert_ok(job_finish(f->store, fence, &outcome, &err));
    struct job *job = read_job(f, id);
    assert_string_equal(job->metrics_json, "{\"a\":0.10000000000000001,\"users\":3.0}");
    job_free(job);
    json_decref(metrics);
}

static void a_job_that_has_not_trained_cannot_finish(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim(f);
    json_t *metrics = json_object();
    const struct job_outcome outcome = {.metrics = metrics, .result_json = "{}"};
    assert_error(job_finish(f->store, fence, &outcome, &err), ERR_INVALID);
    assert_int_equal(status_of_job(f, id), JOB_LOADING_DATA);
    json_decref(metrics);
}

static void a_model_path_is_recorded_once(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    add_job(f, f->user_id);
    const int64_t id = add_job(f, f->user_id);
    const struct fence first = claim(f), second = claim(f);
    char path[64];
    snprintf(path, sizeof(path), "./ml_models/als_model_%lld.pkl", (long long)first.job_id);
    finish(f, first, 0.5);
    json_t *metrics = json_pack("{s:f}", "a", 0.1);
    const struct job_outcome outcome = {
        .metrics = metrics, .result_json = "{}", .model_path = path, .model_sha256 = "ab"};
    assert_ok(job_advance(f->store, second, PHASE_TRAIN, NULL, &err));
    assert_error(job_finish(f->store, second, &outcome, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "model_exists");
    assert_int_equal(status_of_job(f, id), JOB_TRAINING); /* and nothing of it was kept */
    finish(f, second, 0.5);
    json_decref(metrics);
}

static void a_failed_job_says_why(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t id = add_job(f, f->user_id);
    assert_ok(job_fail(f->store, claim(f), "column_missing", "no column node", &err));
    struct job *job = read_job(f, id);
    assert_int_equal(job->status, JOB_FAILED);
    assert_string_equal(job->error_code, "column_missing");
    assert_string_equal(job->error_message, "no column node");
    assert_false(job_is_cancelled(job));
    assert_true(job->ended_ms > 0);
    assert_null(job->phase);
    job_free(job);
}

static void a_released_job_is_pending_and_its_attempt_does_not_count(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct outbox_list list;
    const int64_t id = add_job(f, f->user_id);
    assert_ok(outbox_take(f->store, JOB_TRAIN, 10, 60000, &list, &err));
    outbox_list_release(&list);
    for (int i = 0; i < 5; i++) { /* however often */
        const struct fence fence = claim(f);
        assert_int_equal(fence.epoch, i + 1);
        assert_ok(job_progress(f->store, fence, 0.5, 3, NULL, &err));
        assert_ok(job_release(f->store, fence, &err));
    }
    struct job *job = read_job(f, id);
    assert_int_equal(job->status, JOB_PENDING);
    assert_int_equal(job->attempt, 0);
    assert_int_equal(job->deaths, 0);
    assert_int_equal(job->epoch, 5);
    assert_true(job->progress == 0);
    assert_int_equal(job->iteration, 0);
    job_free(job);
    assert_ok(outbox_take(f->store, JOB_TRAIN, 10, 60000, &list, &err));
    assert_int_equal(list.count, 5); /* one message for each time that it became pending */
    outbox_list_release(&list);
}

static void a_released_job_goes_before_its_users_younger_ones(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t first = add_job(f, f->user_id);
    add_job(f, f->user_id);
    const struct fence fence = claim(f);
    assert_ok(job_release(f->store, fence, &err));
    assert_int_equal(claim(f).job_id, first);
}

static void releasing_a_job_that_was_asked_to_stop_cancels_it(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    bool ended;
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim(f);
    assert_ok(job_cancel(f->store, f->user_id, JOB_TRAIN, id, &ended, &err));
    assert_ok(job_release(f->store, fence, &err));
    struct job *job = read_job(f, id);
    assert_true(job_is_cancelled(job));
    job_free(job);
}

static void a_lease_that_is_over_gives_the_job_back(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct reaped reaped;
    struct outbox_list list;
    const int64_t id = add_job(f, f->user_id), other = add_job(f, f->user_id);
    assert_ok(outbox_take(f->store, JOB_TRAIN, 10, 60000, &list, &err));
    outbox_list_release(&list);
    claim_for(f, 1);
    assert_int_equal(claim(f).job_id, other);
    pause_ms(5);
    assert_ok(jobs_reap(f->store, &reaped, &err));
    assert_int_equal(reaped.returned, 1);
    assert_int_equal(reaped.failed, 0);
    struct job *job = read_job(f, id);
    assert_int_equal(job->status, JOB_PENDING);
    assert_int_equal(job->deaths, 1);
    assert_int_equal(job->attempt, 1);
    job_free(job);
    assert_int_equal(status_of_job(f, other), JOB_LOADING_DATA);
    assert_ok(outbox_take(f->store, JOB_TRAIN, 10, 60000, &list, &err));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.messages[0]->job_id, id);
    outbox_list_release(&list);
    assert_ok(jobs_reap(f->store, &reaped, &err));
    assert_int_equal(reaped.returned, 0);
}

static void after_three_deaths_the_job_has_failed(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct reaped reaped;
    const int64_t id = add_job(f, f->user_id);
    for (int i = 0; i < 3; i++) {
        const struct fence fence = claim_for(f, 20);
        assert_int_equal(fence.job_id, id);
        assert_ok(job_advance(f->store, fence, PHASE_TRAIN, NULL, &err));
        pause_ms(25);
        assert_ok(jobs_reap(f->store, &reaped, &err));
        assert_int_equal(reaped.returned, i < 2);
        assert_int_equal(reaped.failed, i == 2);
    }
    struct job *job = read_job(f, id);
    assert_int_equal(job->status, JOB_FAILED);
    assert_string_equal(job->error_code, "worker_died");
    assert_non_null(strstr(job->error_message, "3 times"));
    assert_non_null(strstr(job->error_message, "training"));
    job_free(job);
}

static void a_release_between_deaths_does_not_count(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t id = add_job(f, f->user_id);
    assert_ok(job_died(f->store, claim(f), "killed by signal 9", &err));
    assert_ok(job_died(f->store, claim(f), "killed by signal 9", &err));
    assert_ok(job_release(f->store, claim(f), &err));
    assert_int_equal(status_of_job(f, id), JOB_PENDING);
    assert_ok(job_died(f->store, claim(f), "killed by signal 9", &err));
    assert_int_equal(status_of_job(f, id), JOB_FAILED);
    struct job *job = read_job(f, id);
    assert_non_null(strstr(job->error_message, "signal 9"));
    job_free(job);
}

static void a_dead_workers_job_that_was_asked_to_stop_is_cancelled(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct reaped reaped;
    bool ended;
    const int64_t id = add_job(f, f->user_id);
    claim_for(f, 1);
    assert_ok(job_cancel(f->store, f->user_id, JOB_TRAIN, id, &ended, &err));
    pause_ms(5);
    assert_ok(jobs_reap(f->store, &reaped, &err));
    assert_int_equal(reaped.cancelled, 1);
    struct job *job = read_job(f, id);
    assert_true(job_is_cancelled(job));
    job_free(job);
}

static void models_are_listed_newest_first_page_by_page(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct model_list list;
    struct model_query query = {.user_id = f->user_id, .limit = 2};
    for (int i = 0; i < 3; i++) {
        add_job(f, f->user_id);
        finish(f, claim(f), 0.1 * i);
    }
    assert_ok(model_list(f->store, &query, &list, &err));
    assert_int_equal(list.count, 2);
    assert_true(list.models[0]->model_id > list.models[1]->model_id);
    query.before_id = list.models[1]->model_id;
    model_list_release(&list);
    assert_ok(model_list(f->store, &query, &list, &err));
    assert_int_equal(list.count, 1);
    model_list_release(&list);
    query = (struct model_query){.user_id = add_user(f, "bob@example.com"), .limit = 2};
    assert_ok(model_list(f->store, &query, &list, &err));
    assert_int_equal(list.count, 0);
    model_list_release(&list);
}

static void a_removed_model_leaves_its_job_without_a_path(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct model_record *model = NULL;
    const int64_t id = add_job(f, f->user_id), bob = add_user(f, "bob@example.com");
    finish(f, claim(f), 0.5);
    assert_ok(model_of_job(f->store, f->user_id, id, &model, &err));
    const int64_t model_id = model->model_id;
    mem_free(model);
    assert_error(model_read(f->store, bob, model_id, &model, &err), ERR_NOT_FOUND);
    assert_error(model_remove(f->store, bob, model_id, &err), ERR_NOT_FOUND);
    assert_ok(model_read(f->store, f->user_id, model_id, &model, &err));
    mem_free(model);
    assert_ok(model_remove(f->store, f->user_id, model_id, &err));
    assert_error(model_remove(f->store, f->user_id, model_id, &err), ERR_NOT_FOUND);
    struct job *job = read_job(f, id);
    assert_int_equal(job->status, JOB_COMPLETED);
    assert_null(job->model_path);
    job_free(job);
}

static void only_a_file_of_an_ended_job_that_no_row_names_is_an_orphan(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    enum model_file_fate fate;
    char path[64];
    const int64_t id = add_job(f, f->user_id), running = add_job(f, f->user_id);
    finish(f, claim(f), 0.5);
    assert_int_equal(claim(f).job_id, running);
    snprintf(path, sizeof(path), "./ml_models/als_model_%lld.pkl", (long long)id);
    assert_ok(model_file_fate(f->store, id, path, &fate, &err));
    assert_int_equal(fate, MODEL_FILE_NAMED);
    assert_ok(model_file_fate(f->store, id, "./ml_models/other.pkl", &fate, &err));
    assert_int_equal(fate, MODEL_FILE_ORPHAN);
    assert_ok(model_file_fate(f->store, running, "./ml_models/new.pkl", &fate, &err));
    assert_int_equal(fate, MODEL_FILE_NAMED);
    assert_ok(model_file_fate(f->store, 987654, "./ml_models/new.pkl", &fate, &err));
    assert_int_equal(fate, MODEL_FILE_FOREIGN);
}

static void a_comparison_is_kept_until_one_of_the_two_is_gone(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    bool found;
    struct model_comparison kept;
    const struct model_comparison told = {40, 21375, 0.0095, 0.008, 0.011};
    const int64_t first = add_version(f, "homepage"), second = add_version(f, "homepage");
    assert_ok(comparison_read(f->store, second, first, &kept, &found, &err));
    assert_false(found);
    assert_ok(comparison_keep(f->store, second, first, &told, &err));
    assert_ok(comparison_keep(f->store, second, first, &told, &err));
    assert_ok(comparison_read(f->store, second, first, &kept, &found, &err));
    assert_true(found);
    assert_memory_equal(&kept, &told, sizeof(kept));
    assert_ok(comparison_read(f->store, first, second, &kept, &found, &err));
    assert_false(found);
    assert_ok(model_remove(f->store, f->user_id, first, &err));
    assert_ok(comparison_read(f->store, second, first, &kept, &found, &err));
    assert_false(found);
    assert_ok(comparison_keep(f->store, second, first, &told, &err));
    assert_ok(comparison_read(f->store, second, first, &kept, &found, &err));
    assert_false(found);
}

static const struct CMUnitTest cases[] = {
    CASE(a_finished_job_has_metrics_result_and_model),
    CASE(a_job_may_finish_without_a_model),
    CASE(the_floor_is_kept_beside_the_metrics),
    CASE(metrics_that_are_no_numbers_are_left_out),
    CASE(a_job_that_has_not_trained_cannot_finish),
    CASE(a_model_path_is_recorded_once),
    CASE(a_failed_job_says_why),
    CASE(a_released_job_is_pending_and_its_attempt_does_not_count),
    CASE(a_released_job_goes_before_its_users_younger_ones),
    CASE(releasing_a_job_that_was_asked_to_stop_cancels_it),
    CASE(a_lease_that_is_over_gives_the_job_back),
    CASE(after_three_deaths_the_job_has_failed),
    CASE(a_release_between_deaths_does_not_count),
    CASE(a_dead_workers_job_that_was_asked_to_stop_is_cancelled),
    CASE(models_are_listed_newest_first_page_by_page),
    CASE(a_removed_model_leaves_its_job_without_a_path),
    CASE(only_a_file_of_an_ended_job_that_no_row_names_is_an_orphan),
    CASE(a_comparison_is_kept_until_one_of_the_two_is_gone),
};
const struct case_list end_cases = CASE_LIST(cases);
