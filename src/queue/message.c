#include "queue/message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

enum err message_write(const struct outbox_message *message, struct strbuf *out, struct error *err)
{
    enum err rc;
    json_t *body = json_object();
    json_t *params = NULL;
    rc = json_read_stored("params", message->params_json, &params, err);
    if (rc != ERR_CORRUPT) /* which is left out: workers go by the record itself */
        TRY(rc);
    TRY(json_set(body, "job_id", json_integer(message->job_id), err));
    TRY(json_set(body, "model_type", json_text(message->model_type), err));
    TRY(json_set(body, "data_path", json_text(message->data_path), err));
    TRY(json_set(body, "hyperparams",
                 json_object_size(params) > 0 ? json_incref(params) : json_null(), err));
    TRY(json_write(body, 0, out, err));
done:
    json_decref(body);
    json_decref(params);
    return rc;
}

enum err message_parse(const char *body, size_t size, int64_t *ret_job_id, struct error *err)
{
    json_t *value = NULL;
    struct error about;
    if (size > MESSAGE_MAX)
        return FAIL(err, ERR_INVALID, "it is longer than %d bytes", MESSAGE_MAX);
    enum err rc = json_read(body, size, 0, &value, &about);
    const json_t *job_id = json_object_get(value, "job_id");
    if (rc == ERR_NOMEM)
        rc = FAIL(err, ERR_NOMEM, "out of memory reading a message");
    else if (rc != ERR_OK)
        rc = FAIL(err, ERR_INVALID, "it is no JSON: %.200s", about.message);
    else if (!json_is_object(value))
        rc = FAIL(err, ERR_INVALID, "it is JSON, but no object");
    else if (job_id == NULL)
        rc = FAIL(err, ERR_INVALID, "it has no job_id");
    else if (!json_is_integer(job_id) || json_integer_value(job_id) < 1)
        rc = FAIL(err, ERR_INVALID, "its job_id is no whole number above 0");
    else
        *ret_job_id = json_integer_value(job_id);
    json_decref(value);
    return rc;
}

void message_id_write(int64_t job_id, int64_t epoch, char out[MESSAGE_ID_SIZE])
{
    snprintf(out, MESSAGE_ID_SIZE, "%" PRId64 ":%" PRId64, job_id, epoch);
}

bool message_id_parse(const char *id, int64_t *ret_job_id, int64_t *ret_epoch)
{
    char first[MESSAGE_ID_SIZE];
    const char *colon = strchr(id, ':');
    if (colon == NULL || (size_t)(colon - id) >= sizeof(first))
        return false;
    memcpy(first, id, (size_t)(colon - id));
    first[colon - id] = '\0';
    return text_int(first, ret_job_id) && text_int(colon + 1, ret_epoch);
}
