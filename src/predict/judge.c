#include "predict/judge.h"

#include <string.h>

#include "base/memory.h"

/* Below, at or above 0 as id i of `left` stands before, at or after id j of `right`, which are both
 * numbers or both strings. */
static int compare_ids(const struct idmap *left, int32_t i, const struct idmap *right, int32_t j)
{
    if (left->kind == ID_STRING) {
        const struct str a = idmap_string(left, i), b = idmap_string(right, j);
        const int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
        return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
    }
    const bool a_negative = left->kind == ID_INT64 && left->ints[i] < 0;
    const bool b_negative = right->kind == ID_INT64 && right->ints[j] < 0;
    if (a_negative != b_negative)
        return a_negative ? -1 : 1;
    /* Of one sign, the bits of both kinds are in order when read as uint64_t. */
    return (left->uints[i] > right->uints[j]) - (left->uints[i] < right->uints[j]);
}

/* For each id of `from` its index in `to`, or -1. Both ascend, so one walk over both finds them,
 * and the answers ascend too. */
static enum err map_ids(const struct idmap *from, const struct idmap *to, const char *what,
                        int32_t **ret_map, struct error *err)
{
    enum err rc = ERR_OK;
    int32_t *map = NULL;
    if ((from->kind == ID_STRING) != (to->kind == ID_STRING))
        return FAIL_REASON(err, ERR_DATA, "model_foreign",
                           "the %s ids of the data are %s, those of the model are %s: was it "
                           "trained on other data?",
                           what, from->kind == ID_STRING ? "text" : "numbers",
                           to->kind == ID_STRING ? "text" : "numbers");
    TRY_PTR(map = mem_array((size_t)from->count, sizeof(*map), err));
    for (int32_t i = 0, j = 0; i < from->count; i++) {
        int order = 1;
        while (j < to->count && (order = compare_ids(from, i, to, j)) > 0)
            j++;
        map[i] = j < to->count && order == 0 ? j : -1;
    }
    *ret_map = map;
done:
    return rc;
}

/* The train part in the model's indexes; what the model does not know is left out. */
static enum err map_seen(const struct dataset *dataset, const struct model *model,
                         const int32_t *users, const int32_t *items, struct csr *ret_seen,
                         struct error *err)
{
    const struct csr *train = &dataset->train;
    enum err rc = csr_init(ret_seen, model->users, model->items, csr_nnz(train), err);
    if (rc != ERR_OK)
        return rc;
    int64_t used = 0;
    int32_t next = 0; /* the model's user whose row starts at `used` */
    for (int32_t row = 0; row < train->rows; row++) {
        if (users[row] < 0)
            continue;
        while (next <= users[row])
            ret_seen->indptr[next++] = used;
        for (int64_t at = train->indptr[row]; at < train->indptr[row + 1]; at++) {
            if (items[train->indices[at]] < 0)
                continue;
            ret_seen->indices[used] = items[train->indices[at]];
            ret_seen->values[used++] = train->values[at];
        }
    }
    while (next <= model->users)
        ret_seen->indptr[next++] = used;
    return ERR_OK;
}

static enum err map_holdout(const struct dataset *dataset, const int32_t *users,
                            const int32_t *items, struct judgement *judgement, struct error *err)
{
    enum err rc = ERR_OK;
    const struct holdout *from = &dataset->holdout;
    struct holdout *to = &judgement->holdout;
    const size_t count = (size_t)from->count;
    TRY_PTR(to->users = mem_array(count, sizeof(*to->users), err));
    TRY_PTR(to->indptr = mem_array(count + 1, sizeof(*to->indptr), err));
    TRY_PTR(to->items = mem_array((size_t)from->indptr[from->count], sizeof(*to->items), err));
    for (int32_t i = 0; i < from->count; i++) {
        int64_t used = to->indptr[to->count];
        const int32_t user = users[from->users[i]];
        if (user < 0) {
            judgement->unknown_users++;
            continue;
        }
        for (int64_t at = from->indptr[i]; at < from->indptr[i + 1]; at++) {
            const int32_t item = items[from->items[at]];
            if (item < 0)
                judgement->unknown_pairs++;
            else
                to->items[used++] = item;
        }
        if (used == to->indptr[to->count])
            continue;
        to->users[to->count] = user;
        to->indptr[++to->count] = used;
    }
done:
    return rc;
}

enum err judge_record(const struct model_record *record, const struct dataset *dataset, int32_t k,
                      int32_t threads, const struct progress *progress,
                      struct judgement *ret_judgement, struct error *err)
{
    enum err rc;
    int32_t *users = NULL, *items = NULL;
    struct csr seen = {0};
    struct judgement made = {0};

    TRY(map_ids(&dataset->users, record->users, "user", &users, err));
    TRY(map_ids(&dataset->items, record->items, "item", &items, err));
    TRY(map_seen(dataset, record->model, users, items, &seen, err));
    TRY(map_holdout(dataset, users, items, &made, err));
    if (made.holdout.count == 0) {
        rc = FAIL_REASON(err, ERR_DATA, "model_foreign",
                         "the model knows none of the users and items of the holdout: was it "
                         "trained on other data?");
        goto done;
    }
    const struct eval_spec spec = {
        .model = record->model,
        .train = &seen,
        .holdout = &made.holdout,
        .k = k,
        .threads = threads,
        .prune = true,
        .progress = progress,
    };
    TRY(evaluate(&spec, &made.result, err));
    *ret_judgement = made;
    made = (struct judgement){0};
done:
    judgement_release(&made);
    csr_release(&seen);
    mem_free(users);
    mem_free(items);
    return rc;
}

void judgement_release(struct judgement *judgement)
{
    eval_result_release(&judgement->result);
    mem_free(judgement->holdout.users);
    mem_free(judgement->holdout.indptr);
    mem_free(judgement->holdout.items);
    *judgement = (struct judgement){0};
}
