/* Two models side by side for the same user: both lists, and what moved between them. */
#include "api/answer.h"
#include "api/ask.h"
#include "api/out.h"
#include "api/routes.h"
#include "predict/compare.h"

enum { COMPARE_K_MAX = 1000, PLACE_BYTES = 120, ANSWER_BYTES = 1024 };

/* One of the two. */
struct side {
    struct ask ask;
    enum basis basis;
    struct recommendation *list;
    struct compared_list compared;
};

static enum err make_list(struct side *side, struct request *request, const char *user,
                          struct error *err)
{
    enum err rc;
    int32_t count;
    struct ask *ask = &side->ask;
    ask->query.user = idmap_find_text(ask->record->users, user);
    TRY(ask_list_memory(ask, request, &side->list, err));
    TRY(predict_recommend(ask->served.predictor, &ask->query, side->list, &count, &side->basis,
                          err));
    side->compared =
        (struct compared_list){.record = ask->record, .list = side->list, .count = count};
    TRY_PTR(side->compared.places =
                arena_alloc(request_arena(request), (size_t)(count + 1) * sizeof(int32_t), err));
done:
    return rc;
}

static void write_side(struct json_out *out, const char *name, const struct side *side)
{
    json_member_open(out, name, '{');
    json_out_key(out, "model");
    served_write(out, &side->ask.served.facts);
    json_member_text(out, "basis", basis_name(side->basis));
    json_member_open(out, "items", '[');
    for (int32_t i = 0; i < side->compared.count; i++) {
        json_out_open(out, '{');
        json_out_key(out, "item");
        ask_write_id(out, side->ask.record->items, side->list[i].item, NULL);
        json_member_float(out, "score", side->list[i].score);
        json_member_int(out, "rank", i + 1);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
    json_out_close(out, '}');
}

static void write_move(struct json_out *out, const struct compared_list *side, int32_t i,
                       int32_t left_rank, int32_t right_rank)
{
    json_out_open(out, '{');
    json_out_key(out, "item");
    ask_write_id(out, side->record->items, side->list[i].item, NULL);
    json_member_nonzero(out, "left_rank", left_rank);
    json_member_nonzero(out, "right_rank", right_rank);
    json_out_close(out, '}');
}

/* Every item of either list: those of the left in its order, then those that only the right has. */
static void write_moves(struct json_out *out, const struct compared_list *left,
                        const struct compared_list *right, int32_t common)
{
    const int32_t longer = left->count > right->count ? left->count : right->count;
    json_member_open(out, "moves", '[');
    for (int32_t i = 0; i < left->count; i++)
        write_move(out, left, i, i + 1, left->places[i]);
    for (int32_t i = 0; i < right->count; i++)
        if (right->places[i] == 0)
            write_move(out, right, i, 0, i + 1);
    json_out_close(out, ']');
    json_member_real(out, "overlap", longer > 0 ? (double)common / longer : 1);
}

/* The second model, asked the same as the first. */
static enum err open_right(struct app *app, struct request *request, struct side *right,
                           const char *const *known, struct error *err)
{
    enum err rc;
    const char *with;
    TRY(ask_text(request, "with", &with, err));
    TRY(ask_open_ref(app, request, with, &right->ask, err));
    TRY(ask_read_query(&right->ask, request, known, err));
done:
    return rc;
}

static enum err compare(void *context, struct request *request, struct response *response,
                        struct error *err)
{
    static const char *const known[] = {"with", "user", "k", "exclude_seen", "allow", "deny", NULL};
    enum err rc;
    int32_t common;
    const char *user;
    struct json_out out;
    struct side left = {0}, right = {0};
    TRY(ask_open(context, request, &left.ask, err));
    TRY(ask_read_query(&left.ask, request, known, err));
    TRY(ask_text(request, "user", &user, err));
    if (left.ask.query.k > COMPARE_K_MAX) {
        rc = FAIL_REASON(err, ERR_INVALID, "parameter_range", "k must be at most %d here",
                         (int)COMPARE_K_MAX);
        goto done;
    }
    TRY(open_right(context, request, &right, known, err));
    TRY(make_list(&left, request, user, err));
    TRY(make_list(&right, request, user, err));
    TRY(lists_compare(&left.compared, &right.compared, &common, err));
    out_begin(&out,
              ANSWER_BYTES + PLACE_BYTES * (size_t)(left.compared.count + right.compared.count),
              err);
    json_out_open(&out, '{');
    json_out_key(&out, "user");
    ask_write_id(&out, left.ask.record->users, left.ask.query.user, user);
    write_side(&out, "left", &left);
    write_side(&out, "right", &right);
    write_moves(&out, &left.compared, &right.compared, common);
    json_out_close(&out, '}');
    rc = response_out(response, 200, &out, err);
done:
    ask_release(&left.ask);
    ask_release(&right.ask);
    return served_refuse(response, rc, err);
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/api/v1/models/{ref}/compare", .handle = compare},
};
const struct route_group model_compare_routes = {routes, sizeof(routes) / sizeof(routes[0])};
