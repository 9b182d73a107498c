#include "api/answer.h"

#include <inttypes.h>
#include <string.h>

#include "jobs/job.h"

enum err body_text(struct request *request, const char *name, const char **ret_text,
                   struct error *err)
{
    enum err rc;
    json_t *object;
    const struct form *form;
    if (!request_has_json(request)) {
        TRY(request_form(request, &form, err));
        *ret_text = form_get(form, name);
        return ERR_OK;
    }
    TRY(request_json(request, &object, err));
    const json_t *value = json_object_get(object, name);
    if (!json_is_object(object))
        return FAIL_REASON(err, ERR_INVALID, "json_malformed", "the body must be an object");
    if (value != NULL && !json_is_null(value) && !json_is_string(value))
        return FAIL_REASON(err, ERR_INVALID, "fields", "%s must be a text", name);
    *ret_text = json_string_value(value);
done:
    return rc;
}

enum err body_check(struct request *request, const char *const *names, struct error *err)
{
    enum err rc;
    json_t *object = NULL, *value;
    const char *key;
    if (!request_has_json(request))
        return ERR_OK;
    TRY(request_json(request, &object, err));
    json_object_foreach(object, key, value)
    {
        const char *const *name = names;
        while (*name != NULL && strcmp(*name, key) != 0)
            name++;
        if (*name == NULL)
            return FAIL_REASON(err, ERR_INVALID, "fields", "there is no field %.64s", key);
    }
done:
    return rc;
}

enum err query_text(struct request *request, const char *name, const char **ret_text,
                    struct error *err)
{
    const struct form *form;
    const enum err rc = request_query(request, &form, err);
    if (rc == ERR_OK)
        *ret_text = form_get(form, name);
    return rc;
}

enum err query_int(struct request *request, const char *name, int64_t initial, int64_t min,
                   int64_t max, int64_t *ret_value, struct error *err)
{
    enum err rc;
    const char *text;
    int64_t value = initial;
    TRY(query_text(request, name, &text, err));
    if (text != NULL && (!text_int(text, &value) || value < min || value > max))
        return FAIL_REASON(err, ERR_INVALID, "parameter_range",
                           "%s must be a whole number from %" PRId64 " to %" PRId64, name, min,
                           max);
    *ret_value = value;
done:
    return rc;
}

enum err query_check(struct request *request, const char *const *names, struct error *err)
{
    enum err rc;
    const struct form *form;
    TRY(request_query(request, &form, err));
    for (int32_t i = 0; i < form->count; i++) {
        const char *const *name = names;
        while (*name != NULL && strcmp(*name, form->fields[i].name) != 0)
            name++;
        if (*name == NULL)
            return FAIL_REASON(err, ERR_INVALID, "parameter_unknown",
                               "there is no parameter %.100s here", form->fields[i].name);
    }
done:
    return rc;
}

json_t *json_time(int64_t time_ms)
{
    char text[JOB_TIME_SIZE];
    return time_ms == 0 ? json_null() : json_string(job_time_rfc3339(time_ms, text));
}

void response_none(struct response *response)
{
    response_status(response, 204);
}
