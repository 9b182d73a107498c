#include "api/verdict.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/model_files.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "jobs/job.h"
#include "store/jobs.h"
#include "store/registry.h"
#include "train/hits.h"

#define RECALL "recall_at_k"

static const char *const outcome_names[] = {
    [VERDICT_BETTER] = "better",
    [VERDICT_WORSE] = "worse",
    [VERDICT_WITHIN_NOISE] = "within_noise",
    [VERDICT_NOT_COMPARABLE] = "not_comparable",
    [VERDICT_NO_CHAMPION] = "no_champion",
};

/* A number in a stored object; NAN where there is none. */
static enum err number_in(const char *text, const char *key, double *ret_number, struct error *err)
{
    enum err rc;
    json_t *object = NULL;
    TRY(json_read_stored(key, text, &object, err));
    const json_t *value = json_object_get(object, key);
    *ret_number = json_is_number(value) ? json_number_value(value) : (double)NAN;
done:
    json_decref(object);
    return rc;
}

/* ---- what there is to compare ---- */

/* The whole of a file; ERR_NOT_FOUND where there is none, or a larger one than hits are. */
static enum err read_whole(int fd, struct strbuf *text, struct error *err)
{
    enum err rc = ERR_OK;
    struct stat info;
    size_t left = 0;
    if (fstat(fd, &info) == 0 && info.st_size > 0 && info.st_size <= HITS_FILE_MAX)
        left = (size_t)info.st_size;
    else
        return FAIL(err, ERR_NOT_FOUND, "there are no hits in it");
    TRY(strbuf_reserve(text, left, err));
    while (left > 0) {
        char bytes[65536];
        const ssize_t got = read(fd, bytes, left < sizeof(bytes) ? left : sizeof(bytes));
        if (got <= 0)
            return FAIL(err, ERR_NOT_FOUND, "it cannot be read to its end: %m");
        TRY(strbuf_add(text, bytes, (size_t)got, err));
        left -= (size_t)got;
    }
done:
    return rc;
}

static enum err read_hits(const struct config *config, const struct model_record *model,
                          struct hits *ret_hits, struct error *err)
{
    enum err rc;
    int fd = -1;
    struct strbuf text;
    char path[JOB_PATH_MAX + 16];
    strbuf_init(&text, HITS_FILE_MAX + 1);
    if (!hits_path_of(model->path, path, sizeof(path)))
        return FAIL(err, ERR_NOT_FOUND, "the path is too long");
    TRY(saved_file_open(config, SAVED_MODEL, path, &fd, err));
    TRY(read_whole(fd, &text, err));
    TRY(hits_parse(text.ptr, text.len, ret_hits, err));
done:
    strbuf_release(&text);
    if (fd >= 0)
        close(fd);
    return rc;
}

static json_t *part_of(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return value != NULL ? json_incref(value) : json_null();
}

/* What identifies the data of a model: the parts of its passport that no two different sets share.
 * The caller owns it; null where it is not known. */
static enum err read_data(struct store *store, const struct model_record *model, json_t **ret_data,
                          struct error *err)
{
    struct job *job = NULL;
    enum err rc = job_read(store, model->user_id, JOB_ANY_TASK, model->job_id, &job, err);
    if (rc != ERR_OK)
        return rc;
    json_t *result = NULL, *data = json_array();
    rc = json_read_stored("result", job->result_json, &result, err);
    const json_t *passport = json_object_get(result, "data");
    size_t i;
    json_t *file;
    json_array_foreach(json_object_get(passport, "files"), i, file)
    {
        rc = json_append(data, part_of(file, "fingerprint"), err);
        if (rc != ERR_OK)
            break;
    }
    if (rc == ERR_OK)
        rc = json_append(data, part_of(passport, "eval_days"), err);
    if (rc == ERR_OK)
        *ret_data = data;
    else
        json_decref(data);
    json_decref(result);
    job_free(job);
    return rc;
}

static enum err same_data(const struct verdict_case *of, bool *ret_same, struct error *err)
{
    enum err rc;
    json_t *one = NULL, *other = NULL;
    TRY(read_data(of->store, of->candidate, &one, err));
    TRY(read_data(of->store, of->champion, &other, err));
    *ret_same = json_equal(one, other) != 0;
done:
    json_decref(one);
    json_decref(other);
    return rc;
}

/* ---- the comparison ---- */

/* One of the two has no hits that can be read: that is a verdict, not a failure. */
static enum err take_hits(const struct config *config, const struct model_record *model,
                          struct hits *hits, struct verdict *verdict, struct error *err)
{
    struct error about;
    const enum err rc = read_hits(config, model, hits, &about);
    if (rc == ERR_OK)
        return ERR_OK;
    if (rc == ERR_NOMEM) {
        *err = about;
        return rc;
    }
    verdict->why = "no_hits";
    snprintf(verdict->words, sizeof(verdict->words),
             "not comparable: the hits of each user of %s:%lld are not kept", model->name,
             (long long)model->version);
    return ERR_OK;
}

static void refuse(struct verdict *verdict, const char *why, const char *words)
{
    verdict->why = why;
    snprintf(verdict->words, sizeof(verdict->words), "not comparable: %s", words);
}

static void set_interval(struct verdict *verdict, const struct model_comparison *found)
{
    verdict->k = found->k;
    verdict->users = found->users;
    verdict->difference = found->difference;
    verdict->low = found->low;
    verdict->high = found->high;
}

/* Both files read: the interval, or why there is none. */
static enum err weigh(const struct verdict_case *of, const struct hits hits[2],
                      struct verdict *verdict, struct error *err)
{
    enum err rc;
    bool same = true;
    enum hits_match match;
    struct paired_interval interval = {0};
    TRY(hits_compare(&hits[0], &hits[1], parallel_processors(), &match, &interval, err));
    if (match == HITS_PAIRED)
        TRY(same_data(of, &same, err));
    if (match == HITS_OTHER_HOLDOUT) {
        refuse(verdict, "other_holdout", "other holdout");
    } else if (match == HITS_OTHER_K) {
        refuse(verdict, "other_k", "lists of other lengths");
    } else if (!same) {
        refuse(verdict, "other_data", "other data");
    } else {
        const struct model_comparison found = {.k = hits[0].k,
                                               .users = hits[0].users,
                                               .difference = interval.difference,
                                               .low = interval.low,
                                               .high = interval.high};
        set_interval(verdict, &found);
        TRY(comparison_keep(of->store, of->candidate->model_id, of->champion->model_id, &found,
                            err));
    }
done:
    return rc;
}

static enum err compare(const struct verdict_case *of, struct verdict *verdict, struct error *err)
{
    enum err rc;
    bool is_kept;
    struct model_comparison kept;
    struct hits hits[2] = {0};
    const int64_t candidate_id = of->candidate->model_id, champion_id = of->champion->model_id;
    if (candidate_id == champion_id) {
        verdict->difference = verdict->low = verdict->high = 0;
        return ERR_OK;
    }
    TRY(comparison_read(of->store, candidate_id, champion_id, &kept, &is_kept, err));
    if (is_kept) {
        set_interval(verdict, &kept);
        return ERR_OK;
    }
    TRY(take_hits(of->config, of->candidate, &hits[0], verdict, err));
    if (verdict->why == NULL)
        TRY(take_hits(of->config, of->champion, &hits[1], verdict, err));
    if (verdict->why == NULL)
        TRY(weigh(of, hits, verdict, err));
done:
    hits_release(&hits[0]);
    hits_release(&hits[1]);
    return rc;
}

/* ---- in words ---- */

/* "0.8 to 1.1", of fractions in points; more digits where fewer would not tell them apart. */
static const char *points(double low, double high, bool is_signed, char *out, size_t out_size)
{
    char from[32], to[32];
    for (int digits = 1; digits <= 3; digits++) {
        snprintf(from, sizeof(from), is_signed ? "%+.*f" : "%.*f", digits, 100 * low);
        snprintf(to, sizeof(to), is_signed ? "%+.*f" : "%.*f", digits, 100 * high);
        if (strcmp(from, to) != 0)
            break;
    }
    snprintf(out, out_size, "%s to %s", from, to);
    return out;
}

static void say_interval(struct verdict *verdict)
{
    char text[80];
    const size_t size = sizeof(verdict->words);
    if (verdict->low > 0) {
        verdict->outcome = VERDICT_BETTER;
        const int used = snprintf(verdict->words, size, "better by %s points",
                                  points(verdict->low, verdict->high, false, text, sizeof(text)));
        if (verdict->low <= verdict->margin)
            snprintf(verdict->words + used, size - (size_t)used,
                     ", which is not by more than the margin of %g", 100 * verdict->margin);
    } else if (verdict->high < 0) {
        verdict->outcome = VERDICT_WORSE;
        snprintf(verdict->words, size, "worse by %s points",
                 points(-verdict->high, -verdict->low, false, text, sizeof(text)));
    } else if (strcmp(verdict->candidate, verdict->champion) == 0) {
        verdict->outcome = VERDICT_WITHIN_NOISE;
        snprintf(verdict->words, size, "the same model");
    } else {
        verdict->outcome = VERDICT_WITHIN_NOISE;
        snprintf(verdict->words, size, "within noise (%s points)",
                 points(verdict->low, verdict->high, true, text, sizeof(text)));
    }
}

static void say_floor(struct verdict *verdict)
{
    const size_t used = strlen(verdict->words), left = sizeof(verdict->words) - used;
    if (isnan(verdict->popular_recall) || isnan(verdict->candidate_recall))
        snprintf(verdict->words + used, left, "; whether it beats popular is not known");
    else if (verdict->candidate_recall <= verdict->popular_recall)
        snprintf(verdict->words + used, left, "; does not beat popular (%.1f %% against %.1f %%)",
                 100 * verdict->candidate_recall, 100 * verdict->popular_recall);
    else if (verdict->outcome == VERDICT_NO_CHAMPION)
        snprintf(verdict->words + used, left, "; beats popular");
}

static enum err begin(const struct verdict_case *of, struct verdict *verdict, struct error *err)
{
    enum err rc;
    double k;
    const struct model_record *candidate = of->candidate;
    *verdict = (struct verdict){
        .outcome = VERDICT_NOT_COMPARABLE,
        .difference = (double)NAN,
        .low = (double)NAN,
        .high = (double)NAN,
        .margin = of->margin,
        .champion_recall = (double)NAN,
    };
    TRY(number_in(candidate->run_json, "k", &k, err));
    verdict->k = isfinite(k) ? (int64_t)k : 0;
    TRY(number_in(candidate->metrics_json, RECALL, &verdict->candidate_recall, err));
    TRY(number_in(candidate->popular_metrics_json, RECALL, &verdict->popular_recall, err));
    model_ref_of(candidate->name, candidate->version, verdict->candidate);
    if (strcmp(candidate->model_type, "popular") == 0)
        verdict->popular_recall = verdict->candidate_recall;
done:
    return rc;
}

enum err verdict_make(const struct verdict_case *of, struct verdict *ret_verdict, struct error *err)
{
    enum err rc;
    struct verdict verdict;
    TRY(begin(of, &verdict, err));
    if (of->champion == NULL) {
        verdict.outcome = VERDICT_NO_CHAMPION;
        snprintf(verdict.words, sizeof(verdict.words), "no champion yet");
    } else {
        model_ref_of(of->champion->name, of->champion->version, verdict.champion);
        TRY(number_in(of->champion->metrics_json, RECALL, &verdict.champion_recall, err));
        TRY(compare(of, &verdict, err));
        /* Of the same holdout and data popular is the same: an import does not bring its own. */
        if (verdict.why == NULL && isnan(verdict.popular_recall))
            TRY(number_in(of->champion->popular_metrics_json, RECALL, &verdict.popular_recall,
                          err));
        if (verdict.why == NULL)
            say_interval(&verdict);
    }
    const bool beats = of->champion == NULL || verdict.low > of->margin;
    verdict.passes = beats && verdict.candidate_recall > verdict.popular_recall;
    say_floor(&verdict);
    *ret_verdict = verdict;
done:
    return rc;
}

/* ---- as JSON ---- */

static void write_side(struct json_out *out, const char *key, const char *ref, double value)
{
    json_out_key(out, key);
    if (ref[0] == '\0') {
        json_out_null(out);
        return;
    }
    json_out_open(out, '{');
    json_member_text(out, "ref", ref);
    json_member_real(out, "value", value);
    json_out_close(out, '}');
}

void verdict_write(struct json_out *out, const struct verdict *verdict)
{
    const bool is_floor_known =
        !isnan(verdict->popular_recall) && !isnan(verdict->candidate_recall);
    json_out_open(out, '{');
    json_member_text(out, "outcome", outcome_names[verdict->outcome]);
    json_member_bool(out, "passes", verdict->passes);
    json_member_text(out, "words", verdict->words);
    json_member_text(out, "metric", RECALL);
    json_member_int(out, "k", verdict->k);
    json_member_int(out, "users", verdict->users);
    json_member_real(out, "difference", verdict->difference);
    json_member_real(out, "low", verdict->low);
    json_member_real(out, "high", verdict->high);
    json_member_real(out, "margin", verdict->margin);
    json_out_key(out, "beats_popular");
    if (is_floor_known)
        json_out_bool(out, verdict->candidate_recall > verdict->popular_recall);
    else
        json_out_null(out);
    json_member_real(out, "popular", verdict->popular_recall);
    write_side(out, "candidate", verdict->candidate, verdict->candidate_recall);
    write_side(out, "champion", verdict->champion, verdict->champion_recall);
    json_member_text(out, "why", verdict->why);
    json_out_close(out, '}');
}
