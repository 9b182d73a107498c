#ifndef MODEL_OUTPUT_H
#define MODEL_OUTPUT_H

/*
 * A file that appears whole or not at all. It is written without a name (O_TMPFILE; a hidden
 * temporary name where the file system knows no such thing), synced, and only then linked to its
 * name, which must be free: nothing is ever overwritten. A process that is killed half-way leaves
 * nothing where nameless files exist, else a ".rectrain-*.tmp".
 *
 * Errors of every function that can fail: ERR_IO (the file and the system's words; the reason is
 * "disk_full" where that is it), ERR_DENIED, ERR_NOMEM. One thread at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/progress.h"

struct output_spec {
    const char *directory; /* of the file; its last part is made when it is not there */
    const char *stem;      /* the name is stem + extension, … */
    const char *extension;
    bool numbered; /* … or with _2, _3 … between when that exists; else ERR_INVALID "file_exists" */
    bool hashed;                     /* the SHA-256 of all bytes is wanted */
    bool named;                      /* do not try O_TMPFILE: for tests of the other way */
    double total_bytes;              /* expected, for the progress reports; 0: not known */
    const struct progress *progress; /* reports of PHASE_SAVE and cancel; NULL allowed */
};

struct output {
    struct output_spec spec; /* its strings are borrowed until the release */
    int directory_fd, fd;    /* -1: not open */
    char temporary[40];      /* the hidden name; "" when there is none */
    unsigned char *buffer;
    size_t used;
    uint64_t written; /* bytes given so far: the offset of the next one */
    uint64_t flushed; /* of them, bytes that reached the system */
    double next_report;
    struct hash *hash;
};

/* Start a file. Whatever happens, call output_release at the end. */
MUST_CHECK enum err output_open(struct output *out, const struct output_spec *spec,
                                struct error *err);

/* Add bytes. Also ERR_CANCELLED, polled every 256 KiB. */
MUST_CHECK enum err output_write(struct output *out, const void *bytes, size_t size,
                                 struct error *err);

/* The SHA-256 of all bytes so far as if `tail` came after them, in hexadecimal. */
MUST_CHECK enum err output_sum_with(struct output *out, const void *tail, size_t tail_size,
                                    char ret_hex[HASH_HEX_SIZE], struct error *err);

/* Sync, link to the name, sync the directory. ret_path (NULL allowed) gets the path, owned by the
 * caller; ret_sha256 (NULL allowed; needs `hashed`) the sum of the whole file. */
MUST_CHECK enum err output_commit(struct output *out, char **ret_path,
                                  char ret_sha256[HASH_HEX_SIZE], struct error *err);

/* Close; what was not committed is gone. May be called on all zero. */
void output_release(struct output *out);

#endif
