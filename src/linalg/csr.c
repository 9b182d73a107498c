#include "linalg/csr.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"

enum err csr_init(struct csr *m, int32_t rows, int32_t cols, int64_t nnz, struct error *err)
{
    enum err rc = ERR_OK;
    struct csr made = {.rows = rows, .cols = cols};
    TRY_PTR(made.indptr = mem_array((size_t)rows + 1, sizeof(*made.indptr), err));
    TRY_PTR(made.indices = mem_array((size_t)nnz, sizeof(*made.indices), err));
    TRY_PTR(made.values = mem_array((size_t)nnz, sizeof(*made.values), err));
    *m = made;
    return ERR_OK;
done:
    csr_release(&made);
    return rc;
}

void csr_release(struct csr *m)
{
    mem_free(m->indptr);
    mem_free(m->indices);
    mem_free(m->values);
    *m = (struct csr){0};
}

struct transposition {
    const struct csr *from;
    struct csr *to;
    int64_t *next; /* [to.rows] where the next entry of each row goes */
    int32_t bands;
};

/* Each band of target rows is filled by one thread, which walks all entries in row order and takes
 * those of its band, so that every target row comes out ascending whatever the threads do. */
static void fill_band(void *context, int64_t begin, int64_t end, int32_t worker)
{
    const struct transposition *t = context;
    (void)worker;
    for (int64_t band = begin; band < end; band++) {
        const int32_t first = (int32_t)((int64_t)t->to->rows * band / t->bands);
        const int32_t last = (int32_t)((int64_t)t->to->rows * (band + 1) / t->bands);
        for (int32_t row = 0; row < t->from->rows; row++) {
            for (int64_t at = t->from->indptr[row]; at < t->from->indptr[row + 1]; at++) {
                const int32_t col = t->from->indices[at];
                if (col < first || col >= last)
                    continue;
                const int64_t to = t->next[col]++;
                t->to->indices[to] = row;
                t->to->values[to] = t->from->values[at];
            }
        }
    }
}

enum err csr_transpose(const struct csr *m, int32_t threads, struct csr *ret_transpose,
                       struct error *err)
{
    enum err rc = ERR_OK;
    struct csr made = {0};
    int64_t *next = NULL;
    const int64_t nnz = csr_nnz(m);

    TRY(csr_init(&made, m->cols, m->rows, nnz, err));
    TRY_PTR(next = mem_array((size_t)m->cols + 1, sizeof(*next), err));
    for (int64_t at = 0; at < nnz; at++)
        made.indptr[m->indices[at] + 1]++;
    for (int32_t col = 0; col < m->cols; col++)
        made.indptr[col + 1] += made.indptr[col];
    memcpy(next, made.indptr, (size_t)m->cols * sizeof(*next));

    struct transposition t = {m, &made, next, threads};
    parallel_for(threads, threads, 1, fill_band, &t);
    *ret_transpose = made;
    made = (struct csr){0};
done:
    mem_free(next);
    csr_release(&made);
    return rc;
}

enum err csr_check(const struct csr *m, const char *what, struct error *err)
{
    if (m->rows < 0 || m->cols < 0 || m->indptr[0] != 0)
        return FAIL(err, ERR_DATA, "%s: a shape or the first offset is wrong", what);
    for (int32_t row = 0; row < m->rows; row++) {
        if (m->indptr[row + 1] < m->indptr[row])
            return FAIL(err, ERR_DATA, "%s: the offset of row %d falls", what, row + 1);
        for (int64_t at = m->indptr[row]; at < m->indptr[row + 1]; at++) {
            if (m->indices[at] < 0 || m->indices[at] >= m->cols)
                return FAIL(err, ERR_DATA, "%s: row %d names column %d of %d", what, row,
                            m->indices[at], m->cols);
            if (at > m->indptr[row] && m->indices[at] <= m->indices[at - 1])
                return FAIL(err, ERR_DATA, "%s: the columns of row %d do not ascend", what, row);
            if (!isfinite(m->values[at]))
                return FAIL(err, ERR_DATA, "%s: row %d, column %d is not a finite number", what,
                            row, m->indices[at]);
        }
    }
    return ERR_OK;
}
