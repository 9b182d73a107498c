/* The spec of a child, the writer of its lines, and lines out of bytes; protocol_line.c reads the
 * lines. */
#include "worker/protocol.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "jobs/problem.h"
#include "jobs/status.h"

/* ---- the spec ---- */

static const char *const task_names[] = {[CHILD_TRAIN] = "train",
                                         [CHILD_CHECK] = "check",
                                         [CHILD_PREDICT] = "predict",
                                         [CHILD_INSPECT] = "inspect",
                                         [CHILD_HITS] = "hits"};
enum { TASKS = sizeof(task_names) / sizeof(task_names[0]) };

/* Those that read a file that came from elsewhere: there is no request. */
static bool is_look(enum child_task task)
{
    return task == CHILD_INSPECT || task == CHILD_HITS;
}

static enum err request_to_json(const struct job_request *request, json_t **ret_json,
                                struct error *err)
{
    enum err rc;
    json_t *json = json_object(), *params, *run;
    if (json == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for a spec");
    TRY(json_set(json, "model_type", json_string(request->kind->name), err));
    TRY(json_set(json, "data_path", json_text(request->data_path), err));
    TRY(json_set(json, "params", params = json_object(), err));
    TRY(params_to_json(&request->params, params, err));
    TRY(json_set(json, "run", run = json_object(), err));
    TRY(params_to_json(&request->run, run, err));
    *ret_json = json;
    return ERR_OK;
done:
    json_decref(json);
    return rc;
}

static enum err prediction_to_json(const struct child_prediction *prediction, json_t **ret_json,
                                   struct error *err)
{
    enum err rc;
    json_t *json = json_object();
    const char *users = prediction_users_name(prediction->users), *list = prediction->list_name;
    TRY(json_set(json, "users", json_string(users), err));
    TRY(json_set(json, "k", json_integer(prediction->k), err));
    TRY(json_set(json, "with_seen", json_boolean(prediction->with_seen), err));
    TRY(json_set(json, "is_csv", json_boolean(prediction->is_csv), err));
    TRY(json_set(json, "list_name", list != NULL ? json_text(list) : json_null(), err));
    TRY(json_set(json, "column", json_text(prediction->column), err));
    TRY(json_set(json, "file_name", json_text(prediction->file_name), err));
    *ret_json = json;
    return ERR_OK;
done:
    json_decref(json);
    return rc;
}

enum err child_spec_write(const struct child_spec *spec, struct strbuf *out, struct error *err)
{
    enum err rc;
    json_t *json = json_object(), *request = NULL;
    if (json == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for a spec");
    if (spec->task == CHILD_PREDICT)
        TRY(prediction_to_json(&spec->prediction, &request, err));
    else if (is_look(spec->task))
        request = json_null();
    else
        TRY(request_to_json(&spec->request, &request, err));
    TRY(json_set(json, "task", json_string(task_names[spec->task]), err));
    TRY(json_set(json, "parent", json_integer(spec->parent), err));
    TRY(json_set(json, "job_id", json_integer(spec->job_id), err));
    TRY(json_set(json, "attempt", json_integer(spec->attempt), err));
    TRY(json_set(json, "pattern", spec->pattern != NULL ? json_text(spec->pattern) : json_null(),
                 err));
    TRY(json_set(json, "has_above", json_boolean(spec->has_above), err));
    TRY(json_set(json, "output_directory",
                 spec->output_directory != NULL ? json_text(spec->output_directory) : json_null(),
                 err));
    TRY(json_set(json, "memory_bytes", json_integer(spec->memory_bytes), err));
    TRY(json_set(json, "cpu_seconds", json_integer(spec->cpu_seconds), err));
    TRY(json_set(json, "request", json_incref(request), err));
    TRY(json_write(json, 0, out, err));
done:
    json_decref(request);
    json_decref(json);
    return rc;
}

/* Whole numbers of 0 and above; texts or null. */
static enum err take_fields(const json_t *json, struct child_spec *spec, struct error *err)
{
    const struct {
        const char *name;
        int64_t *value;
    } numbers[] = {
        {"job_id", &spec->job_id},
        {"attempt", &spec->attempt},
        {"memory_bytes", &spec->memory_bytes},
        {"cpu_seconds", &spec->cpu_seconds},
    };
    const struct {
        const char *name;
        const char **value;
    } texts[] = {{"pattern", &spec->pattern}, {"output_directory", &spec->output_directory}};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const json_t *value = json_object_get(json, numbers[i].name);
        if (!json_is_integer(value) || json_integer_value(value) < 0)
            return FAIL(err, ERR_CORRUPT, "the spec's %s is no number", numbers[i].name);
        *numbers[i].value = json_integer_value(value);
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const json_t *value = json_object_get(json, texts[i].name);
        if (!json_is_null(value) && !json_is_string(value))
            return FAIL(err, ERR_CORRUPT, "the spec's %s is no text", texts[i].name);
        *texts[i].value = json_string_value(value);
    }
    return ERR_OK;
}

static enum err take_prediction(const json_t *json, struct child_prediction *out, struct error *err)
{
    const char *users = json_string_value(json_object_get(json, "users"));
    const json_t *k = json_object_get(json, "k"), *list = json_object_get(json, "list_name");
    const json_t *seen = json_object_get(json, "with_seen"), *csv = json_object_get(json, "is_csv");
    int found = 0;
    while (
        found <= PREDICTION_LIST &&
        (users == NULL || strcmp(prediction_users_name((enum prediction_users)found), users) != 0))
        found++;
    *out = (struct child_prediction){
        .users = (enum prediction_users)found,
        .k = (int32_t)json_integer_value(k),
        .with_seen = json_is_true(seen),
        .is_csv = json_is_true(csv),
        .list_name = json_string_value(list),
        .column = json_string_value(json_object_get(json, "column")),
        .file_name = json_string_value(json_object_get(json, "file_name")),
    };
    if (found > PREDICTION_LIST || !json_is_boolean(seen) || !json_is_boolean(csv) ||
        !json_is_integer(k) || json_integer_value(k) < 1 ||
        json_integer_value(k) > PREDICTION_K_MAX || out->column == NULL || out->file_name == NULL ||
        strchr(out->file_name, '/') != NULL || !(json_is_null(list) || json_is_string(list)))
        return FAIL(err, ERR_CORRUPT, "the spec's prediction is none");
    return ERR_OK;
}

static enum err take_spec(const json_t *json, struct child_spec *spec, struct error *err)
{
    enum err rc;
    struct job_field_errors *wrong = NULL;
    const char *task = json_string_value(json_object_get(json, "task"));
    const json_t *parent = json_object_get(json, "parent");
    const json_t *above = json_object_get(json, "has_above");
    int found = 0;
    while (found < TASKS && (task == NULL || strcmp(task_names[found], task) != 0))
        found++;
    if (found == TASKS)
        return FAIL(err, ERR_CORRUPT, "the spec has no task");
    spec->task = (enum child_task)found;
    if (!json_is_integer(parent) || json_integer_value(parent) < 0 ||
        json_integer_value(parent) > INT32_MAX || !json_is_boolean(above))
        return FAIL(err, ERR_CORRUPT, "the spec has no parent");
    spec->parent = (pid_t)json_integer_value(parent);
    spec->has_above = json_is_true(above);
    TRY(take_fields(json, spec, err));
    if (is_look(spec->task))
        return ERR_OK;
    if (spec->task != CHILD_CHECK && spec->output_directory == NULL)
        return FAIL(err, ERR_CORRUPT, "the spec has no output directory");
    if (spec->task == CHILD_PREDICT)
        return take_prediction(json_object_get(json, "request"), &spec->prediction, err);
    TRY_PTR(wrong = mem_array(1, sizeof(*wrong), err));
    TRY(job_request_check_json(json_object_get(json, "request"), &spec->request, wrong, err));
done:
    mem_free(wrong);
    return rc;
}

enum err child_spec_parse(const char *text, size_t size, struct child_spec *ret_spec,
                          struct error *err)
{
    struct child_spec spec = {0};
    struct error about = {.message = ""};
    if (size > CHILD_SPEC_MAX)
        return FAIL(err, ERR_CORRUPT, "the spec is longer than %d bytes", CHILD_SPEC_MAX);
    enum err rc = json_read(text, size, JSON_REJECT_DUPLICATES, &spec.json, &about);
    if (rc == ERR_NOMEM)
        return FAIL(err, rc, "%s", about.message);
    if (!json_is_object(spec.json)) {
        json_decref(spec.json);
        return FAIL(err, ERR_CORRUPT, "the spec is no JSON object: %.100s", about.message);
    }
    rc = take_spec(spec.json, &spec, err);
    if (rc != ERR_OK) {
        json_decref(spec.json);
        return rc;
    }
    *ret_spec = spec;
    return ERR_OK;
}

void child_spec_release(struct child_spec *spec)
{
    json_decref(spec->json);
    *spec = (struct child_spec){0};
}

/* ---- the writer ---- */

/* Write the object as a line; takes it over. */
static enum err put(struct strbuf *out, json_t *json, struct error *err)
{
    enum err rc;
    if (json == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for a line");
    TRY(json_write(json, 0, out, err));
    TRY(strbuf_add(out, "\n", 1, err));
done:
    json_decref(json);
    return rc;
}

/* A message as JSON: at most CHILD_TEXT_MAX bytes of UTF-8. */
static json_t *message_json(const char *message)
{
    char text[CHILD_TEXT_MAX + 1];
    size_t used = 0;
    while (message[used] != '\0') {
        const size_t length = text_utf8_length(message + used);
        const size_t step = length > 0 ? length : 1;
        if (used + 3 * step > CHILD_TEXT_MAX) /* a bad byte becomes three */
            break;
        used += step;
    }
    memcpy(text, message, used);
    text[used] = '\0';
    return json_text(text);
}

enum err child_put_note(struct strbuf *out, enum log_level level, const char *message,
                        struct error *err)
{
    return put(out,
               json_pack("{s:s, s:s, s:o}", "event", "note", "level", log_level_name(level),
                         "message", message_json(message)),
               err);
}

enum err child_put_phase(struct strbuf *out, enum progress_phase phase, struct error *err)
{
    return put(out, json_pack("{s:s, s:s}", "event", "phase", "phase", job_phase_name(phase)), err);
}

enum err child_put_update(struct strbuf *out, const struct progress_update *update,
                          struct error *err)
{
    if (update->message != NULL)
        return put(
            out,
            json_pack("{s:s, s:o}", "event", "warning", "message", message_json(update->message)),
            err);
    if (update->iteration > 0)
        return put(out,
                   json_pack("{s:s, s:i, s:o, s:o, s:o, s:o}", "event", "iteration", "iteration",
                             update->iteration, "total", json_number(update->total), "loss",
                             json_number(update->loss), "seconds", json_number(update->seconds),
                             "recall", json_number(update->recall)),
                   err);
    return put(out,
               json_pack("{s:s, s:s, s:o, s:o}", "event", "progress", "phase",
                         job_phase_name(update->phase), "done", json_number(update->done), "total",
                         json_number(update->total)),
               err);
}

enum err child_put_result(struct strbuf *out, json_t *result, struct error *err)
{
    return put(out, json_pack("{s:s, s:O}", "event", "result", "result", result), err);
}

enum err child_put_error(struct strbuf *out, const struct error *failure, struct error *err)
{
    return put(out,
               json_pack("{s:s, s:s, s:s, s:s, s:o}", "event", "error", "error",
                         error_code_name(failure->code), "code", job_problem_code(failure),
                         "reason", failure->reason, "message", message_json(failure->message)),
               err);
}

/* ---- bytes → lines ---- */

void line_reader_init(struct line_reader *reader, size_t line_max)
{
    *reader = (struct line_reader){0};
    strbuf_init(&reader->bytes, line_max);
}

void line_reader_release(struct line_reader *reader)
{
    strbuf_release(&reader->bytes);
    reader->begin = 0;
}

enum err line_reader_add(struct line_reader *reader, const char *bytes, size_t size,
                         struct error *err)
{
    struct strbuf *held = &reader->bytes;
    if (reader->begin > 0) {
        held->len -= reader->begin;
        memmove(held->ptr, held->ptr + reader->begin, held->len);
        reader->begin = 0;
    }
    const enum err rc = strbuf_add(held, bytes, size, err);
    if (rc == ERR_INVALID)
        return FAIL(err, ERR_CORRUPT, "a line is longer than %zu bytes", held->cap);
    return rc;
}

bool line_reader_next(struct line_reader *reader, struct str *ret_line)
{
    if (reader->bytes.len == reader->begin)
        return false;
    const char *begin = reader->bytes.ptr + reader->begin;
    const char *end = memchr(begin, '\n', reader->bytes.len - reader->begin);
    if (end == NULL)
        return false;
    *ret_line = (struct str){begin, (size_t)(end - begin)};
    reader->begin += ret_line->len + 1;
    return true;
}
