#include "api/model_out.h"

#include <string.h>

#include "api/model_files.h"
#include "base/json.h"
#include "jobs/job.h"

/* "a,b" as a list of texts; NULL: an empty one. */
static void out_list(struct json_out *out, const char *key, const char *words)
{
    char word[MODEL_TAG_MAX + 1];
    json_member_open(out, key, '[');
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

/* A stored text as a value; NULL where there is none, or `out` has failed. */
static json_t *read_stored(struct json_out *out, const char *what, const char *text)
{
    json_t *value = NULL;
    if (out->rc == ERR_OK)
        out->rc = json_read_stored(what, text, &value, out->err);
    return value;
}

/* Of the run's parameters: the length of the lists that the model was judged on, and the seed. */
static void out_run(struct json_out *out, const struct model_record *model)
{
    json_t *run = read_stored(out, "run", model->run_json);
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
    json_member_int(out, "model_id", model->model_id);
    json_member_text(out, "name", model->name);
    json_member_int(out, "version", model->version);
    json_member_text(out, "ref", model_ref_of(model->name, model->version, ref));
    out_list(out, "aliases", model->aliases);
    json_member_int(out, "job_id", model->job_id);
    json_member_text(out, "job_name", model->job_name);
    json_member_text(out, "source", model->source);
    json_member_text(out, "model_type", model->model_type);
}

void model_out(struct json_out *out, const struct model_record *model, const char *result_json)
{
    const char *program = model->program_version;
    json_t *result = read_stored(out, "result", result_json);
    if (program == NULL) /* of models that were made before it was kept */
        program = json_string_value(json_object_get(result, "version"));
    json_out_open(out, '{');
    out_identity(out, model);
    json_member_text(out, "path", model->path);
    json_member_text(out, "file_name", saved_model_name(model->path));
    json_member_int(out, "size_bytes", model->size_bytes);
    json_member_text(out, "sha256", model->sha256);
    job_write_time(out, "created_at", model->created_ms);
    json_member_raw(out, "metrics", model->metrics_json);
    json_member_raw(out, "params", model->params_json);
    out_run(out, model);
    json_member_text(out, "program_version", program);
    json_member_text(out, "note", model->note);
    out_list(out, "tags", model->tags);
    if (result_json != NULL) {
        json_member_raw(out, "popular_metrics", model->popular_metrics_json);
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
    json_member_text(out, "name", name->name);
    job_write_time(out, "created_at", name->created_ms);
    json_member_int(out, "versions", name->versions);
    json_member_nonzero(out, "latest_version", name->latest_version);
    json_member_bool(out, "gate", name->gate);
    json_member_real(out, "margin", name->margin);
    json_member_open(out, "aliases", '[');
    for (int32_t i = 0; i < list->alias_count; i++) {
        const struct registry_alias *alias = list->aliases[i];
        if (alias->name_id != name->name_id)
            continue;
        json_out_open(out, '{');
        json_member_text(out, "alias", alias->alias);
        json_member_int(out, "version", alias->version);
        json_member_int(out, "model_id", alias->model_id);
        job_write_time(out, "since", alias->since_ms);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
    json_out_close(out, '}');
}

void move_out(struct json_out *out, const struct alias_move *move)
{
    json_out_open(out, '{');
    json_member_int(out, "move_id", move->move_id);
    json_member_text(out, "name", move->name);
    json_member_text(out, "alias", move->alias);
    json_member_text(out, "kind", move->kind);
    json_member_nonzero(out, "from_version", move->from_version);
    json_member_nonzero(out, "to_version", move->to_version);
    json_member_nonzero(out, "from_model_id", move->from_model_id);
    json_member_nonzero(out, "to_model_id", move->to_model_id);
    json_member_text(out, "by", move->by);
    json_member_bool(out, "overridden", move->is_overridden);
    json_member_text(out, "reason", move->reason);
    json_member_raw(out, "verdict", move->verdict_json);
    job_write_time(out, "at", move->at_ms);
    json_out_close(out, '}');
}
