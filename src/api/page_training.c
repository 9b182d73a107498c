#include "api/page_training.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "api/answer.h"
#include "api/identity.h"
#include "api/page.h"
#include "model/model.h"
#include "store/jobs.h"
#include "train/run.h"
#include "worker/data_path.h"

enum { JOBS_SHOWN = 50, LABEL_BYTES = 64, NUMBER_BYTES = 32 };

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
    TRY(json_set(context, "error", json_text(state->problem != NULL ? state->problem : ""), err));
done:
    json_decref(types);
    json_decref(groups);
    return rc;
}

/* ---- the table of jobs ---- */

static int64_t now_in_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum err add_jobs(json_t *context, struct app *app, int64_t user_id, struct error *err)
{
    enum err rc;
    struct job_list list = {0};
    json_t *jobs = json_array();
    const int64_t now_ms = now_in_ms();
    const struct job_query query = {.user_id = user_id, .sort = SORT_CREATED, .limit = JOBS_SHOWN};
    TRY(job_list(app->store, &query, &list, err));
    for (int32_t i = 0; i < list.count; i++)
        TRY(json_append(jobs, page_job_fields(list.jobs[i], now_ms), err));
    TRY(json_set(context, "has_jobs", json_boolean(list.count > 0), err));
    TRY(json_set(context, "jobs", json_incref(jobs), err));
done:
    json_decref(jobs);
    job_list_release(&list);
    return rc;
}

static enum err add_sources(json_t *context, struct app *app, struct error *err)
{
    enum err rc;
    json_t *found = NULL;
    TRY(data_sources_list(app->config, &found, err));
    TRY(json_set(context, "sources", json_incref(json_object_get(found, "sources")), err));
done:
    json_decref(found);
    return rc;
}

enum err page_training(struct app *app, struct request *request, struct response *response,
                       const struct page_training *state, struct error *err)
{
    enum err rc;
    int64_t started;
    json_t *context = json_object();
    TRY(query_int(request, "started", 0, 1, INT64_MAX, &started, err));
    if (started != 0)
        TRY(json_set(context, "started", json_integer(started), err));
    TRY(add_form(context, state, err));
    TRY(add_sources(context, app, err));
    TRY(add_jobs(context, app, request_identity(request)->user_id, err));
    return page_answer(app, request, response, 200, "training", "Model Training", context, err);
done:
    json_decref(context);
    return rc;
}
