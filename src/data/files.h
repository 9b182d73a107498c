#ifndef DATA_FILES_H
#define DATA_FILES_H

/*
 * The files of a run, opened and checked before the reading engine sees any of them. A file is
 * opened by name once; from then on only its descriptor counts, so that a name that is moved or
 * replaced meanwhile changes nothing. Links are followed only inside the data directory.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { DATA_FILES_MAX = 4096 }; /* parts of one table */

struct source;

struct data_file {
    int fd;
    char *name;    /* relative to the data directory: "clickstream.pq", "clickstream/part-0.pq" */
    int64_t bytes; /* above 0 */
    int64_t rows;  /* -1: not known yet */
};

/* One table: a file, or parts in the order of their names, all of one source. */
struct file_set {
    struct data_file *files;
    int32_t count;
    const struct source *source;
    const char *title; /* "clickstream", "events" */
};

/* A data path whose directory somebody has opened before, who may look at names: the parent of a
 * sandboxed process. The descriptors stay the caller's. */
struct data_place {
    int directory;       /* the data directory, or the one that the pattern begins in */
    int above;           /* the one above it, where events may lie beside parts; -1: not given */
    const char *pattern; /* of clickstream parts, relative to `directory`; NULL: there is none */
};

/*
 * Find, open and check the clickstream and the events at `path` (see struct load_spec). With a
 * `place` (NULL: none) the path is what messages call it, and is not looked at. The caller
 * releases both sets. ERR_NOT_FOUND, ERR_DENIED, ERR_DATA, ERR_IO, ERR_NOMEM.
 */
MUST_CHECK enum err files_find(const char *path, const struct data_place *place,
                               struct file_set *ret_clicks, struct file_set *ret_events,
                               struct error *err);

/* Whether a path is a pattern where no directory has that very name. */
bool data_path_has_wildcard(const char *path);
/* The directories of a pattern before its first wildcard, "." for none, into `base`; returns how
 * long they and the last / are in the pattern. */
size_t data_path_base(const char *pattern, char *base, size_t base_size);
void file_set_release(struct file_set *set); /* leaves all zero; may be called on all zero */

/* How people call the set: the name of its only file, or "clickstream (12 parts)". */
const char *file_set_name(const struct file_set *set, char *out, unsigned long out_size);

/* Read exactly `size` bytes at `offset`. ERR_IO names the file. */
MUST_CHECK enum err file_read(const struct data_file *file, int64_t offset, void *out, int64_t size,
                              struct error *err);

#endif
