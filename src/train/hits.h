#ifndef TRAIN_HITS_H
#define TRAIN_HITS_H

/*
 * The hits of each user, in a JSON file beside the model ("….pkl" → "….hits.json"): with the
 * fingerprint of the holdout in it, a later paired test of two runs can tell whether they were
 * judged on the same users and items, and pair them by place.
 *
 *   {"format": "rectrain-hits/1", "k": 40, "holdout_sha256": "…",
 *    "hits": [per user, in the order of the holdout], "targets": [items to find, per user],
 *    "users": [their indexes in the model's map of users, ascending]}
 */
#include "base/error.h"
#include "base/hash.h"
#include "data/dataset.h"
#include "eval/evaluate.h"
#include "eval/paired.h"

enum { HITS_FILE_MAX = 64 << 20 /* bytes; that is ten million users */ };

/* Write it by way of a temporary file, fsync and rename. ret_path is the caller's (mem_free).
 * ERR_IO names the file and the system's reason; ERR_NOMEM. */
MUST_CHECK enum err hits_write(const char *model_path, const char *holdout_sha256,
                               const struct eval_result *judged, const struct holdout *holdout,
                               char **ret_path, struct error *err);

/* What such a file says. */
struct hits {
    int32_t k, users;
    char holdout_sha256[HASH_HEX_SIZE];
    int32_t *hits, *targets; /* [users], owned; targets are at least 1, hits at most as many */
};

/* Read the text of a file. ERR_CORRUPT says what is wrong; ERR_NOMEM. */
MUST_CHECK enum err hits_parse(const char *text, size_t size, struct hits *ret_hits,
                               struct error *err);
void hits_release(struct hits *hits); /* all zero is allowed, and left */

/* The name of the file beside a model: "dir/als_model_7.pkl" → "dir/als_model_7.hits.json". False
 * where `out` has no room for it. */
bool hits_path_of(const char *model_path, char *out, size_t out_size);

/* What a file that came from elsewhere says, without its counts. */
struct hits_facts {
    int32_t k, users;    /* users that were judged */
    int32_t users_below; /* their indexes in the model's map are below it */
    char holdout_sha256[HASH_HEX_SIZE];
    double recall; /* recall_at_k: the mean of hits / targets */
};

/* Read all of the open file, and check it as hits_parse and hits_read_users do. ERR_CORRUPT says
 * what is wrong; ERR_IO; ERR_NOMEM. */
MUST_CHECK enum err hits_inspect(int fd, struct hits_facts *ret_facts, struct error *err);

enum hits_match {
    HITS_PAIRED,        /* the same users were asked for the same items */
    HITS_OTHER_HOLDOUT, /* others, or for others */
    HITS_OTHER_K,       /* in lists of another length */
};

/* The difference in recall of two runs, `one` less `other`, with its interval (eval/paired.h).
 * *ret_interval is set where they are HITS_PAIRED alone. ERR_NOMEM. */
MUST_CHECK enum err hits_compare(const struct hits *one, const struct hits *other, int32_t threads,
                                 enum hits_match *ret_match, struct paired_interval *ret_interval,
                                 struct error *err);

/*
 * The users that the model beside the open file was judged on: *ret_users [*ret_count], indexes
 * below `users`, the caller's (mem_free). The file is not trusted. ERR_DATA
 * (evaluation_users_unknown): it is no such file, or of a program that did not record them; ERR_IO;
 * ERR_NOMEM.
 */
MUST_CHECK enum err hits_read_users(int fd, int32_t users, int32_t **ret_users, int32_t *ret_count,
                                    struct error *err);

#endif
