#ifndef MODEL_FILE_H
#define MODEL_FILE_H

/*
 * The model file: a pickle (protocol 5) of plain Python objects and NumPy arrays, which Python
 * opens with numpy alone and which this program maps and scores from without a copy. Every byte
 * is documented in docs/model-file.md. Nothing is ever executed: the reader knows only the exact
 * opcodes that the writer writes, checks every length, and refuses all else.
 */
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/progress.h"
#include "data/idmap.h"
#include "model/model.h"

/* What a file holds. To write, all is borrowed; of a file that was opened, all belongs to it. */
struct model_record {
    const struct model *model;
    const struct idmap *users, *items;
    const struct csr *matrix;  /* train counts, users × items */
    const int64_t *popularity; /* [items] */
    const json_t *params;      /* object: the kind's and the run's parameters */
    const json_t *metrics;     /* object */
    const json_t *data;        /* object: passport and funnel */
    uint64_t seed;
    const char *version;
};

/*
 * Write to a temporary file in `directory`, fsync, link to "{kind}_model_{job}_{stamp}.pkl" (or
 * with _2, _3 … before ".pkl": an existing file is never overwritten), fsync the directory. On
 * failure nothing is left. ret_path has the path, ret_sha256 the sum of the whole file.
 * The directory is made when it is not there.
 * Errors: ERR_IO (which names the file and the system's reason; the reason is "disk_full" where
 * that is it), ERR_DENIED, ERR_NOMEM, ERR_CANCELLED; ERR_DATA for an id that is not UTF-8 or is
 * above 1 MiB. Cost: one pass over the arrays; the sums use the processor's SHA instructions.
 * A process that limits its file sizes must ignore SIGXFSZ, else the limit kills it here.
 */
MUST_CHECK enum err model_file_write(const struct model_record *record, const char *directory,
                                     int64_t job_id, const char *stamp,
                                     const struct progress *progress, char **ret_path,
                                     char ret_sha256[HASH_HEX_SIZE], struct error *err);

struct model_file; /* an open file; never changes, so threads may share it */

/*
 * Map and check a file: opcodes, lengths, shapes, ids that ascend, the whole train matrix and
 * what the kind checks; with `verify` also that all factors are finite and the checksum over every
 * byte (one pass over the file; without it the factors are read only when they are used).
 * ERR_CORRUPT says at which byte and what was expected; ERR_NOT_FOUND, ERR_DENIED, ERR_IO,
 * ERR_NOMEM. The caller closes it; model and record are borrowed from it. The file must not be
 * changed in place while it is open (the writer never does).
 */
MUST_CHECK enum err model_file_open(const char *path, bool verify, struct model_file **ret_file,
                                    struct error *err);

/* How closely a file is looked at. */
enum model_file_checks {
    /* Opcodes, lengths and shapes, which keep every read within the file; no array is read but the
     * ids that are text. For a file that was verified before and has not changed since. */
    MODEL_FILE_UNCHANGED,
    MODEL_FILE_CHECKED,  /* as model_file_open */
    MODEL_FILE_VERIFIED, /* as model_file_open with `verify` */
};
struct model_file_look {
    enum model_file_checks checks;
    const char *sha256; /* hex, of the whole file, compared where it is verified; NULL: not known.
                           Another sum is ERR_CORRUPT (model_file_changed) */
};
/* The same of a file that is open already and stays the caller's; `name` is for messages. */
MUST_CHECK enum err model_file_open_fd(int fd, const char *name, const struct model_file_look *look,
                                       struct model_file **ret_file, struct error *err);
const struct model_record *model_file_record(const struct model_file *file);
int64_t model_file_bytes(const struct model_file *file); /* that are mapped */
void model_file_close(struct model_file *file);          /* NULL is allowed */

#endif
