/* What a model knows: some of its users and items, and what a user did in its training data. */
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/ask.h"
#include "api/out.h"
#include "api/routes.h"

enum { IDS_DEFAULT = 20, IDS_MAX = 1000, HISTORY_DEFAULT = 1000, HISTORY_MAX = 10000 };
enum { ID_BYTES = 24, TOUCHED_BYTES = 40, ANSWER_BYTES = 512 };

static void begin(struct json_out *out, const struct ask *ask, size_t bytes, struct error *err)
{
    out_begin(out, ANSWER_BYTES + bytes, err);
    json_out_open(out, '{');
    json_out_key(out, "model");
    served_write(out, &ask->served.facts);
}

/* ---- ids ---- */

/* The index after the one of `after`; NULL: the first. */
static enum err find_start(struct request *request, const struct idmap *ids, int32_t *ret_start,
                           struct error *err)
{
    const char *after;
    const enum err rc = query_text(request, "after", &after, err);
    if (rc != ERR_OK)
        return rc;
    const int32_t found = after != NULL ? idmap_find_text(ids, after) : -1;
    if (after != NULL && found < 0)
        return FAIL_REASON(err, ERR_INVALID, "parameter_range",
                           "after must be an id that the model knows");
    *ret_start = found + 1;
    return ERR_OK;
}

static enum err list_ids(struct app *app, struct request *request, struct response *response,
                         const char *key, struct error *err)
{
    static const char *const known[] = {"limit", "after", NULL};
    enum err rc;
    int64_t limit;
    int32_t start = 0;
    struct json_out out;
    struct ask ask = {0};
    TRY(ask_open(app, request, &ask, err));
    const struct idmap *ids = strcmp(key, "users") == 0 ? ask.record->users : ask.record->items;
    TRY(query_check(request, known, err));
    TRY(query_int(request, "limit", IDS_DEFAULT, 1, IDS_MAX, &limit, err));
    TRY(find_start(request, ids, &start, err));
    const int32_t left = ids->count - start;
    const int32_t count = left < limit ? left : (int32_t)limit;
    begin(&out, &ask, ID_BYTES * (size_t)count, err);
    json_member_open(&out, key, '[');
    for (int32_t i = 0; i < count; i++)
        ask_write_id(&out, ids, start + i, NULL);
    json_out_close(&out, ']');
    json_member_int(&out, "total", ids->count);
    json_out_key(&out, "next");
    if (count > 0 && left > count)
        ask_write_id(&out, ids, start + count - 1, NULL);
    else
        json_out_null(&out);
    json_out_close(&out, '}');
    rc = response_out(response, 200, &out, err);
done:
    ask_release(&ask);
    return served_refuse(response, rc, err);
}

static enum err list_users(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    return list_ids(context, request, response, "users", err);
}

static enum err list_items(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    return list_ids(context, request, response, "items", err);
}

/* ---- a user's history ---- */

struct touched {
    int32_t item;
    float count;
};

static int most_often_first(const void *left, const void *right)
{
    const struct touched *a = left, *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return (a->item > b->item) - (a->item < b->item);
}

/* What the user has touched, most often first. *ret_touched is NULL where that is nothing. */
static enum err sort_history(const struct ask *ask, struct request *request,
                             struct touched **ret_touched, int64_t *ret_count, struct error *err)
{
    const struct csr *matrix = ask->record->matrix;
    const int32_t user = ask->query.user;
    *ret_touched = NULL;
    *ret_count = user >= 0 ? csr_row_nnz(matrix, user) : 0;
    if (*ret_count == 0)
        return ERR_OK;
    struct touched *touched =
        arena_alloc(request_arena(request), (size_t)*ret_count * sizeof(*touched), err);
    if (touched == NULL)
        return ERR_NOMEM;
    for (int64_t i = 0; i < *ret_count; i++)
        touched[i] = (struct touched){matrix->indices[matrix->indptr[user] + i],
                                      matrix->values[matrix->indptr[user] + i]};
    qsort(touched, (size_t)*ret_count, sizeof(*touched), most_often_first);
    *ret_touched = touched;
    return ERR_OK;
}

static enum err read_history(void *context, struct request *request, struct response *response,
                             struct error *err)
{
    static const char *const known[] = {"user", "limit", NULL};
    enum err rc;
    const char *user;
    int64_t limit, total;
    struct touched *touched;
    struct json_out out;
    struct ask ask = {0};
    TRY(ask_open(context, request, &ask, err));
    TRY(query_check(request, known, err));
    TRY(query_int(request, "limit", HISTORY_DEFAULT, 1, HISTORY_MAX, &limit, err));
    TRY(ask_text(request, "user", &user, err));
    ask.query.user = idmap_find_text(ask.record->users, user);
    TRY(sort_history(&ask, request, &touched, &total, err));
    const int64_t count = total < limit ? total : limit;
    begin(&out, &ask, TOUCHED_BYTES * (size_t)count, err);
    json_out_key(&out, "user");
    ask_write_id(&out, ask.record->users, ask.query.user, user);
    json_member_bool(&out, "is_known", ask.query.user >= 0);
    json_member_int(&out, "total", total);
    json_member_open(&out, "items", '[');
    for (int64_t i = 0; i < count; i++) {
        json_out_open(&out, '{');
        json_out_key(&out, "item");
        ask_write_id(&out, ask.record->items, touched[i].item, NULL);
        json_member_float(&out, "count", touched[i].count);
        json_out_close(&out, '}');
    }
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    rc = response_out(response, 200, &out, err);
done:
    ask_release(&ask);
    return served_refuse(response, rc, err);
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/api/v1/models/{ref}/users", .handle = list_users},
    {.method = HTTP_GET, .pattern = "/api/v1/models/{ref}/items", .handle = list_items},
    {.method = HTTP_GET, .pattern = "/api/v1/models/{ref}/history", .handle = read_history},
};
const struct route_group model_known_routes = {routes, sizeof(routes) / sizeof(routes[0])};
