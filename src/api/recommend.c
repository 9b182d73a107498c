/* What a model recommends: to a user, to many, or to somebody new by what they did. */
#include <string.h>

#include "api/answer.h"
#include "api/ask.h"
#include "api/job_body.h"
#include "api/out.h"
#include "api/routes.h"
#include "base/memory.h"

enum { LIST_BYTES = 512, PLACE_BYTES = 40 };
enum { USERS_MANY = 50 }; /* arranging the model's items pays for them */

/* "user": …, "basis": …, "items": […] of the query's user, whose id was given as `given`. `list`
 * has room for k. */
static enum err write_list(struct json_out *out, struct ask *ask, const char *given,
                           struct recommendation *list, struct error *err)
{
    enum err rc;
    int32_t count;
    enum basis basis;
    TRY(predict_recommend(ask->served.predictor, &ask->query, list, &count, &basis, err));
    if (given != NULL) {
        json_out_key(out, "user");
        ask_write_id(out, ask->record->users, ask->query.user, given);
    }
    json_member_text(out, "basis", basis_name(basis));
    json_out_key(out, "items");
    ask_write_list(out, ask->record, list, count);
done:
    return rc;
}

static void begin(struct json_out *out, const struct ask *ask, int64_t places, struct error *err)
{
    out_begin(out, LIST_BYTES + PLACE_BYTES * (size_t)places, err);
    json_out_open(out, '{');
    json_out_key(out, "model");
    served_write(out, &ask->served.facts);
}

/* End what was begun; `rc` is how it went. */
static enum err end(struct response *response, struct json_out *out, enum err rc, struct error *err)
{
    if (rc != ERR_OK && out->rc == ERR_OK)
        out->rc = rc; /* what was written is released, and the error told */
    json_out_close(out, '}');
    return response_out(response, 200, out, err);
}

static enum err recommend_one(void *context, struct request *request, struct response *response,
                              struct error *err)
{
    static const char *const known[] = {"user", "k", "exclude_seen", "allow", "deny", NULL};
    enum err rc;
    const char *user;
    struct json_out out;
    struct recommendation *list;
    struct ask ask = {0};
    TRY(ask_open(context, request, &ask, err));
    TRY(ask_read_query(&ask, request, known, err));
    TRY(ask_text(request, "user", &user, err));
    ask.query.user = idmap_find_text(ask.record->users, user);
    TRY(ask_list_memory(&ask, request, &list, err));
    begin(&out, &ask, ask.query.k, err);
    rc = end(response, &out, write_list(&out, &ask, user, list, err), err);
done:
    ask_release(&ask);
    return served_refuse(response, rc, err);
}

/* ---- many users ---- */

static enum err write_users(struct json_out *out, struct request *request, struct ask *ask,
                            const json_t *users, struct recommendation *list, struct error *err)
{
    enum err rc = ERR_OK;
    char buffer[ASK_ID_SIZE];
    size_t i;
    json_t *value;
    json_member_open(out, "lists", '[');
    json_array_foreach(users, i, value)
    {
        const char *id = ask_id_of(value, buffer);
        if (request_is_cancelled(request))
            return FAIL(err, ERR_CANCELLED, "nobody waits for these lists any more");
        ask->query.user = idmap_find_text(ask->record->users, id);
        json_out_open(out, '{');
        TRY(write_list(out, ask, id, list, err));
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
done:
    return rc;
}

static void check_users(const json_t *users, int32_t k, struct job_field_errors *errors)
{
    char buffer[ASK_ID_SIZE];
    size_t i;
    json_t *value;
    if (!json_is_array(users) || json_array_size(users) == 0 ||
        json_array_size(users) > ASK_USERS_MAX) {
        ask_complain(errors, "users", "type", "users must be a list of 1 to %d ids",
                     (int)ASK_USERS_MAX);
        return;
    }
    if ((int64_t)json_array_size(users) * k > ASK_PLACES_MAX)
        ask_complain(errors, "k", "range",
                     "%zu users with %d items each are too many for one answer: at most %d "
                     "in all",
                     json_array_size(users), k, (int)ASK_PLACES_MAX);
    json_array_foreach(users, i, value)
    {
        if (ask_id_of(value, buffer) == NULL) {
            ask_complain(errors, "users", "type", "users: number %zu is no id", i + 1);
            return;
        }
    }
}

static enum err read_body(struct ask *ask, struct request *request, json_t **ret_users,
                          struct job_field_errors *errors, struct error *err)
{
    static const char *const known[] = {"users", "items", "k", "exclude_seen",
                                        "allow", "deny",  NULL};
    enum err rc;
    json_t *object;
    errors->count = 0;
    TRY(ask_object(request, known, &object, errors, err));
    TRY(ask_read_object(ask, object, errors, err));
    json_t *users = json_object_get(object, "users"), *items = json_object_get(object, "items");
    users = json_is_null(users) ? NULL : users;
    items = json_is_null(items) ? NULL : items;
    if (users != NULL)
        check_users(users, ask->query.k, errors);
    if ((users == NULL) == (items == NULL))
        ask_complain(errors, users == NULL ? "users" : "items", "required",
                     "either users or items is needed: whom to recommend to, or what "
                     "somebody did");
    *ret_users = users;
done:
    return rc;
}

static enum err recommend_many(void *context, struct request *request, struct response *response,
                               struct error *err)
{
    enum err rc;
    json_t *users;
    struct json_out out;
    struct recommendation *list;
    struct job_field_errors errors;
    struct ask ask = {0};
    TRY(ask_open(context, request, &ask, err));
    TRY(read_body(&ask, request, &users, &errors, err));
    if (errors.count > 0) {
        job_body_refuse(response, &errors);
        goto done;
    }
    TRY(ask_list_memory(&ask, request, &list, err));
    if (json_array_size(users) >= USERS_MANY)
        TRY(served_make_quick(&ask.served, err));
    if (users != NULL) {
        begin(&out, &ask, (int64_t)json_array_size(users) * ask.query.k, err);
        rc = end(response, &out, write_users(&out, request, &ask, users, list, err), err);
    } else {
        begin(&out, &ask, ask.query.k, err);
        json_member_int(&out, "unknown_items", ask.given.unknown);
        rc = end(response, &out, write_list(&out, &ask, NULL, list, err), err);
    }
done:
    ask_release(&ask);
    return served_refuse(response, rc, err);
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/api/v1/models/{ref}/recommend", .handle = recommend_one},
    {.method = HTTP_POST,
     .pattern = "/api/v1/models/{ref}/recommend",
     .handle = recommend_many,
     .body_max_bytes = ASK_BODY_MAX},
};
const struct route_group recommend_routes = {routes, sizeof(routes) / sizeof(routes[0])};
