#ifndef LINALG_CSR_H
#define LINALG_CSR_H

/*
 * Compressed sparse rows: the interactions of a run, users × items or its transpose. Indices are
 * 32-bit, offsets 64-bit; within a row the columns ascend and none appears twice.
 */
#include <stdint.h>

#include "base/error.h"

struct csr {
    int32_t rows, cols;
    int64_t *indptr;  /* [rows + 1], from 0, never falling; indptr[rows] is nnz */
    int32_t *indices; /* [nnz], 0 to cols - 1, ascending in each row */
    float *values;    /* [nnz], finite */
};

static inline int64_t csr_nnz(const struct csr *m)
{
    return m->indptr[m->rows];
}

static inline int64_t csr_row_nnz(const struct csr *m, int32_t row)
{
    return m->indptr[row + 1] - m->indptr[row];
}

/* Get the arrays for a rows × cols matrix of nnz entries, zeroed. Release with csr_release. */
MUST_CHECK enum err csr_init(struct csr *m, int32_t rows, int32_t cols, int64_t nnz,
                             struct error *err);
void csr_release(struct csr *m); /* leaves all zero; may be called on all zero */

/* ret_transpose becomes the transpose of m, by a counting sort: time and memory O(nnz + cols),
 * the same for any number of threads. The caller releases it. */
MUST_CHECK enum err csr_transpose(const struct csr *m, int32_t threads, struct csr *ret_transpose,
                                  struct error *err);

/* ERR_DATA unless m is what the comments above promise; `what` names it in the message. */
MUST_CHECK enum err csr_check(const struct csr *m, const char *what, struct error *err);

#endif
