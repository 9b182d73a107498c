#include "api/model_out.h"

#include <string.h>

#include "api/model_files.h"
#include "base/json.h"
#include "jobs/job.h"

static void out_text(struct json_out *out, const char *key, const char *text)
{
    json_out_key(out, key);
    json_out_text(out, text);
}

static void out_int(struct json_out *out, const char *key, int64_t value)
{
    json_out_key(out, key);
    json_out_int(out, value);
}

static void out_raw(struct json_out *out, const char *key, const char *text)
{
    json_out_key(out, key);
    json_out_raw(out, key, text);
}

static void out_time(struct json_out *out, const char *key, int64_t time_ms)
{
    char text[JOB_TIME_SIZE];
    out_text(out, key, job_time_rfc3339(time_ms, text));
}

/* 0 is null. */
static void out_id(struct json_out *out, const char *key, int64_t id)
{
    json_out_key(out, key);
    if (id != 0)
        json_out_int(out, id);
    else
        json_out_null(out);
}

/* "a,b" as a list of texts; NULL: an empty one. */
static void out_list(struct json_out *out, const char *key, const char *words)
{
    char word[MODEL_TAG_MAX + 1];
    json_out_key(out, key);
    json_out_open(out, '[');
    while (words != NULL && words[0] != '\0') {
        const size_t len = strcspn(words, ",");
        const size_t kept = len < sizeof(word) ? len : sizeof(word) - 1;
        memcpy(word, words, kept);
        word[kept] = '\0';
        json_out_text(out, word);
        words += len + (words[len] == ',');
    }
    json_out_close(out, ']');
}

static void out_whole_number(struct json_out *out, const char *key, const json_t *value)
{
    json_out_key(out, key);
    if (json_is_integer(value))
        json_out_int(out, json_integer_value(value));
    else
        json_out_null(out);
}

/* Of the run's parameters: the length of the lists that the model was judged on, and the seed. */
static void out_run(struct json_out *out, const struct model_record *model)
{
    json_t *run = json_loads(model->run_json, 0, NULL);
    out_whole_number(out, "k", json_object_get(run, "k"));
    out_whole_number(out, "seed", json_object_get(run, "seed"));
    json_decref(run);
}

/* A member of the result; null where there is none. */
static void out_member(struct json_out *out, const json_t *result, const char *key)
{
    struct strbuf text;
    const json_t *value = json_object_get(result, key);
    json_out_key(out, key);
    if (json_is_string(value)) {
        json_out_text(out, json_string_value(value));
        return;
    }
    strbuf_init(&text, JOB_RESULT_MAX);
    if (out->rc == ERR_OK && value != NULL)
        out->rc = json_write(value, 0, &text, out->err);
    json_out_raw(out, key, text.ptr);
    strbuf_release(&text);
}

static void out_identity(struct json_out *out, const struct model_record *model)
{
    char ref[MODEL_REF_SIZE];
    out_int(out, "model_id", model->model_id);
    out_text(out, "name", model->name);
    out_int(out, "version", model->version);
    out_text(out, "ref", model_ref_of(model->name, model->version, ref));
    out_list(out, "aliases", model->aliases);
    out_int(out, "job_id", model->job_id);
    out_text(out, "job_name", model->job_name);
    out_text(out, "source", model->source);
    out_text(out, "model_type", model->model_type);
}

void model_out(struct json_out *out, const struct model_record *model, const char *result_json)
{
    const char *program = model->program_version;
    json_t *result = result_json != NULL ? json_loads(result_json, 0, NULL) : NULL;
    if (program == NULL) /* of models that were made before it was kept */
        program = json_string_value(json_object_get(result, "version"));
    json_out_open(out, '{');
    out_identity(out, model);
    out_text(out, "path", model->path);
    out_text(out, "file_name", saved_model_name(model->path));
    out_int(out, "size_bytes", model->size_bytes);
    out_text(out, "sha256", model->sha256);
    out_time(out, "created_at", model->created_ms);
    out_raw(out, "metrics", model->metrics_json);
    out_raw(out, "params", model->params_json);
    out_run(out, model);
    out_text(out, "program_version", program);
    out_text(out, "note", model->note);
    out_list(out, "tags", model->tags);
    if (result_json != NULL) {
        out_raw(out, "popular_metrics", model->popular_metrics_json);
        out_member(out, result, "holdout_sha256");
        out_member(out, result, "data");
    }
    json_out_close(out, '}');
    json_decref(result);
}

void name_out(struct json_out *out, const struct registry_list *list, int32_t index)
{
    const struct registry_name *name = list->names[index];
    json_out_open(out, '{');
    out_text(out, "name", name->name);
    out_time(out, "created_at", name->created_ms);
    out_int(out, "versions", name->versions);
    out_id(out, "latest_version", name->latest_version);
    json_out_key(out, "gate");
    json_out_bool(out, name->gate);
    json_out_key(out, "margin");
    json_out_real(out, name->margin);
    json_out_key(out, "aliases");
    json_out_open(out, '[');
    for (int32_t i = 0; i < list->alias_count; i++) {
        const struct registry_alias *alias = list->aliases[i];
        if (alias->name_id != name->name_id)
            continue;
        json_out_open(out, '{');
        out_text(out, "alias", alias->alias);
        out_int(out, "version", alias->version);
        out_int(out, "model_id", alias->model_id);
        out_time(out, "since", alias->since_ms);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
    json_out_close(out, '}');
}

void move_out(struct json_out *out, const struct alias_move *move)
{
    json_out_open(out, '{');
    out_int(out, "move_id", move->move_id);
    out_text(out, "name", move->name);
    out_text(out, "alias", move->alias);
    out_text(out, "kind", move->kind);
    out_id(out, "from_version", move->from_version);
    out_id(out, "to_version", move->to_version);
    out_id(out, "from_model_id", move->from_model_id);
    out_id(out, "to_model_id", move->to_model_id);
    out_text(out, "by", move->by);
    json_out_key(out, "overridden");
    json_out_bool(out, move->is_overridden);
    out_text(out, "reason", move->reason);
    out_raw(out, "verdict", move->verdict_json);
    out_time(out, "at", move->at_ms);
    json_out_close(out, '}');
}
