#include "predict/recommend.h"

#include "base/memory.h"
#include "linalg/topk.h"

enum err recommend_user(const struct model_record *record, int32_t user, int32_t k,
                        struct recommendation *ret_items, int32_t *ret_count, struct error *err)
{
    enum err rc = ERR_OK;
    const struct model *model = record->model;
    const struct csr *seen = record->matrix;
    const int32_t most = k < model->items ? k : model->items;
    float *scores = NULL;
    int32_t *columns = NULL;

    TRY_PTR(scores = mem_array((size_t)model->items, sizeof(*scores), err));
    TRY_PTR(columns = mem_array((size_t)most, sizeof(*columns), err));
    model->kind->score(model, user, scores);
    const int32_t count = topk_of_scores(scores, model->items, seen->indices + seen->indptr[user],
                                         csr_row_nnz(seen, user), most, columns);
    for (int32_t i = 0; i < count; i++)
        ret_items[i] = (struct recommendation){columns[i], scores[columns[i]]};
    *ret_count = count;
done:
    mem_free(scores);
    mem_free(columns);
    return rc;
}
