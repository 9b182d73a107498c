/*
 * Neighbourhoods of items: an item's neighbours are those that the same users touched, and a user
 * is shown the neighbours of what they touched. Similarity is the cosine of the items' columns,
 * every touched pair counted as 1, damped for items that few users have in common:
 *
 *   s_ij = |U_i ∩ U_j| / (sqrt(|U_i| |U_j|) + shrink)        U_i: the users of item i
 *
 * and the score of item j for user u is the sum of s_ij over the items i of u whose list of
 * neighbours has j. Source: Deshpande, Karypis, "Item-Based Top-N Recommendation Algorithms", ACM
 * TOIS 22 (2004), section 4; the damping as Bell, Koren, KDD 2007.
 *
 * Time O(sum over users of (items of the user)^2), memory O(items × (neighbours + threads)).
 */
#include <math.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "linalg/topk_keys.h"
#include "model/kinds.h"

enum { ITEMS_A_PIECE = 16, NEIGHBOURS_MAX = 1000 };

static const struct param_info knn_params[] = {
    {"neighbours", PARAM_INT, "100", 1, NEIGHBOURS_MAX, false, NULL,
     "how many similar items are kept for each item"},
    {"shrink", PARAM_REAL, "10", 0, 1e6, false, NULL,
     "more trusts less in items that few users have in common"},
};

/* Of all threads: each item writes its own row of the two tables, each worker its own scratch. */
struct knn {
    const struct fit_input *input;
    const struct csr *train; /* users × items */
    const struct csr *users; /* items × users: its transpose */
    int32_t kept;            /* neighbours of an item */
    float shrink;
    int32_t *neighbours;  /* [items × kept] most similar first; -1 after the last */
    float *similarities;  /* [items × kept] */
    int32_t *common;      /* [threads × items] users in common with the item at hand; else all 0 */
    int32_t *met;         /* [threads × items] the items of which common is above 0 */
    uint64_t *candidates; /* [threads × items] similarity and item, see linalg/topk_keys.h */
};

/* The other items of the users of `item`: how many there are, in met[]. */
static int32_t count_common(const struct knn *knn, int32_t item, int32_t *common, int32_t *met)
{
    const struct csr *train = knn->train, *users = knn->users;
    int32_t count = 0;
    for (int64_t at = users->indptr[item]; at < users->indptr[item + 1]; at++) {
        const int32_t user = users->indices[at];
        for (int64_t i = train->indptr[user]; i < train->indptr[user + 1]; i++) {
            const int32_t other = train->indices[i];
            if (other == item)
                continue;
            if (common[other]++ == 0)
                met[count++] = other;
        }
    }
    return count;
}

static void find_neighbours(const struct knn *knn, int32_t item, int32_t worker)
{
    const int64_t scratch = (int64_t)worker * knn->train->cols, row = (int64_t)item * knn->kept;
    int32_t *common = knn->common + scratch, *met = knn->met + scratch;
    uint64_t *candidates = knn->candidates + scratch;
    const int32_t count = count_common(knn, item, common, met);
    const int32_t found = count < knn->kept ? count : knn->kept;
    const float own = (float)csr_row_nnz(knn->users, item);

    for (int32_t i = 0; i < count; i++) {
        const float other = (float)csr_row_nnz(knn->users, met[i]);
        const float similarity = (float)common[met[i]] / (sqrtf(own * other) + knn->shrink);
        candidates[i] = key_make(similarity, met[i]);
        common[met[i]] = 0;
    }
    if (found > 0)
        keys_select(candidates, count, found);
    keys_sort(candidates, found);
    for (int32_t i = 0; i < knn->kept; i++) {
        knn->neighbours[row + i] = i < found ? key_column(candidates[i]) : -1;
        knn->similarities[row + i] = i < found ? key_score(candidates[i]) : 0;
    }
}

static void find_of_piece(void *context, int64_t begin, int64_t end, int32_t worker)
{
    const struct knn *knn = context;
    for (int64_t item = begin; item < end; item++)
        if (!progress_cancelled(knn->input->progress))
            find_neighbours(knn, (int32_t)item, worker);
}

static enum err knn_fit(const struct fit_input *input, struct model **ret_model, struct error *err)
{
    enum err rc;
    struct model *model = NULL;
    struct csr users = {0};
    void *neighbours, *similarities;
    const struct csr *train = input->train;
    const size_t scratch = (size_t)input->threads * (size_t)train->cols;
    const double start = clock_seconds();
    struct knn knn = {
        .input = input,
        .train = train,
        .users = &users,
        .kept = (int32_t)param_int(input->params, "neighbours"),
        .shrink = (float)param_real(input->params, "shrink"),
    };

    TRY(model_create(&item_knn_kind, train->rows, train->cols, &model, err));
    model->train = train; /* score() looks up what the user touched */
    TRY(model_add_array(model, "neighbours", DTYPE_I32, 2, train->cols, knn.kept, knn.kept,
                        &neighbours, err));
    TRY(model_add_array(model, "similarities", DTYPE_F32, 2, train->cols, knn.kept, knn.kept,
                        &similarities, err));
    knn.neighbours = neighbours;
    knn.similarities = similarities;
    TRY(csr_transpose(train, input->threads, &users, err));
    TRY_PTR(knn.common = mem_array(scratch, sizeof(*knn.common), err));
    TRY_PTR(knn.met = mem_array(scratch, sizeof(*knn.met), err));
    TRY_PTR(knn.candidates = mem_array(scratch, sizeof(*knn.candidates), err));
    parallel_for(input->threads, train->cols, ITEMS_A_PIECE, find_of_piece, &knn);
    if (progress_cancelled(input->progress)) {
        rc = FAIL(err, ERR_CANCELLED, "cancelled while training");
        goto done;
    }
    if (input->on_iteration != NULL) /* one pass, and no loss */
        TRY(input->on_iteration(input->context, 1, NAN, clock_seconds() - start, model, err));
    *ret_model = model;
    model = NULL;
done:
    mem_free(knn.candidates);
    mem_free(knn.met);
    mem_free(knn.common);
    csr_release(&users);
    model_free(model);
    return rc;
}

/* What score() relies on: a model file may hold anything. */
static enum err knn_check(const struct model *model, struct error *err)
{
    const struct model_array *neighbours = model_find_array(model, "neighbours");
    const struct model_array *similarities = model_find_array(model, "similarities");
    if (neighbours == NULL || neighbours->dtype != DTYPE_I32 || neighbours->ndim != 2 ||
        neighbours->shape[0] != model->items || similarities == NULL ||
        similarities->dtype != DTYPE_F32 || similarities->ndim != 2 ||
        similarities->shape[0] != model->items || similarities->shape[1] != neighbours->shape[1])
        return FAIL(err, ERR_CORRUPT,
                    "an item_knn model needs neighbours and similarities [%d x n]", model->items);
    for (int64_t row = 0; row < model->items; row++) {
        const int32_t *item = (const int32_t *)neighbours->data + row * neighbours->stride;
        for (int64_t i = 0; i < neighbours->shape[1]; i++)
            if (item[i] < -1 || item[i] >= model->items)
                return FAIL(err, ERR_CORRUPT, "item %d has a neighbour %d of %d", (int)row, item[i],
                            model->items);
    }
    return ERR_OK;
}

static void knn_score(const struct model *model, int32_t user, float *scores)
{
    const struct model_array *neighbours = model_find_array(model, "neighbours");
    const struct model_array *similarities = model_find_array(model, "similarities");
    const struct csr *train = model->train;
    for (int32_t item = 0; item < model->items; item++)
        scores[item] = 0;
    for (int64_t at = train->indptr[user]; at < train->indptr[user + 1]; at++) {
        const int64_t item = train->indices[at];
        const int32_t *other = (const int32_t *)neighbours->data + item * neighbours->stride;
        const float *similarity = (const float *)similarities->data + item * similarities->stride;
        for (int64_t i = 0; i < neighbours->shape[1] && other[i] >= 0; i++)
            scores[other[i]] += similarity[i];
    }
}

const struct model_kind item_knn_kind = {
    .name = "item_knn",
    .title = "Similar items",
    .summary = "Personal lists of what is similar to what a user touched. Minutes.",
    .params = {knn_params, sizeof(knn_params) / sizeof(knn_params[0])},
    .personal = true,
    .fit = knn_fit,
    .check = knn_check,
    .score = knn_score,
};
