/* Predictions: jobs with a model and a file. */
#include <string.h>

#include "base/memory.h"
#include "jobs/problem.h"
#include "store/predictions.h"
#include "unit/store/fixture.h"

/* The id of a model of the fixture's user, by a job that is completed. */
static int64_t add_model(const struct fixture *f)
{
    struct error err;
    struct model_record *model = NULL;
    const int64_t job = add_job(f, f->user_id);
    char path[60];
    const struct fence fence = claim(f);
    assert_int_equal(fence.job_id, job);
    assert_ok(job_advance(f->store, fence, PHASE_TRAIN, NULL, &err));
    json_t *metrics = json_object();
    snprintf(path, sizeof(path), "models/als_model_%lld.pkl", (long long)job);
    const struct job_outcome outcome = {.metrics = metrics,
                                        .result_json = "{}",
                                        .model_path = path,
                                        .model_sha256 = "ab",
                                        .model_bytes = 5};
    assert_ok(job_finish(f->store, fence, &outcome, &err));
    json_decref(metrics);
    assert_ok(model_of_job(f->store, f->user_id, job, &model, &err));
    const int64_t id = model->model_id;
    mem_free(model);
    return id;
}

static enum err try_start(const struct fixture *f, int64_t user_id, int64_t model_id,
                          const char *ids, int64_t *ret_id, struct error *err)
{
    bool is_new;
    const struct prediction_new prediction = {.model_id = model_id, .user_ids = ids};
    struct job_new new = plain_job(user_id);
    new.task = JOB_PREDICT;
    new.data_path = "";
    new.params_json = "{\"model\": \"als\"}";
    new.prediction = &prediction;
    return job_create(f->store, &new, ret_id, &is_new, err);
}

static int64_t start(const struct fixture *f, int64_t model_id, const char *ids)
{
    struct error err;
    int64_t id = 0;
    assert_ok(try_start(f, f->user_id, model_id, ids, &id, &err));
    return id;
}

static struct prediction *read_one(const struct fixture *f, int64_t id)
{
    struct error err;
    struct prediction *prediction = NULL;
    assert_ok(prediction_read(f->store, f->user_id, id, false, &prediction, &err));
    return prediction;
}

static struct fence claim_prediction(const struct fixture *f)
{
    struct error err;
    struct job *job = NULL;
    assert_ok(job_claim(f->store, JOB_PREDICT, "w", LEASE_MS, &job, &err));
    assert_non_null(job);
    const struct fence fence = {job->job_id, job->epoch};
    job_free(job);
    return fence;
}

static void a_prediction_knows_its_model_and_its_list(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    char *ids = NULL;
    const int64_t model = add_model(f), id = start(f, model, "1,2"), other = start(f, model, NULL);
    struct prediction *prediction = read_one(f, id);
    assert_int_equal(prediction->job.job_id, id);
    assert_int_equal(prediction->job.task, JOB_PREDICT);
    assert_int_equal(prediction->job.queue_position, 1);
    assert_int_equal(prediction->model_id, model);
    assert_string_equal(prediction->model_name, "als");
    assert_int_equal(prediction->model_version, 1);
    assert_int_equal(prediction->model_bytes, 5);
    assert_string_equal(prediction->model_sha256, "ab");
    assert_null(prediction->file_path);
    assert_string_equal(prediction_status_name(prediction), "pending");
    prediction_free(prediction);
    assert_ok(prediction_user_ids(f->store, id, &ids, &err));
    assert_string_equal(ids, "1,2");
    mem_free(ids);
    assert_ok(prediction_user_ids(f->store, other, &ids, &err));
    assert_null(ids);
}

static void nothing_is_made_of_a_model_that_is_not_the_users(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    int64_t id;
    struct store_counts counts;
    const int64_t model = add_model(f), bob = add_user(f, "bob@example.com");
    assert_error(try_start(f, bob, model, NULL, &id, &err), ERR_NOT_FOUND);
    assert_string_equal(err.reason, "no_such_model");
    assert_error(try_start(f, f->user_id, model + 99, NULL, &id, &err), ERR_NOT_FOUND);
    assert_ok(store_counts(f->store, &counts, &err));
    assert_int_equal(counts.predict.pending, 0);
    struct prediction *prediction = NULL;
    id = start(f, model, NULL);
    assert_error(prediction_read(f->store, bob, id, true, &prediction, &err), ERR_NOT_FOUND);
    assert_ok(prediction_read(f->store, 0, id, true, &prediction, &err));
    prediction_free(prediction);
}

static void its_end_names_its_file_in_one_transaction(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t id = start(f, add_model(f), NULL);
    const struct fence fence = claim_prediction(f);
    assert_int_equal(fence.job_id, id);
    const struct prediction_file file = {
        .path = "models/predictions/p.csv", .sha256 = "cd", .bytes = 9, .rows = 4, .users = 2};
    const struct job_outcome outcome = {.result_json = "{\"preview\":[]}", .file = &file};
    assert_error(job_finish(f->store, fence, &outcome, &err), ERR_INVALID); /* too early */
    assert_ok(job_advance(f->store, fence, PHASE_EVALUATE, NULL, &err));
    struct prediction *prediction = read_one(f, id);
    assert_string_equal(prediction_status_name(prediction), "predicting");
    assert_null(prediction->file_path);
    prediction_free(prediction);
    assert_ok(job_finish(f->store, fence, &outcome, &err));
    prediction = read_one(f, id);
    assert_int_equal(prediction->job.status, JOB_COMPLETED);
    assert_string_equal(prediction->job.result_json, "{\"preview\":[]}");
    assert_string_equal(prediction->file_path, file.path);
    assert_string_equal(prediction->file_sha256, "cd");
    assert_int_equal(prediction->file_bytes, 9);
    assert_int_equal(prediction->file_rows, 4);
    assert_int_equal(prediction->file_users, 2);
    prediction_free(prediction);
    assert_error(job_finish(f->store, fence, &outcome, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "fenced");
}

static void a_model_that_is_removed_leaves_its_predictions(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t model = add_model(f), id = start(f, model, NULL);
    assert_ok(model_remove(f->store, f->user_id, model, &err));
    struct prediction *prediction = read_one(f, id);
    assert_int_equal(prediction->model_id, 0);
    assert_null(prediction->model_name);
    assert_null(prediction->model_path);
    assert_string_equal(prediction->job.model_type, "als");
    prediction_free(prediction);
}

static void lists_go_by_page_status_and_model(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    bool ended;
    struct prediction_list list = {0};
    const int64_t first = add_model(f), second = add_model(f);
    const int64_t ids[] = {start(f, first, NULL), start(f, second, NULL), start(f, first, NULL)};
    struct prediction_query query = {.user_id = f->user_id, .limit = 2};
    assert_ok(prediction_list(f->store, &query, &list, &err));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.predictions[0]->job.job_id, ids[2]);
    prediction_list_release(&list);
    query.before_id = ids[1];
    assert_ok(prediction_list(f->store, &query, &list, &err));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.predictions[0]->job.job_id, ids[0]);
    prediction_list_release(&list);
    query = (struct prediction_query){.user_id = f->user_id, .limit = 9, .model_id = first};
    assert_ok(prediction_list(f->store, &query, &list, &err));
    assert_int_equal(list.count, 2);
    prediction_list_release(&list);

    assert_ok(job_cancel(f->store, f->user_id, JOB_PREDICT, ids[0], &ended, &err));
    const struct fence fence = claim_prediction(f);
    assert_ok(job_advance(f->store, fence, PHASE_EVALUATE, NULL, &err));
    query = (struct prediction_query){.user_id = f->user_id, .limit = 9, .statuses = "predicting"};
    assert_ok(prediction_list(f->store, &query, &list, &err));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.predictions[0]->job.job_id, ids[1]);
    prediction_list_release(&list);
    query.statuses = "cancelled,pending";
    assert_ok(prediction_list(f->store, &query, &list, &err));
    assert_int_equal(list.count, 2);
    prediction_list_release(&list);
}

static enum err add_up(void *context, const struct prediction *prediction, struct error *err)
{
    int64_t *seen = context; /* [4]: how many, then their ids */
    if (seen[0] == 3)
        return FAIL(err, ERR_IO, "too many");
    seen[++seen[0]] = prediction->job.job_id;
    return ERR_OK;
}

static void each_prediction_is_visited_once_whatever_a_page_holds(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const int64_t model = add_model(f), other = add_model(f);
    const int64_t ids[] = {start(f, model, NULL), start(f, other, NULL), start(f, model, NULL)};
    for (int32_t limit = 1; limit <= 4; limit++) {
        int64_t seen[4] = {0}, of_model[4] = {0};
        struct prediction_query query = {.user_id = f->user_id, .limit = limit};
        assert_ok(prediction_each(f->store, &query, add_up, seen, &err));
        assert_int_equal(seen[0], 3);
        for (int i = 0; i < 3; i++)
            assert_int_equal(seen[1 + i], ids[2 - i]);
        assert_error(prediction_each(f->store, &query, add_up, seen, &err), ERR_IO);
        query.model_id = model;
        assert_ok(prediction_each(f->store, &query, add_up, of_model, &err));
        assert_int_equal(of_model[0], 2);
        assert_int_equal(of_model[2], ids[0]);
    }
}

static void a_removed_prediction_takes_its_rows_along(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    bool ended;
    char *ids = NULL;
    struct prediction *prediction = NULL;
    const int64_t id = start(f, add_model(f), "7");
    assert_ok(job_cancel(f->store, f->user_id, JOB_PREDICT, id, &ended, &err));
    assert_ok(job_remove(f->store, f->user_id, JOB_PREDICT, id, &err));
    assert_error(prediction_read(f->store, 0, id, true, &prediction, &err), ERR_NOT_FOUND);
    assert_ok(prediction_user_ids(f->store, id, &ids, &err));
    assert_null(ids);
}

static const struct CMUnitTest cases[] = {
    CASE(a_prediction_knows_its_model_and_its_list),
    CASE(nothing_is_made_of_a_model_that_is_not_the_users),
    CASE(its_end_names_its_file_in_one_transaction),
    CASE(a_model_that_is_removed_leaves_its_predictions),
    CASE(lists_go_by_page_status_and_model),
    CASE(each_prediction_is_visited_once_whatever_a_page_holds),
    CASE(a_removed_prediction_takes_its_rows_along),
};
const struct case_list prediction_cases = CASE_LIST(cases);
