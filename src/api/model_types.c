/* What can be trained and how it is judged: the tables of model kinds, of the run's parameters and
 * of metrics, as they are. Forms, clients and comparisons are made from it. */
#include <stdio.h>
#include <string.h>

#include "api/identity.h"
#include "api/model_types.h"
#include "api/out.h"
#include "api/routes.h"
#include "eval/metrics.h"
#include "jobs/request.h"
#include "model/model.h"
#include "train/run.h"

enum { TITLE_SIZE = 64, CHOICE_SIZE = 64 };

static const char *const type_names[] = {
    [PARAM_INT] = "int", [PARAM_REAL] = "real", [PARAM_CHOICE] = "choice", [PARAM_TEXT] = "text"};

static void write_choices(struct json_out *out, const char *choices)
{
    char choice[CHOICE_SIZE];
    json_out_open(out, '[');
    while (*choices != '\0') {
        const size_t len = strcspn(choices, "|");
        snprintf(choice, sizeof(choice), "%.*s", (int)len, choices);
        json_out_text(out, choice);
        choices += len + (choices[len] == '|');
    }
    json_out_close(out, ']');
}

static void write_number(struct json_out *out, const struct param_info *info, double value)
{
    if (info->type == PARAM_INT)
        json_out_int(out, (int64_t)value);
    else
        json_out_real(out, value);
}

static void write_default(struct json_out *out, const struct param_info *info,
                          const struct param_value *value)
{
    if (!value->is_set)
        json_out_null(out);
    else if (info->type == PARAM_INT || info->type == PARAM_REAL)
        write_number(out, info, value->real);
    else
        json_out_text(out, value->text);
}

static void write_param(struct json_out *out, const struct param_info *info,
                        const struct param_value *value)
{
    const bool is_number = info->type == PARAM_INT || info->type == PARAM_REAL;
    json_out_open(out, '{');
    json_member_text(out, "name", info->name);
    json_member_text(out, "type", type_names[info->type]);
    json_out_key(out, "default");
    write_default(out, info, value);
    json_out_key(out, "min");
    if (is_number)
        write_number(out, info, info->min);
    else
        json_out_null(out);
    json_out_key(out, "max");
    if (is_number)
        write_number(out, info, info->max);
    else
        json_out_null(out);
    json_member_bool(out, "above_min", info->above_min);
    json_out_key(out, "choices");
    if (info->type == PARAM_CHOICE)
        write_choices(out, info->choices);
    else
        json_out_null(out);
    json_member_text(out, "help", info->help);
    json_out_close(out, '}');
}

static void write_params(struct json_out *out, const struct param_set *defaults)
{
    json_out_open(out, '[');
    for (int32_t i = 0; i < defaults->table->count; i++)
        write_param(out, &defaults->table->params[i], &defaults->values[i]);
    json_out_close(out, ']');
}

static void write_kind(struct json_out *out, const struct model_kind *kind)
{
    struct param_set defaults;
    params_init(&defaults, &kind->params);
    json_out_open(out, '{');
    json_member_text(out, "name", kind->name);
    json_member_text(out, "title", kind->title);
    json_member_text(out, "summary", kind->summary);
    json_member_bool(out, "personal", kind->personal);
    json_out_key(out, "params");
    write_params(out, &defaults);
    json_out_close(out, '}');
}

/* The title has the length of the lists in it, "Recall@%d": told as "Recall@k". */
static void write_metric(struct json_out *out, const struct metric *metric)
{
    char title[TITLE_SIZE];
    const char *length = strstr(metric->title, "%d");
    if (length != NULL)
        snprintf(title, sizeof(title), "%.*sk%s", (int)(length - metric->title), metric->title,
                 length + 2);
    else
        snprintf(title, sizeof(title), "%s", metric->title);
    json_out_open(out, '{');
    json_member_text(out, "name", metric->name);
    json_member_text(out, "title", title);
    json_member_text(out, "help", metric->help);
    json_member_bool(out, "higher_is_better", metric->higher_is_better);
    json_out_close(out, '}');
}

void model_types_write(struct json_out *out)
{
    struct param_set run;
    job_run_init(&run);
    json_out_open(out, '{');
    json_member_open(out, "model_types", '[');
    for (int32_t i = 0; i < model_kind_count(); i++)
        write_kind(out, model_kind_at(i));
    json_out_close(out, ']');
    json_out_key(out, "run_params");
    write_params(out, &run);
    json_member_open(out, "metrics", '[');
    for (int32_t i = 0; i < metric_count(); i++)
        write_metric(out, metric_at(i));
    json_out_close(out, ']');
    json_out_close(out, '}');
}

static enum err list_types(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    struct json_out out;
    (void)context;
    (void)request;
    out_begin(&out, OUT_FIRST_BYTES, err);
    model_types_write(&out);
    return response_out_tagged(response, &out, err);
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/api/v1/model_types", .handle = list_types},
};
const struct route_group model_types_routes = {routes, sizeof(routes) / sizeof(routes[0])};
