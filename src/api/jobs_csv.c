/* Jobs as CSV. Metrics are whatever the jobs have: their names are collected first. */
#include <string.h>

#include "api/jobs_list.h"
#include "base/csv_out.h"
#include "model/model.h"
#include "train/run.h"

enum { CSV_BYTES_MAX = 256 << 20, COLUMNS_MAX = 512 };

static const char *const first_columns[] = {
    "job_id",     "name",     "model_type",       "status",  "data_path", "created_at",
    "started_at", "ended_at", "duration_seconds", "attempt", "error",     "model_path",
};

/* Every column after the first ones, in its order: name → true. One object holds the parameters of
 * all kinds and of the run, one the metrics. */
struct columns {
    json_t *params, *metrics;
};

static enum err add_table(json_t *columns, const struct param_table *table, struct error *err)
{
    enum err rc = ERR_OK;
    for (int32_t i = 0; i < table->count && rc == ERR_OK; i++)
        rc = json_set(columns, table->params[i].name, json_true(), err);
    return rc;
}

static enum err find_params(json_t *columns, struct error *err)
{
    enum err rc;
    for (int32_t i = 0; i < model_kind_count(); i++)
        TRY(add_table(columns, &model_kind_at(i)->params, err));
    TRY(add_table(columns, &run_param_table, err));
done:
    return rc;
}

static enum err see_metrics(const struct job *job, void *context, struct error *err)
{
    enum err rc = ERR_OK;
    json_t *names = context, *value, *metrics = NULL;
    const char *name;
    TRY(json_read_stored("metrics", job->metrics_json, &metrics, err));
    json_object_foreach(metrics, name, value)
    {
        if (json_object_get(names, name) == NULL && json_object_size(names) < COLUMNS_MAX)
            rc = json_set(names, name, json_true(), err);
        TRY(rc);
    }
done:
    json_decref(metrics);
    return rc;
}

/* Call `each` on the jobs of all pages, up to the query's limit. */
static enum err for_each_job(struct app *app, struct job_query query,
                             enum err (*each)(const struct job *job, void *context,
                                              struct error *err),
                             void *context, struct error *err)
{
    enum err rc = ERR_OK;
    struct job_list list = {0};
    char cursor[STORE_CURSOR_SIZE];
    int64_t left = query.limit;
    do {
        query.limit = (int32_t)(left < STORE_LIST_MAX ? left : STORE_LIST_MAX);
        TRY(job_list(app->store, &query, &list, err));
        for (int32_t i = 0; i < list.count; i++)
            TRY(each(list.jobs[i], context, err));
        left -= list.count;
        memcpy(cursor, list.next, sizeof(cursor));
        query.cursor = cursor;
        job_list_release(&list);
    } while (cursor[0] != '\0' && left > 0);
done:
    job_list_release(&list);
    return rc;
}

/* ---- lines ---- */

struct lines {
    struct csv_out csv;
    const struct columns *columns;
};

static void add_time(struct csv_out *csv, int64_t time_ms)
{
    char text[JOB_TIME_SIZE];
    csv_out_text(csv, time_ms != 0 ? job_time_rfc3339(time_ms, text) : NULL);
}

static void add_value(struct csv_out *csv, const json_t *value)
{
    if (json_is_integer(value))
        csv_out_int(csv, json_integer_value(value));
    else if (json_is_real(value))
        csv_out_real(csv, json_real_value(value));
    else
        csv_out_text(csv, json_string_value(value));
}

/* The values of the columns, in the first of the objects that has each. */
static void add_values(struct csv_out *csv, const json_t *columns, const json_t *object,
                       const json_t *other)
{
    const char *name;
    json_t *unused;
    json_object_foreach((json_t *)columns, name, unused)
    {
        const json_t *value = json_object_get(object, name);
        add_value(csv, value != NULL ? value : json_object_get(other, name));
    }
}

static enum err add_line(const struct job *job, void *context, struct error *err)
{
    enum err rc;
    struct lines *lines = context;
    struct csv_out *csv = &lines->csv;
    json_t *params = NULL, *run = NULL, *metrics = NULL;
    TRY(json_read_stored("params", job->params_json, &params, err));
    TRY(json_read_stored("run", job->run_json, &run, err));
    TRY(json_read_stored("metrics", job->metrics_json, &metrics, err));
    csv_out_int(csv, job->job_id);
    csv_out_text(csv, job->name);
    csv_out_text(csv, job->model_type);
    csv_out_text(csv, job_shown_status(job));
    csv_out_text(csv, job->data_path);
    add_time(csv, job->created_ms);
    add_time(csv, job->started_ms);
    add_time(csv, job->ended_ms);
    if (job->started_ms > 0 && job->ended_ms > 0)
        csv_out_real(csv, (double)(job->ended_ms - job->started_ms) / 1000);
    else
        csv_out_text(csv, NULL);
    csv_out_int(csv, job->attempt);
    csv_out_text(csv, job->error_code);
    csv_out_text(csv, job->model_path);
    add_values(csv, lines->columns->params, params, run);
    add_values(csv, lines->columns->metrics, metrics, NULL);
    csv_out_end_line(csv);
    rc = csv->rc;
done:
    json_decref(params);
    json_decref(run);
    json_decref(metrics);
    return rc;
}

static void add_header(struct csv_out *csv, const struct columns *columns)
{
    const char *name;
    json_t *unused;
    for (size_t i = 0; i < sizeof(first_columns) / sizeof(first_columns[0]); i++)
        csv_out_text(csv, first_columns[i]);
    json_object_foreach(columns->params, name, unused) csv_out_text(csv, name);
    json_object_foreach(columns->metrics, name, unused) csv_out_text(csv, name);
    csv_out_end_line(csv);
}

enum err jobs_csv(struct app *app, struct response *response, const struct job_query *query,
                  struct error *err)
{
    enum err rc;
    struct strbuf text;
    struct columns columns = {json_object(), json_object()};
    struct lines lines = {.columns = &columns};
    csv_out_init(&lines.csv, CSV_BYTES_MAX, err);
    TRY(find_params(columns.params, err));
    TRY(for_each_job(app, *query, see_metrics, columns.metrics, err));
    add_header(&lines.csv, &columns);
    TRY(for_each_job(app, *query, add_line, &lines, err));
    TRY(csv_out_finish(&lines.csv, &text));
    response_take(response, "text/csv; charset=utf-8", &text);
    rc = response_header(response, "Content-Disposition", "attachment; filename=\"jobs.csv\"", err);
done:
    csv_out_release(&lines.csv);
    json_decref(columns.params);
    json_decref(columns.metrics);
    return rc;
}
