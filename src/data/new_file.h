#ifndef DATA_NEW_FILE_H
#define DATA_NEW_FILE_H

/*
 * A file that a library writes by its path, and that is to appear whole or not at all: it is
 * written under a hidden name beside its own, synced, and then given its name. (What writes its
 * bytes itself uses model/output.h.) After a failure new_file_abandon leaves nothing behind.
 *
 * Errors: ERR_INVALID (file_exists), ERR_DENIED, ERR_NOT_FOUND, ERR_IO, each with the path and the
 * system's words.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { NEW_FILE_PATH_MAX = 4096 };

struct new_file {
    char final[NEW_FILE_PATH_MAX], temporary[NEW_FILE_PATH_MAX];
    bool begun;     /* set it before the temporary name is written to */
    bool named;     /* it has its own name */
    bool overwrite; /* replace a file of the final name; else that is an error */
};

/* Choose both names. */
MUST_CHECK enum err new_file_init(struct new_file *file, const char *directory, const char *name,
                                  bool overwrite, struct error *err);
/* What was written is on the disk, under its temporary name; how long it is. */
MUST_CHECK enum err new_file_sync(const struct new_file *file, int64_t *ret_bytes,
                                  struct error *err);
/* Give it its name; sync the directory after the last one (new_file_sync_directory). */
MUST_CHECK enum err new_file_name(struct new_file *file, struct error *err);
MUST_CHECK enum err new_file_sync_directory(const char *directory, struct error *err);
/* After a failure: remove it, by whichever name, unless it has replaced another, which is gone. May
 * be called on all zero. */
void new_file_abandon(const struct new_file *file);

/* The error of errno: "cannot WHAT PATH: …". */
enum err new_file_error(struct error *err, const char *what, const char *path);

#endif
