/* Hits that came from elsewhere: whose they are, and their way beside the model. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/model_files.h"
#include "api/model_intake.h"
#include "base/memory.h"
#include "store/jobs.h"
#include "train/hits.h"
#include "worker/check.h"

enum { PATH_SIZE = 4400 };

/* Sums of the same numbers in another order differ in the last digits. */
static const double recall_tolerance = 1e-9;

static enum err mismatch(struct error *err, const char *what)
{
    return FAIL_REASON(err, ERR_CORRUPT, "hits_mismatch", "these are the hits of another model: %s",
                       what);
}

/* What is recorded of a model. */
struct recorded {
    json_t *result, *run, *metrics;
};

static enum err compare(const struct recorded *model, const json_t *hits, struct error *err)
{
    char words[200];
    const json_t *k = json_object_get(model->run, "k");
    const json_t *recall = json_object_get(model->metrics, "recall_at_k");
    const json_t *users = json_object_get(model->result, "users");
    const char *own = json_string_value(json_object_get(model->result, "holdout_sha256"));
    const char *theirs = json_string_value(json_object_get(hits, "holdout_sha256"));
    const double found = json_real_value(json_object_get(hits, "recall_at_k"));
    if (own == NULL || !json_is_number(recall) || !json_is_integer(k))
        return FAIL_REASON(err, ERR_CORRUPT, "hits_mismatch",
                           "the model's file does not say what it was judged on, so that no hits "
                           "can be told to be its own");
    if (theirs == NULL || strcmp(own, theirs) != 0)
        return mismatch(err, "they were counted on another holdout");
    if (json_integer_value(json_object_get(hits, "k")) != json_integer_value(k))
        return mismatch(err, "they were counted in lists of another length");
    if (json_is_integer(users) &&
        json_integer_value(json_object_get(hits, "users_below")) > json_integer_value(users))
        return mismatch(err, "they have users that the model has not");
    if (fabs(found - json_number_value(recall)) > recall_tolerance) {
        snprintf(words, sizeof(words), "by them recall_at_k is %.9g, by the model's file %.9g",
                 found, json_number_value(recall));
        return mismatch(err, words);
    }
    return ERR_OK;
}

static enum err check_whose(const struct intake *intake, const struct model_record *model,
                            struct error *err)
{
    enum err rc;
    struct job *job = NULL;
    json_t *hits = NULL;
    struct recorded recorded = {0};
    TRY(json_read_stored("run", model->run_json, &recorded.run, err));
    TRY(json_read_stored("metrics", model->metrics_json, &recorded.metrics, err));
    TRY(hits_check(intake->config, intake->fd, MODEL_CHECK_TIMEOUT_MS, &hits, err));
    TRY(job_read(intake->store, model->user_id, JOB_ANY_TASK, model->job_id, &job, err));
    TRY(json_read_stored("result", job->result_json, &recorded.result, err));
    rc = compare(&recorded, hits, err);
done:
    json_decref(recorded.result);
    json_decref(recorded.run);
    json_decref(recorded.metrics);
    json_decref(hits);
    job_free(job);
    return rc;
}

enum err intake_take_hits(const struct intake *intake, const struct model_record *model,
                          struct error *err)
{
    enum err rc;
    char model_path[PATH_SIZE], path[PATH_SIZE];
    snprintf(model_path, sizeof(model_path), "%.4096s/%.255s",
             config_text(intake->config, "MODEL_DIR"), saved_model_name(model->path));
    if (!hits_path_of(model_path, path, sizeof(path)))
        return FAIL(err, ERR_IO, "the path of MODEL_DIR is too long");
    if (access(path, F_OK) == 0)
        return FAIL_REASON(err, ERR_CONFLICT, "hits_exist", "there are hits of %s:%lld already",
                           model->name, (long long)model->version);
    TRY(check_whose(intake, model, err));
    rc = intake_name(intake, path, err);
    if (rc == ERR_CONFLICT)
        err->reason = "hits_exist";
done:
    return rc;
}
