#include "worker/child_inspect.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/metrics.h"
#include "model/file.h"
#include "train/hits.h"
#include "train/run.h"
#include "worker/protocol.h"

/* Of a file's parameters those that a table knows. */
static enum err pick_params(const json_t *params, const struct param_table *table, json_t *out,
                            struct error *err)
{
    enum err rc = ERR_OK;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)params, name, value)
    {
        if (params_find(table, name) != NULL)
            TRY(json_set(out, name, json_incref(value), err));
    }
done:
    return rc;
}

/* The metrics that we know, as numbers; what else the file calls so is left out. */
static enum err pick_metrics(const json_t *metrics, json_t *out, struct error *err)
{
    enum err rc = ERR_OK;
    for (int32_t i = 0; i < metric_count(); i++) {
        const char *name = metric_at(i)->name;
        const json_t *value = json_object_get(metrics, name);
        if (json_is_number(value) && isfinite(json_number_value(value)))
            TRY(json_set(out, name, json_real(json_number_value(value)), err));
    }
done:
    return rc;
}

static json_t *part_of(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return value != NULL ? json_incref(value) : json_null();
}

static enum err describe(const struct model_record *record, json_t *result, struct error *err)
{
    enum err rc;
    json_t *params, *run, *metrics; /* borrowed from the result */
    const struct model_kind *kind = record->model->kind;
    TRY(json_set(result, "model_type", json_string(kind->name), err));
    TRY(json_set(result, "params", params = json_object(), err));
    TRY(pick_params(record->params, &kind->params, params, err));
    TRY(json_set(result, "run", run = json_object(), err));
    TRY(pick_params(record->params, &run_param_table, run, err));
    TRY(json_set(run, "seed", json_integer((json_int_t)record->seed), err));
    TRY(json_set(result, "metrics", metrics = json_object(), err));
    TRY(pick_metrics(record->metrics, metrics, err));
    if (json_is_integer(json_object_get(record->metrics, "k")))
        TRY(json_set(run, "k", part_of(record->metrics, "k"), err));
    TRY(json_set(result, "data", part_of(record->data, "passport"), err));
    TRY(json_set(result, "funnel", part_of(record->data, "funnel"), err));
    TRY(json_set(result, "holdout_sha256", part_of(record->data, "holdout_sha256"), err));
    TRY(json_set(result, "seed", json_integer((json_int_t)record->seed), err));
    TRY(json_set(result, "version", json_text(record->version), err));
    TRY(json_set(result, "users", json_integer(record->users->count), err));
    TRY(json_set(result, "items", json_integer(record->items->count), err));
done:
    return rc;
}

/* The path is nobody's: what is wrong is told without it. */
static void drop_prefix(const char *path, struct error *err)
{
    const size_t len = strlen(path);
    if (strncmp(err->message, path, len) != 0 || strncmp(err->message + len, ": ", 2) != 0)
        return;
    memmove(err->message, err->message + len + 2, strlen(err->message + len + 2) + 1);
}

enum err child_inspect(json_t **ret_result, struct error *err)
{
    enum err rc;
    char path[32];
    struct model_file *file = NULL;
    json_t *result = json_object();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", CHILD_DATA_FD);
    rc = model_file_open(path, true, &file, err);
    if (rc == ERR_CORRUPT)
        err->reason = "model_file_corrupt";
    if (rc != ERR_OK)
        drop_prefix(path, err);
    TRY(rc);
    TRY(describe(model_file_record(file), result, err));
    *ret_result = result;
    result = NULL;
done:
    json_decref(result);
    model_file_close(file);
    return rc;
}

enum err child_inspect_hits(json_t **ret_result, struct error *err)
{
    enum err rc;
    struct hits_facts facts;
    json_t *result = json_object();
    rc = hits_inspect(CHILD_DATA_FD, &facts, err);
    if (rc == ERR_CORRUPT)
        err->reason = "hits_corrupt";
    TRY(rc);
    TRY(json_set(result, "k", json_integer(facts.k), err));
    TRY(json_set(result, "users", json_integer(facts.users), err));
    TRY(json_set(result, "users_below", json_integer(facts.users_below), err));
    TRY(json_set(result, "holdout_sha256", json_text(facts.holdout_sha256), err));
    TRY(json_set(result, "recall_at_k", json_real(facts.recall), err));
    *ret_result = result;
    result = NULL;
done:
    json_decref(result);
    return rc;
}
