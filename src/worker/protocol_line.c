/* The strict reader of a child's lines: one function an event, each with all of its fields. */
#include <math.h>
#include <string.h>

#include "jobs/problem.h"
#include "jobs/status.h"
#include "worker/protocol.h"

static enum err bad(const char *field, struct error *err)
{
    return FAIL(err, ERR_CORRUPT, "the child's line has no good %s", field);
}

static enum err take_text(const json_t *json, const char *name, size_t max, const char **ret_text,
                          struct error *err)
{
    const json_t *value = json_object_get(json, name);
    if (!json_is_string(value) || json_string_length(value) > max ||
        strlen(json_string_value(value)) != json_string_length(value))
        return bad(name, err);
    *ret_text = json_string_value(value);
    return ERR_OK;
}

/* A finite number of 0 and above; `or_null`: null is NAN, and below 0 is fine. */
static enum err take_number(const json_t *json, const char *name, bool or_null, double *ret_value,
                            struct error *err)
{
    const json_t *value = json_object_get(json, name);
    if (or_null && json_is_null(value)) {
        *ret_value = NAN;
        return ERR_OK;
    }
    const double number = json_number_value(value);
    if (!json_is_number(value) || !isfinite(number) || (!or_null && number < 0))
        return bad(name, err);
    *ret_value = number;
    return ERR_OK;
}

static enum err take_phase(const json_t *json, struct child_line *line, struct error *err)
{
    const char *name = json_string_value(json_object_get(json, "phase"));
    if (name == NULL || !job_phase_find(name, &line->phase))
        return bad("phase", err);
    return ERR_OK;
}

static enum err read_note(const json_t *json, struct child_line *line, struct error *err)
{
    const char *name = json_string_value(json_object_get(json, "level"));
    if (name == NULL)
        return bad("level", err);
    line->level = log_level_find(name);
    if (strcmp(log_level_name(line->level), name) != 0)
        return bad("level", err);
    return take_text(json, "message", CHILD_TEXT_MAX, &line->message, err);
}

static enum err read_phase(const json_t *json, struct child_line *line, struct error *err)
{
    return take_phase(json, line, err);
}

static enum err read_progress(const json_t *json, struct child_line *line, struct error *err)
{
    enum err rc;
    TRY(take_phase(json, line, err));
    TRY(take_number(json, "done", false, &line->done, err));
    TRY(take_number(json, "total", false, &line->total, err));
done:
    return rc;
}

static enum err read_iteration(const json_t *json, struct child_line *line, struct error *err)
{
    enum err rc;
    const json_t *number = json_object_get(json, "iteration");
    if (!json_is_integer(number) || json_integer_value(number) < 1 ||
        json_integer_value(number) > INT32_MAX)
        return bad("iteration", err);
    line->iteration = (int32_t)json_integer_value(number);
    TRY(take_number(json, "total", false, &line->total, err));
    TRY(take_number(json, "loss", true, &line->loss, err));
    TRY(take_number(json, "seconds", true, &line->seconds, err));
    TRY(take_number(json, "recall", true, &line->recall, err));
done:
    return rc;
}

static enum err read_warning(const json_t *json, struct child_line *line, struct error *err)
{
    return take_text(json, "message", CHILD_TEXT_MAX, &line->message, err);
}

static enum err read_result(const json_t *json, struct child_line *line, struct error *err)
{
    line->result = json_object_get(json, "result");
    return json_is_object(line->result) ? ERR_OK : bad("result", err);
}

/* The error's code by its name; false: there is none of that name, or it says that all is well. */
static bool find_error(const char *name, enum err *ret_code)
{
    static const enum err codes[] = {
#define X(code, status, text) ERR_##code,
        ERROR_CODES(X)
#undef X
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i] != ERR_OK && strcmp(error_code_name(codes[i]), name) == 0) {
            *ret_code = codes[i];
            return true;
        }
    }
    return false;
}

static enum err read_error(const json_t *json, struct child_line *line, struct error *err)
{
    enum err rc;
    const char *error, *code;
    TRY(take_text(json, "error", CHILD_REASON_MAX, &error, err));
    TRY(take_text(json, "code", CHILD_REASON_MAX, &code, err));
    TRY(take_text(json, "reason", CHILD_REASON_MAX, &line->reason, err));
    TRY(take_text(json, "message", CHILD_TEXT_MAX, &line->message, err));
    if (!find_error(error, &line->error))
        return bad("error", err);
    line->code = job_problem_find(code)->code;
done:
    return rc;
}

static const struct {
    const char *name;
    size_t fields; /* with "event" */
    enum err (*read)(const json_t *json, struct child_line *line, struct error *err);
} events[] = {
    [CHILD_NOTE] = {"note", 3, read_note},
    [CHILD_PHASE] = {"phase", 2, read_phase},
    [CHILD_PROGRESS] = {"progress", 4, read_progress},
    [CHILD_ITERATION] = {"iteration", 6, read_iteration},
    [CHILD_WARNING] = {"warning", 2, read_warning},
    [CHILD_RESULT] = {"result", 2, read_result},
    [CHILD_ERROR] = {"error", 5, read_error},
};
enum { EVENTS = sizeof(events) / sizeof(events[0]) };

enum err child_line_parse(const char *text, size_t size, struct child_line *ret_line,
                          struct error *err)
{
    struct error about = {.message = ""};
    struct child_line line = {.loss = NAN, .seconds = NAN, .recall = NAN};
    enum err rc = json_read(text, size, JSON_REJECT_DUPLICATES, &line.json, &about);
    if (rc == ERR_NOMEM)
        return FAIL(err, rc, "%s", about.message);
    const char *name = json_string_value(json_object_get(line.json, "event"));
    if (!json_is_object(line.json) || name == NULL) {
        json_decref(line.json);
        return FAIL(err, ERR_CORRUPT, "the child's line is no event: %.100s", about.message);
    }
    rc = FAIL(err, ERR_CORRUPT, "the child knows no event %.40s", name);
    for (int i = 0; i < EVENTS; i++) {
        if (strcmp(events[i].name, name) != 0)
            continue;
        line.event = (enum child_event)i;
        rc = json_object_size(line.json) == events[i].fields ? events[i].read(line.json, &line, err)
                                                             : bad("fields", err);
    }
    if (rc != ERR_OK) {
        json_decref(line.json);
        return rc;
    }
    *ret_line = line;
    return ERR_OK;
}

void child_line_release(struct child_line *line)
{
    json_decref(line->json);
    *line = (struct child_line){0};
}
