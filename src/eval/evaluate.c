/*
 * Users go through in chunks, so that memory does not grow with users × k: the lists of a chunk,
 * then its users' metrics, both by all threads; then one thread adds the metrics up in the order
 * of the holdout, so that the sums are the same for any number of threads.
 */
#include "eval/evaluate.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "linalg/topk.h"

enum { CHUNK_USERS = 8192, CHUNK_PLACES = 4 << 20, SCORE_GRAIN = 8, TALLY_GRAIN = 256 };

struct evaluation {
    const struct eval_spec *spec;
    int32_t users;  /* that are evaluated */
    int32_t length; /* of a list: min(k, items) */
    int32_t chunk;  /* users in one */

    struct topk_items *items; /* of a kind with factors */
    struct factors_view factors;
    bool one_list; /* the lists hold one, for everybody */

    int32_t *rows;     /* [chunk] users' rows in train */
    int32_t *lists;    /* [chunk × length] items, best first; -1 after the last; or [length] */
    double *values;    /* [chunk × METRICS_MAX] metrics of each user */
    int32_t *ranks;    /* [threads × length] */
    float *scores;     /* [threads × items], of a kind without factors */
    uint8_t *shown;    /* [items] 1: in some list */
    int32_t *audience; /* [items] train users who touched each item */
    int32_t *hits;     /* [users] */
    atomic_bool cancelled;

    int32_t begin; /* of the chunk */
    double sums[METRICS_MAX];
    double scored, total;
};

/* The sample is spread evenly over the holdout: the i-th of n users is i × count / n. */
static int32_t holdout_place(const struct evaluation *e, int32_t user)
{
    return (int32_t)((int64_t)user * e->spec->holdout->count / e->users);
}

static void score_users(void *context, int64_t begin, int64_t end, int32_t worker)
{
    struct evaluation *e = context;
    const struct model *model = e->spec->model;
    const struct csr *train = e->spec->train;
    float *scores = e->scores + (int64_t)worker * model->items;
    for (int64_t i = begin; i < end; i++) {
        if (progress_cancelled(e->spec->progress))
            atomic_store(&e->cancelled, true);
        if (atomic_load(&e->cancelled))
            return;
        const int32_t row = e->rows[i];
        int32_t *list = e->lists + i * e->length;
        model->kind->score(model, row, scores);
        const int32_t found =
            topk_of_scores(scores, model->items, train->indices + train->indptr[row],
                           csr_row_nnz(train, row), e->length, list);
        for (int32_t place = found; place < e->length; place++)
            list[place] = -1;
    }
}

/* The lists of `count` users from e->begin on. */
static enum err make_lists(struct evaluation *e, int32_t count, struct error *err)
{
    const struct eval_spec *spec = e->spec;
    if (e->items == NULL) {
        parallel_for(spec->threads, count, SCORE_GRAIN, score_users, e);
        e->scored += (double)count * spec->model->items;
        e->total += (double)count * spec->model->items;
        return atomic_load(&e->cancelled)
                   ? FAIL(err, ERR_CANCELLED, "cancelled during the evaluation")
                   : ERR_OK;
    }
    const struct topk_query query = {
        .users = e->factors.users,
        .user_stride = e->factors.user_stride,
        .rows = e->rows,
        .count = count,
        .seen = spec->train,
        .k = e->length,
        .threads = spec->threads,
        .prune = spec->prune,
        .progress = spec->progress,
    };
    struct topk_stats stats;
    const enum err rc = topk_select(e->items, &query, e->lists, NULL, &stats, err);
    if (rc == ERR_OK) {
        e->scored += stats.scored;
        e->total += stats.total;
    }
    return rc;
}

/* The list that everybody gets, what a user has seen included. */
static void make_one_list(struct evaluation *e)
{
    const struct model *model = e->spec->model;
    model->kind->score(model, 0, e->scores);
    const int32_t found = topk_of_scores(e->scores, model->items, NULL, 0, e->length, e->lists);
    for (int32_t place = found; place < e->length; place++)
        e->lists[place] = -1;
    e->scored = e->total = model->items;
}

static const int32_t *list_of(const struct evaluation *e, int64_t user_of_chunk)
{
    return e->lists + (e->one_list ? 0 : user_of_chunk * e->length);
}

static bool is_target(const struct holdout *holdout, int32_t place, int32_t item)
{
    int64_t low = holdout->indptr[place], high = holdout->indptr[place + 1];
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (holdout->items[middle] < item)
            low = middle + 1;
        else
            high = middle;
    }
    return low < holdout->indptr[place + 1] && holdout->items[low] == item;
}

/* The metrics of each user of a part of the chunk. */
static void tally_users(void *context, int64_t begin, int64_t end, int32_t worker)
{
    struct evaluation *e = context;
    const struct holdout *holdout = e->spec->holdout;
    int32_t *ranks = e->ranks + (int64_t)worker * e->length;
    for (int64_t i = begin; i < end; i++) {
        const int32_t place = holdout_place(e, e->begin + (int32_t)i);
        const int32_t *list = list_of(e, i);
        struct user_outcome user = {
            .k = e->spec->k,
            .targets = (int32_t)(holdout->indptr[place + 1] - holdout->indptr[place]),
            .hit_ranks = ranks,
            .list = list,
            .audience = e->audience,
            .train_users = e->spec->train->rows,
        };
        for (; user.length < e->length && list[user.length] >= 0; user.length++)
            if (is_target(holdout, place, list[user.length]))
                ranks[user.hits++] = user.length + 1;
        e->hits[e->begin + i] = user.hits;
        for (int32_t m = 0; m < metric_count(); m++)
            if (metric_at(m)->of_user != NULL)
                e->values[i * METRICS_MAX + m] = metric_at(m)->of_user(&user);
    }
}

static void add_up(struct evaluation *e, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        for (int32_t m = 0; m < metric_count(); m++)
            e->sums[m] += e->values[(int64_t)i * METRICS_MAX + m];
        if (e->one_list && (i > 0 || e->begin > 0))
            continue;
        const int32_t *list = list_of(e, i);
        for (int32_t rank = 0; rank < e->length && list[rank] >= 0; rank++)
            e->shown[list[rank]] = 1;
    }
}

static enum err evaluate_chunk(struct evaluation *e, int32_t count, struct error *err)
{
    for (int32_t i = 0; i < count; i++)
        e->rows[i] = e->spec->holdout->users[holdout_place(e, e->begin + i)];
    if (!e->one_list) {
        const enum err rc = make_lists(e, count, err);
        if (rc != ERR_OK)
            return rc;
    }
    parallel_for(e->spec->threads, count, TALLY_GRAIN, tally_users, e);
    add_up(e, count);
    return ERR_OK;
}

static enum err evaluate_users(struct evaluation *e, struct error *err)
{
    const struct eval_spec *spec = e->spec;
    for (e->begin = 0; e->begin < e->users; e->begin += e->chunk) {
        const int32_t left = e->users - e->begin;
        const int32_t count = left < e->chunk ? left : e->chunk;
        if (progress_cancelled(spec->progress))
            return FAIL(err, ERR_CANCELLED, "cancelled during the evaluation");
        const enum err rc = evaluate_chunk(e, count, err);
        if (rc != ERR_OK)
            return rc;
        const struct progress_update update = {
            .phase = PHASE_EVALUATE,
            .done = e->begin + count,
            .total = e->users,
            .unit = "users",
            .loss = NAN,
            .seconds = NAN,
            .recall = NAN,
        };
        progress_report(spec->progress, &update);
    }
    return ERR_OK;
}

static void finish(struct evaluation *e, struct eval_result *result)
{
    struct overall_outcome all = {.means = result->values,
                                  .k = e->spec->k,
                                  .items = e->spec->model->items,
                                  .users = e->users};
    for (int32_t item = 0; item < all.items; item++)
        all.items_shown += e->shown[item];
    for (int32_t m = 0; m < metric_count(); m++)
        result->values[m] =
            metric_at(m)->of_all != NULL ? metric_at(m)->of_all(&all) : e->sums[m] / e->users;
    result->k = e->spec->k;
    result->users = e->users;
    result->hits = e->hits;
    result->scored_share = e->scored / e->total;
    e->hits = NULL;
}

static enum err evaluation_init(struct evaluation *e, struct error *err)
{
    enum err rc = ERR_OK;
    const struct eval_spec *spec = e->spec;
    const struct model *model = spec->model;
    const size_t threads = (size_t)spec->threads, items = (size_t)model->items;

    e->users = spec->holdout->count;
    if (spec->users_max > 0 && spec->users_max < e->users)
        e->users = spec->users_max;
    e->length = spec->k < model->items ? spec->k : model->items;
    e->chunk = CHUNK_PLACES / e->length < CHUNK_USERS ? CHUNK_PLACES / e->length : CHUNK_USERS;
    e->chunk = e->chunk < 1 ? 1 : e->chunk < e->users ? e->chunk : e->users;
    e->one_list = !model->kind->personal;

    const size_t chunk = (size_t)e->chunk, length = (size_t)e->length;
    TRY_PTR(e->rows = mem_array(chunk, sizeof(*e->rows), err));
    TRY_PTR(e->lists = mem_array((e->one_list ? 1 : chunk) * length, sizeof(*e->lists), err));
    TRY_PTR(e->values = mem_array(chunk * METRICS_MAX, sizeof(*e->values), err));
    TRY_PTR(e->ranks = mem_array(threads * length, sizeof(*e->ranks), err));
    TRY_PTR(e->shown = mem_array(items, sizeof(*e->shown), err));
    TRY_PTR(e->audience = mem_array(items, sizeof(*e->audience), err));
    for (int64_t i = 0; i < csr_nnz(spec->train); i++)
        e->audience[spec->train->indices[i]]++;
    TRY_PTR(e->hits = mem_array((size_t)e->users, sizeof(*e->hits), err));
    if (!e->one_list && model->kind->factors != NULL) {
        model->kind->factors(model, &e->factors);
        TRY(topk_items_create(e->factors.items, model->items, e->factors.factors,
                              e->factors.item_stride, spec->threads, &e->items, err));
    } else {
        TRY_PTR(e->scores = mem_array((e->one_list ? 1 : threads) * items, sizeof(float), err));
    }
done:
    return rc;
}

static void evaluation_release(struct evaluation *e)
{
    topk_items_free(e->items);
    mem_free(e->rows);
    mem_free(e->lists);
    mem_free(e->values);
    mem_free(e->ranks);
    mem_free(e->scores);
    mem_free(e->shown);
    mem_free(e->audience);
    mem_free(e->hits);
}

enum err evaluate(const struct eval_spec *spec, struct eval_result *ret_result, struct error *err)
{
    enum err rc;
    struct evaluation e = {.spec = spec};
    struct eval_result result = {0};
    const double start = clock_seconds();

    assert(spec->k >= 1 && spec->threads >= 1 && spec->holdout->count >= 1);
    TRY(evaluation_init(&e, err));
    if (e.one_list)
        make_one_list(&e);
    TRY(evaluate_users(&e, err));
    finish(&e, &result);
    result.seconds = clock_seconds() - start;
    *ret_result = result;
done:
    evaluation_release(&e);
    return rc;
}

void eval_result_release(struct eval_result *result)
{
    mem_free(result->hits);
    *result = (struct eval_result){0};
}

json_t *eval_metrics_to_json(const struct eval_result *result)
{
    struct error ignored;
    json_t *object = json_object();
    for (int32_t m = 0; m < metric_count() && object != NULL; m++) {
        if (json_set(object, metric_at(m)->name, json_number(result->values[m]), &ignored) !=
            ERR_OK) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}
