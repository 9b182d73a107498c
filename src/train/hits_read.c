/* Hits of two runs: read back, and compared. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "train/hits.h"

void hits_release(struct hits *hits)
{
    mem_free(hits->hits);
    mem_free(hits->targets);
    *hits = (struct hits){0};
}

static enum err read_counts(const json_t *root, const char *key, int32_t least, int32_t count,
                            int32_t *counts, struct error *err)
{
    const json_t *array = json_object_get(root, key);
    if (json_array_size(array) != (size_t)count)
        return FAIL(err, ERR_CORRUPT, "%s are not as many as the users", key);
    for (int32_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(array, (size_t)i);
        const json_int_t number = json_integer_value(value);
        if (!json_is_integer(value) || number < least || number > INT32_MAX)
            return FAIL(err, ERR_CORRUPT, "%s of user %d is no number from %d on", key, i, least);
        counts[i] = (int32_t)number;
    }
    return ERR_OK;
}

static enum err read_root(const json_t *root, struct hits *hits, struct error *err)
{
    enum err rc;
    const char *format = json_string_value(json_object_get(root, "format"));
    const char *holdout = json_string_value(json_object_get(root, "holdout_sha256"));
    const json_int_t k = json_integer_value(json_object_get(root, "k"));
    const size_t users = json_array_size(json_object_get(root, "hits"));
    if (format == NULL || strcmp(format, "rectrain-hits/1") != 0)
        return FAIL(err, ERR_CORRUPT, "it is no file of hits that this program knows");
    if (holdout == NULL || strlen(holdout) >= sizeof(hits->holdout_sha256) || k < 1 ||
        k > INT32_MAX || users < 1 || users > INT32_MAX)
        return FAIL(err, ERR_CORRUPT, "holdout_sha256, k or hits are missing or out of range");
    hits->k = (int32_t)k;
    hits->users = (int32_t)users;
    memcpy(hits->holdout_sha256, holdout, strlen(holdout) + 1);
    TRY_PTR(hits->hits = mem_array(users, sizeof(*hits->hits), err));
    TRY_PTR(hits->targets = mem_array(users, sizeof(*hits->targets), err));
    TRY(read_counts(root, "targets", 1, hits->users, hits->targets, err));
    TRY(read_counts(root, "hits", 0, hits->users, hits->hits, err));
    for (int32_t i = 0; i < hits->users; i++)
        if (hits->hits[i] > hits->targets[i])
            return FAIL(err, ERR_CORRUPT, "user %d has more hits than there are items to find", i);
done:
    return rc;
}

enum err hits_parse(const char *text, size_t size, struct hits *ret_hits, struct error *err)
{
    struct error about;
    struct hits hits = {0};
    json_t *root = NULL;
    enum err rc = json_read(text, size, JSON_REJECT_DUPLICATES, &root, &about);
    if (rc == ERR_NOMEM)
        return FAIL(err, rc, "%s", about.message);
    rc = rc != ERR_OK ? FAIL(err, ERR_CORRUPT, "it is no JSON: %.200s", about.message)
                      : read_root(root, &hits, err);
    json_decref(root);
    if (rc == ERR_OK)
        *ret_hits = hits;
    else
        hits_release(&hits);
    return rc;
}

bool hits_path_of(const char *model_path, char *out, size_t out_size)
{
    const char *slash = strrchr(model_path, '/');
    const char *dot = strrchr(slash != NULL ? slash : model_path, '.');
    const size_t len = dot != NULL ? (size_t)(dot - model_path) : strlen(model_path);
    const int wanted = snprintf(out, out_size, "%.*s.hits.json", (int)len, model_path);
    return wanted > 0 && (size_t)wanted < out_size;
}

static enum hits_match match_of(const struct hits *one, const struct hits *other)
{
    if (strcmp(one->holdout_sha256, other->holdout_sha256) != 0 || one->users != other->users ||
        memcmp(one->targets, other->targets, (size_t)one->users * sizeof(*one->targets)) != 0)
        return HITS_OTHER_HOLDOUT;
    return one->k != other->k ? HITS_OTHER_K : HITS_PAIRED;
}

enum err hits_compare(const struct hits *one, const struct hits *other, int32_t threads,
                      enum hits_match *ret_match, struct paired_interval *ret_interval,
                      struct error *err)
{
    enum err rc = ERR_OK;
    double *differences = NULL;
    const enum hits_match match = match_of(one, other);
    if (match == HITS_PAIRED) {
        TRY_PTR(differences = mem_array((size_t)one->users, sizeof(*differences), err));
        for (int32_t i = 0; i < one->users; i++)
            differences[i] = (double)(one->hits[i] - other->hits[i]) / one->targets[i];
        TRY(paired_bootstrap(differences, one->users, threads, ret_interval, err));
    }
    *ret_match = match;
done:
    mem_free(differences);
    return rc;
}
