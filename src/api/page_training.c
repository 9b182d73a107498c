#include "api/page_training.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "api/answer.h"
#include "api/identity.h"
#include "api/page.h"
#include "api/page_texts.h"
#include "base/memory.h"
#include "model/model.h"
#include "store/jobs.h"
#include "train/run.h"
#include "worker/data_path.h"

enum { JOBS_SHOWN = 50, LABEL_BYTES = 64, NUMBER_BYTES = 32 };
#define SOURCES_AGE_S 2.0
#define FORM_AGE_S 1e9

/* ---- the form, from the tables ---- */

static const char *typed(const struct page_training *state, const char *name)
{
    const char *value = state->fields != NULL ? form_get(state->fields, name) : NULL;
    return value != NULL ? value : "";
}

static const char *error_of(const struct page_training *state, const char *name)
{
    for (int32_t i = 0; state->errors != NULL && i < state->errors->count; i++)
        if (strcmp(state->errors->errors[i].name, name) == 0)
            return state->errors->errors[i].message;
    return "";
}

/* "eval_days" → "Eval days" */
static const char *label_of(const char *name, char out[LABEL_BYTES])
{
    snprintf(out, LABEL_BYTES, "%s", name);
    out[0] = (char)toupper((unsigned char)out[0]);
    for (char *c = out; *c != '\0'; c++)
        if (*c == '_')
            *c = ' ';
    return out;
}

static enum err add_choices(json_t *field, const struct param_info *param, const char *value,
                            struct error *err)
{
    enum err rc = ERR_OK;
    json_t *choices = json_array();
    const char *chosen = value[0] != '\0' ? value : param->initial;
    for (const char *at = param->choices; *at != '\0';) {
        const size_t len = strcspn(at, "|");
        const bool is_chosen =
            chosen != NULL && strlen(chosen) == len && memcmp(chosen, at, len) == 0;
        TRY(json_append(
            choices, json_pack("{s:o,s:b}", "value", json_stringn(at, len), "selected", is_chosen),
            err));
        at += len + (at[len] == '|');
    }
    return json_set(field, "choices", choices, err);
done:
    json_decref(choices);
    return rc;
}

static enum err add_range(json_t *field, const struct param_info *param, struct error *err)
{
    enum err rc;
    char text[NUMBER_BYTES];
    if (!param->above_min) { /* a form cannot say "greater than" */
        snprintf(text, sizeof(text), "%.16g", param->min);
        TRY(json_set(field, "min", json_string(text), err));
    }
    snprintf(text, sizeof(text), "%.16g", param->max);
    TRY(json_set(field, "max", json_string(text), err));
    TRY(json_set(field, "step", json_string(param->type == PARAM_INT ? "1" : "any"), err));
done:
    return rc;
}

static enum err add_field(json_t *fields, const struct param_info *param,
                          const struct page_training *state, struct error *err)
{
    enum err rc;
    char label[LABEL_BYTES];
    const bool is_number = param->type == PARAM_INT || param->type == PARAM_REAL;
    const char *value = typed(state, param->name);
    json_t *field = json_pack(
        "{s:s,s:s,s:s,s:s,s:o,s:s,s:s,s:[],s:s,s:s,s:s}", "name", param->name, "label",
        label_of(param->name, label), "help", param->help, "type", is_number ? "number" : "text",
        "value", json_text(value), "placeholder", param->initial != NULL ? param->initial : "",
        "error", error_of(state, param->name), "choices", "min", "", "max", "", "step", "");
    if (field == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for a form");
    if (is_number)
        TRY(add_range(field, param, err));
    if (param->type == PARAM_CHOICE)
        TRY(add_choices(field, param, value, err));
    return json_append(fields, field, err);
done:
    json_decref(field);
    return rc;
}

static enum err add_group(json_t *groups, const char *title, bool is_run,
                          const struct param_table *table, const struct page_training *state,
                          struct error *err)
{
    enum err rc = ERR_OK;
    json_t *fields = json_array();
    for (int32_t i = 0; i < table->count; i++)
        TRY(add_field(fields, &table->params[i], state, err));
    return json_append(
        groups, json_pack("{s:s,s:b,s:o}", "title", title, "is_run", is_run, "fields", fields),
        err);
done:
    json_decref(fields);
    return rc;
}

/* The types to choose from, and the parameters of each. */
static enum err add_form(json_t *context, const struct page_training *state, struct error *err)
{
    enum err rc = ERR_OK;
    const char *chosen = typed(state, "model_type");
    json_t *types = json_array(), *groups = json_array();
    for (int32_t i = 0; i < model_kind_count(); i++) {
        const struct model_kind *kind = model_kind_at(i);
        const bool is_chosen =
            chosen[0] != '\0' ? strcmp(chosen, kind->name) == 0 : i == model_kind_count() - 1;
        TRY(json_append(types,
                        json_pack("{s:s,s:s,s:s,s:b}", "name", kind->name, "title", kind->title,
                                  "summary", kind->summary, "checked", is_chosen),
                        err));
        if (kind->params.count > 0)
            TRY(add_group(groups, kind->title, false, &kind->params, state, err));
    }
    TRY(add_group(groups, "Advanced", true, &run_param_table, state, err));
    TRY(json_set(context, "types", json_incref(types), err));
    TRY(json_set(context, "groups", json_incref(groups), err));
    TRY(json_set(context, "data_path", json_text(typed(state, "data_path")), err));
    TRY(json_set(context, "data_path_error", json_text(error_of(state, "data_path")), err));
    TRY(json_set(context, "job_name", json_text(typed(state, "name")), err));
done:
    json_decref(types);
    json_decref(groups);
    return rc;
}

/* ---- the table of jobs ---- */

enum row_field {
    FIELD_STATUS,
    FIELD_RUNNING,
    FIELD_PROGRESS,
    FIELD_ID,
    FIELD_NAME,
    FIELD_DESCRIPTION,
    FIELD_DATA_PATH,
    FIELD_RECALL,
    FIELD_PRECISION,
    FIELD_F1,
    FIELD_DURATION,
    FIELD_CREATED,
    JOB_FIELDS,
};
static const char *const job_field_names[JOB_FIELDS] = {
    "status_text", "is_running", "progress_percent", "job_id", "name",     "description",
    "data_path",   "recall",     "precision",        "f1",     "duration", "created"};

static int64_t now_in_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The newest jobs, as rows of the template. */
struct job_rows {
    struct job_list list;
    struct page_job_texts texts[JOBS_SHOWN];
    const char *values[JOBS_SHOWN][JOB_FIELDS];
    struct template_rows rows;
};

static void take_job(struct job_rows *rows, int32_t at, int64_t now_ms)
{
    const struct job *job = rows->list.jobs[at];
    struct page_job_texts *texts = &rows->texts[at];
    page_job_texts(job, now_ms, texts);
    const char *values[JOB_FIELDS] = {
        [FIELD_STATUS] = texts->status,
        [FIELD_RUNNING] = job_status_is_active(job->status) ? "1" : NULL,
        [FIELD_PROGRESS] = texts->progress,
        [FIELD_ID] = texts->job_id,
        [FIELD_NAME] = job->name,
        [FIELD_DESCRIPTION] = texts->description,
        [FIELD_DATA_PATH] = job->data_path,
        [FIELD_RECALL] = texts->recall,
        [FIELD_PRECISION] = texts->precision,
        [FIELD_F1] = texts->f1,
        [FIELD_DURATION] = texts->duration,
        [FIELD_CREATED] = texts->created,
    };
    memcpy(rows->values[at], values, sizeof(values));
}

static enum err read_jobs(struct app *app, int64_t user_id, struct job_rows *rows,
                          struct error *err)
{
    enum err rc;
    const int64_t now_ms = now_in_ms();
    const struct job_query query = {.user_id = user_id, .sort = SORT_CREATED, .limit = JOBS_SHOWN};
    TRY(job_list(app->store, &query, &rows->list, err));
    for (int32_t i = 0; i < rows->list.count; i++)
        take_job(rows, i, now_ms);
    rows->rows = (struct template_rows){.name = "jobs",
                                        .fields = job_field_names,
                                        .values = rows->values[0],
                                        .field_count = JOB_FIELDS,
                                        .count = rows->list.count};
done:
    return rc;
}

/* What may be chosen. A look at all directories is kept for a moment. */
static enum err add_sources(json_t *context, struct app *app, struct error *err)
{
    enum err rc = ERR_OK;
    json_t *found = pages_kept(app->pages, "sources", SOURCES_AGE_S);
    if (found == NULL) {
        TRY(data_sources_list(app->config, &found, err));
        pages_keep(app->pages, "sources", found);
    }
    TRY(json_set(context, "sources", json_incref(json_object_get(found, "sources")), err));
done:
    json_decref(found);
    return rc;
}

/* The form as HTML. The empty one is the same for everybody, always. */
static enum err add_form_html(json_t *context, struct app *app, const struct page_training *state,
                              struct error *err)
{
    enum err rc = ERR_OK;
    const bool is_empty = state->fields == NULL && state->errors == NULL && state->problem == NULL;
    json_t *html = is_empty ? pages_kept(app->pages, "training_form", FORM_AGE_S) : NULL;
    json_t *form = NULL;
    if (html == NULL) {
        if ((form = json_object()) == NULL) {
            rc = FAIL(err, ERR_NOMEM, "out of memory for a form");
            goto done;
        }
        TRY(add_form(form, state, err));
        TRY(page_part(app, "training_form", form, &html, err));
        if (is_empty)
            pages_keep(app->pages, "training_form", html);
    }
    TRY(json_set(context, "form", json_incref(html), err));
    TRY(json_set(context, "error", json_text(state->problem != NULL ? state->problem : ""), err));
done:
    json_decref(html);
    json_decref(form);
    return rc;
}

enum err page_training(struct app *app, struct request *request, struct response *response,
                       const struct page_training *state, struct error *err)
{
    enum err rc;
    int64_t started;
    struct job_rows *jobs = NULL;
    struct page page = {.status = 200, .name = "training", .title = "Model Training"};
    json_t *context = json_object();
    TRY(query_int(request, "started", 0, 1, INT64_MAX, &started, err));
    if (started != 0)
        TRY(json_set(context, "started", json_integer(started), err));
    TRY(add_form_html(context, app, state, err));
    TRY(add_sources(context, app, err));
    TRY_PTR(jobs = mem_plain(sizeof(*jobs), err));
    jobs->list = (struct job_list){0};
    TRY(read_jobs(app, request_identity(request)->user_id, jobs, err));
    TRY(json_set(context, "has_jobs", json_boolean(jobs->list.count > 0), err));
    page.rows = &jobs->rows;
    page.context = context;
    context = NULL;
    rc = page_show(app, request, response, &page, err);
done:
    if (jobs != NULL)
        job_list_release(&jobs->list);
    mem_free(jobs);
    json_decref(context);
    return rc;
}
