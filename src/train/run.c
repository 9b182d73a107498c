#include "train/run.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "linalg/cpu.h"
#include "model/file.h"
#include "model/kinds.h"
#include "train/hits.h"

enum { WATCHED_USERS_MAX = 2000 }; /* of the sample that --eval-every measures */

/* All that a run holds while it goes on. */
struct run {
    const struct run_spec *spec;
    const struct progress *progress;
    int32_t threads;
    struct dataset *dataset;
    struct model *model;
    struct eval_result judged, floor;
    json_t *iterations; /* array: iteration, loss, seconds, recall_at_k where measured */
    json_t *params;     /* object: the kind's and the run's */
    double train_seconds, evaluate_seconds, save_seconds;
    char *model_path, *hits_path;
    char model_sha256[HASH_HEX_SIZE], holdout[HASH_HEX_SIZE];
};

void run_spec_init(struct run_spec *spec, const struct model_kind *kind)
{
    *spec = (struct run_spec){.kind = kind, .output_directory = "ml_models"};
    params_init(&spec->params, &kind->params);
    params_init(&spec->run, &run_param_table);
    /* Both are set by name (run_spec_set), so a kind must not take a name of the run's. */
    for (int32_t i = 0; i < kind->params.count; i++)
        assert(params_find(&run_param_table, kind->params.params[i].name) == NULL);
}

enum err run_spec_set(struct run_spec *spec, const char *name, const char *text, struct error *err)
{
    if (params_find(spec->params.table, name) != NULL)
        return params_set(&spec->params, name, text, err);
    if (params_find(spec->run.table, name) != NULL)
        return params_set(&spec->run, name, text, err);
    return FAIL_REASON(err, ERR_INVALID, "parameter_unknown", "%s has no parameter %s",
                       spec->kind->name, name);
}

enum err run_load_spec(const struct run_spec *spec, struct load_spec *ret_load, struct error *err)
{
    const struct param_set *run = &spec->run;
    struct load_spec load = {
        .path = spec->data_path,
        .place = spec->data_place,
        .user_column = param_text(run, "user_column"),
        .item_column = param_text(run, "item_column"),
        .event_column = param_text(run, "event_column"),
        .time_column = param_text(run, "time_column"),
        .eval_days = param_real(run, "eval_days"),
        .sample_users = param_real(run, "sample_users"),
        .seed = (uint64_t)param_int(run, "seed"),
        .threads = run_threads(spec),
        .memory_limit_bytes = spec->engine_memory_bytes,
    };
    if (param_is_set(run, "memory_limit") &&
        !text_parse_bytes(param_text(run, "memory_limit"), &load.memory_limit_bytes))
        return FAIL_REASON(err, ERR_INVALID, "parameter_range",
                           "memory_limit is %s, but it must be a size such as 4GB",
                           param_text(run, "memory_limit"));
    *ret_load = load;
    return ERR_OK;
}

int32_t run_threads(const struct run_spec *spec)
{
    return param_is_set(&spec->run, "threads") ? (int32_t)param_int(&spec->run, "threads")
                                               : parallel_processors();
}

static void report_phase(const struct run *run, enum progress_phase phase, double total,
                         const char *unit)
{
    const struct progress_update update = {
        .phase = phase, .total = total, .unit = unit, .loss = NAN, .seconds = NAN, .recall = NAN};
    progress_report(run->progress, &update);
}

/* A fit may ask for more than there is; it runs, and the person is told. */
static void warn_of_sizes(const struct run *run)
{
    const struct funnel *funnel = &run->dataset->funnel;
    const int64_t k = param_int(&run->spec->run, "k");
    char text[160];
    if (k > funnel->items) {
        snprintf(text, sizeof(text), "k is %lld, but there are only %lld items", (long long)k,
                 (long long)funnel->items);
        progress_warn(run->progress, PHASE_SPLIT, text);
    }
    if (params_find(run->spec->params.table, "factors") != NULL) {
        const int64_t factors = param_int(&run->spec->params, "factors");
        if (factors > funnel->items || factors > funnel->users) {
            snprintf(text, sizeof(text), "factors is %lld, but there are %lld users and %lld items",
                     (long long)factors, (long long)funnel->users, (long long)funnel->items);
            progress_warn(run->progress, PHASE_SPLIT, text);
        }
    }
}

static enum err judge(const struct run *run, const struct model *model, int32_t users_max,
                      const struct progress *progress, struct eval_result *ret_result,
                      struct error *err)
{
    const struct eval_spec spec = {
        .model = model,
        .train = &run->dataset->train,
        .holdout = &run->dataset->holdout,
        .k = (int32_t)param_int(&run->spec->run, "k"),
        .threads = run->threads,
        .users_max = users_max,
        .prune = true,
        .progress = progress,
    };
    return evaluate(&spec, ret_result, err);
}

/* Note an iteration, and measure recall on the sample when it is due. */
static enum err on_iteration(void *context, int32_t iteration, double loss, double seconds,
                             const struct model *current, struct error *err)
{
    enum err rc = ERR_OK;
    struct run *run = context;
    const int64_t every = param_int(&run->spec->run, "eval_every");
    const int64_t total = params_find(run->spec->params.table, "iterations") != NULL
                              ? param_int(&run->spec->params, "iterations")
                              : 0;
    double recall = NAN;
    if (every > 0 && iteration % every == 0) {
        struct eval_result watched = {0};
        const struct progress quiet = {.cancel = run->progress ? run->progress->cancel : NULL};
        TRY(judge(run, current, WATCHED_USERS_MAX, &quiet, &watched, err));
        recall = watched.values[metric_find("recall_at_k")];
        eval_result_release(&watched);
    }
    json_t *entry = json_object();
    TRY(json_append(run->iterations, entry, err));
    TRY(json_set(entry, "iteration", json_integer(iteration), err));
    TRY(json_set(entry, "loss", json_number(loss), err));
    TRY(json_set(entry, "seconds", json_number(seconds), err));
    if (!isnan(recall))
        TRY(json_set(entry, "recall_at_k", json_number(recall), err));
    const struct progress_update update = {.phase = PHASE_TRAIN,
                                           .done = iteration,
                                           .total = (double)total,
                                           .unit = "iterations",
                                           .iteration = iteration,
                                           .loss = loss,
                                           .seconds = seconds,
                                           .recall = recall};
    progress_report(run->progress, &update);
done:
    return rc;
}

static enum err fit(struct run *run, const struct model_kind *kind, const struct param_set *params,
                    bool watched, struct model **ret_model, struct error *err)
{
    const struct fit_input input = {
        .train = &run->dataset->train,
        .popularity = run->dataset->popularity,
        .params = params,
        .seed = (uint64_t)param_int(&run->spec->run, "seed"),
        .threads = run->threads,
        .progress = watched ? run->progress : NULL,
        .on_iteration = watched ? on_iteration : NULL,
        .context = run,
    };
    return kind->fit(&input, ret_model, err);
}

/* What everybody would get, judged on the same holdout. */
static enum err judge_floor(struct run *run, struct error *err)
{
    enum err rc;
    struct model *popular = NULL;
    struct param_set params;
    params_init(&params, &popular_kind.params);
    TRY(fit(run, &popular_kind, &params, false, &popular, err));
    TRY(judge(run, popular, 0, NULL, &run->floor, err));
done:
    model_free(popular);
    return rc;
}

static enum err save(struct run *run, struct error *err)
{
    enum err rc = ERR_OK;
    char stamp[24];
    json_t *metrics = NULL, *data = NULL;
    const struct dataset *dataset = run->dataset;

    if ((metrics = eval_metrics_to_json(&run->judged)) == NULL || (data = json_object()) == NULL) {
        rc = FAIL(err, ERR_NOMEM, "out of memory for the model's record");
        goto done;
    }
    TRY(json_set(metrics, "k", json_integer(run->judged.k), err));
    TRY(json_set(data, "passport", json_incref(dataset->passport), err));
    TRY(json_set(data, "funnel", funnel_to_json(&dataset->funnel), err));
    TRY(json_set(data, "holdout_sha256", json_string(run->holdout), err));
    const struct model_record record = {
        .model = run->model,
        .users = &dataset->users,
        .items = &dataset->items,
        .matrix = &dataset->train,
        .popularity = dataset->popularity,
        .params = run->params,
        .metrics = metrics,
        .data = data,
        .seed = (uint64_t)param_int(&run->spec->run, "seed"),
        .version = RECTRAIN_VERSION,
    };
    clock_stamp(stamp, sizeof(stamp));
    TRY(model_file_write(&record, run->spec->output_directory, run->spec->job_id, stamp,
                         run->progress, &run->model_path, run->model_sha256, err));
    TRY(hits_write(run->model_path, run->holdout, &run->judged, &dataset->holdout, &run->hits_path,
                   err));
done:
    json_decref(metrics);
    json_decref(data);
    return rc;
}

static enum err set_timings(const struct run *run, double total, json_t *result, struct error *err)
{
    enum err rc = ERR_OK;
    json_t *timings = json_object();
    TRY(json_set(result, "timings", timings, err));
    const struct {
        const char *name;
        double seconds;
    } parts[] = {{"load", run->dataset->load_seconds}, {"split", run->dataset->split_seconds},
                 {"train", run->train_seconds},        {"evaluate", run->evaluate_seconds},
                 {"save", run->save_seconds},          {"total", total}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        TRY(json_set(timings, parts[i].name, json_number(parts[i].seconds), err));
done:
    return rc;
}

static enum err make_result(const struct run *run, double total, json_t **ret_result,
                            struct error *err)
{
    enum err rc;
    json_t *result = json_object();
    const struct run_spec *spec = run->spec;
    if (result == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for the result");
    const bool is_floor = spec->kind == &popular_kind;
    TRY(json_set(result, "status", json_string("completed"), err));
    TRY(json_set(result, "model_type", json_string(spec->kind->name), err));
    TRY(json_set(result, "params", json_incref(run->params), err));
    TRY(json_set(result, "k", json_integer(run->judged.k), err));
    TRY(json_set(result, "metrics", eval_metrics_to_json(&run->judged), err));
    TRY(json_set(result, "popular_metrics",
                 eval_metrics_to_json(is_floor ? &run->judged : &run->floor), err));
    TRY(json_set(result, "funnel", funnel_to_json(&run->dataset->funnel), err));
    TRY(json_set(result, "data", json_incref(run->dataset->passport), err));
    TRY(json_set(result, "holdout_sha256", json_string(run->holdout), err));
    TRY(json_set(result, "iterations", json_incref(run->iterations), err));
    TRY(set_timings(run, total, result, err));
    TRY(json_set(result, "scored_share", json_number(run->judged.scored_share), err));
    TRY(json_set(result, "peak_rss_bytes", json_integer(mem_peak_rss_bytes()), err));
    TRY(json_set(result, "threads", json_integer(run->threads), err));
    TRY(json_set(result, "cpu", json_string(cpu_level_name(cpu_level())), err));
    TRY(json_set(result, "model_path", json_text(run->model_path), err));
    TRY(json_set(result, "model_sha256", json_string(run->model_sha256), err));
    TRY(json_set(result, "hits_path", json_text(run->hits_path), err));
    TRY(json_set(result, "seed", json_integer(param_int(&spec->run, "seed")), err));
    TRY(json_set(result, "version", json_string(RECTRAIN_VERSION), err));
    *ret_result = result;
    return ERR_OK;
done:
    json_decref(result);
    return rc;
}

/* Whether the model can be saved, before hours are spent on it. Nothing is made: a run that fails
 * leaves nothing behind. What changes later is still found when the file is written. */
static enum err check_output(const char *directory, struct error *err)
{
    enum err rc = ERR_OK;
    struct stat status;
    char *parent = NULL;
    const char *place = directory;
    if (directory[0] == '\0')
        return FAIL_REASON(err, ERR_INVALID, "output_empty", "the output directory has no name");
    if (stat(directory, &status) != 0 && errno == ENOENT) { /* then it will be made */
        TRY_PTR(parent = mem_dup_string(directory, err));
        size_t length = strlen(parent);
        while (length > 1 && parent[length - 1] == '/')
            length--;
        while (length > 0 && parent[length - 1] != '/')
            length--;
        parent[length] = '\0';
        place = length > 0 ? parent : ".";
    }
    if (stat(place, &status) == 0 && !S_ISDIR(status.st_mode))
        rc = FAIL_REASON(err, ERR_DENIED, "output_not_directory",
                         "the model cannot be saved in %s: %s is no directory", directory, place);
    else if (access(place, W_OK | X_OK) != 0)
        rc = FAIL_REASON(err, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_DENIED,
                         errno == ENOENT ? "output_missing" : "output_denied",
                         "the model cannot be saved in %s: %s: %m", directory, place);
done:
    mem_free(parent);
    return rc;
}

static enum err run_steps(struct run *run, struct error *err)
{
    enum err rc;
    struct load_spec load;
    TRY(run_load_spec(run->spec, &load, err));
    TRY(check_output(run->spec->output_directory, err));
    report_phase(run, PHASE_LOAD, 0, "rows");
    TRY(dataset_load(&load, run->progress, &run->dataset, err));
    TRY(holdout_fingerprint(run->dataset, run->holdout, err));
    warn_of_sizes(run);

    double start = clock_seconds();
    report_phase(run, PHASE_TRAIN, 0, "iterations");
    TRY(fit(run, run->spec->kind, &run->spec->params, true, &run->model, err));
    run->train_seconds = clock_seconds() - start;

    start = clock_seconds();
    report_phase(run, PHASE_EVALUATE, run->dataset->holdout.count, "users");
    TRY(judge(run, run->model, 0, run->progress, &run->judged, err));
    if (run->spec->kind != &popular_kind)
        TRY(judge_floor(run, err));
    run->evaluate_seconds = clock_seconds() - start;

    start = clock_seconds();
    report_phase(run, PHASE_SAVE, 0, "bytes");
    TRY(save(run, err));
    run->save_seconds = clock_seconds() - start;
done:
    return rc;
}

enum err run_train(const struct run_spec *spec, const struct progress *progress,
                   json_t **ret_result, struct error *err)
{
    enum err rc;
    const double start = clock_seconds();
    struct run run = {.spec = spec, .progress = progress, .threads = run_threads(spec)};

    if ((run.iterations = json_array()) == NULL || (run.params = json_object()) == NULL) {
        rc = FAIL(err, ERR_NOMEM, "out of memory for a run");
        goto done;
    }
    TRY(params_to_json(&spec->params, run.params, err));
    TRY(params_to_json(&spec->run, run.params, err));
    TRY(run_steps(&run, err));
    TRY(make_result(&run, clock_seconds() - start, ret_result, err));
done:
    if (rc != ERR_OK && run.model_path != NULL)
        unlink(run.model_path); /* of a run that failed it would look finished */
    if (rc != ERR_OK && run.hits_path != NULL)
        unlink(run.hits_path);
    json_decref(run.iterations);
    json_decref(run.params);
    eval_result_release(&run.judged);
    eval_result_release(&run.floor);
    model_free(run.model);
    dataset_free(run.dataset);
    mem_free(run.model_path);
    mem_free(run.hits_path);
    return rc;
}
