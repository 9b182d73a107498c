/* The routes that send the files of predictions. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/answer.h"
#include "api/app.h"
#include "api/identity.h"
#include "api/model_files.h"
#include "api/out.h"
#include "api/routes.h"
#include "base/json.h"
#include "store/predictions.h"

enum { PREVIEW_DEFAULT = 20, PREVIEW_MOST = 100 };

/* ---- GET …/download and …/preview ---- */

static enum err find(struct app *app, struct request *request, bool brief,
                     struct prediction **ret_prediction, struct error *err)
{
    enum err rc;
    int64_t id;
    TRY(request_param_id(request, "prediction_id", &id, err));
    TRY(prediction_read(app->store, request_identity(request)->user_id, id, brief, ret_prediction,
                        err));
    if ((*ret_prediction)->file_path == NULL)
        rc = FAIL_REASON(err, ERR_CONFLICT, "prediction_not_finished",
                         "prediction %lld is %s: there is no file of it", (long long)id,
                         prediction_status_name(*ret_prediction));
done:
    return rc;
}

static void refuse_missing(struct response *response, const struct prediction *prediction)
{
    response_problem(
        response, 410, "prediction_file_missing",
        "the file %s is not there any more, or not as long as it was: somebody removed "
        "or changed it, or MODEL_DIR is another directory than the worker's",
        saved_model_name(prediction->file_path));
}

/* The file as it is, whose ETag is its checksum; a range of it where one is asked for. */
static enum err download(void *context, struct request *request, struct response *response,
                         struct error *err)
{
    enum err rc;
    int fd = -1;
    bool is_fresh;
    struct stat info;
    struct app *app = context;
    struct prediction *prediction = NULL;
    TRY(find(app, request, true, &prediction, err));
    rc = saved_file_open(app->config, SAVED_TABLE, prediction->file_path, &fd, err);
    if (rc == ERR_NOT_FOUND ||
        (rc == ERR_OK && (fstat(fd, &info) != 0 || info.st_size != prediction->file_bytes))) {
        refuse_missing(response, prediction);
        rc = ERR_OK;
        goto done;
    }
    TRY(rc);
    TRY(response_etag(response, prediction->file_sha256, &is_fresh, err));
    response_cache(response, "private, no-cache");
    if (is_fresh)
        goto done;
    const char *name = saved_model_name(prediction->file_path), *dot = strrchr(name, '.');
    const bool is_csv = dot != NULL && strcmp(dot, ".csv") == 0;
    const int sent = fd;
    fd = -1; /* the response's from now on */
    rc = response_file(response, sent,
                       is_csv ? "text/csv; charset=utf-8" : "application/vnd.apache.parquet", name,
                       err);
done:
    if (fd >= 0)
        close(fd);
    prediction_free(prediction);
    return rc;
}

static void write_preview(const struct prediction *prediction, const json_t *result, int64_t limit,
                          struct json_out *out)
{
    const json_t *rows = json_object_get(result, "preview");
    static const char *const columns[] = {"cookie", "node", "rank", "score"};
    json_out_open(out, '{');
    json_member_open(out, "columns", '[');
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
        json_out_text(out, columns[i]);
    json_out_close(out, ']');
    json_member_open(out, "rows", '[');
    for (size_t i = 0; i < json_array_size(rows) && i < (size_t)limit; i++) {
        const json_t *row = json_array_get(rows, i);
        json_out_open(out, '[');
        for (size_t column = 0; column < json_array_size(row); column++) {
            const json_t *value = json_array_get(row, column);
            if (json_is_integer(value))
                json_out_int(out, json_integer_value(value));
            else if (json_is_real(value))
                json_out_real(out, json_real_value(value));
            else
                json_out_text(out, json_string_value(value));
        }
        json_out_close(out, ']');
    }
    json_out_close(out, ']');
    json_member_int(out, "total", prediction->file_rows);
    json_out_close(out, '}');
}

/* The first rows, as the worker told them: the file itself is not opened. */
static enum err preview(void *context, struct request *request, struct response *response,
                        struct error *err)
{
    static const char *const known[] = {"limit", NULL};
    enum err rc;
    int64_t limit;
    struct json_out out;
    json_t *result = NULL;
    struct prediction *prediction = NULL;
    TRY(query_check(request, known, err));
    TRY(query_int(request, "limit", PREVIEW_DEFAULT, 1, PREVIEW_MOST, &limit, err));
    TRY(find(context, request, false, &prediction, err));
    TRY(json_read_stored("result", prediction->job.result_json, &result, err));
    out_begin(&out, OUT_FIRST_BYTES, err);
    write_preview(prediction, result, limit, &out);
    rc = response_out_tagged(response, &out, err);
done:
    json_decref(result);
    prediction_free(prediction);
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_GET,
     .pattern = "/api/v1/predictions/{prediction_id}/download",
     .handle = download},
    {.method = HTTP_GET,
     .pattern = "/api/v1/predictions/{prediction_id}/preview",
     .handle = preview},
};
const struct route_group prediction_file_routes = {routes, sizeof(routes) / sizeof(routes[0])};
