#ifndef API_VERDICT_H
#define API_VERDICT_H

/*
 * Is a candidate better than the champion? Both must have been judged on the same holdout of the
 * same data, in lists of the same length; then the paired bootstrap over users (eval/paired.h)
 * gives an interval of the difference in recall. The hits of each user are read from the files
 * beside the models (train/hits.h); what a comparison came to is kept by the store, since it never
 * changes.
 */
#include "base/json_out.h"
#include "config/config.h"
#include "jobs/model_ref.h"
#include "store/models.h"

enum { VERDICT_WORDS_SIZE = 256 };

enum verdict_outcome {
    VERDICT_BETTER,       /* the whole interval is above 0 */
    VERDICT_WORSE,        /* below 0 */
    VERDICT_WITHIN_NOISE, /* 0 lies in it */
    VERDICT_NOT_COMPARABLE,
    VERDICT_NO_CHAMPION
};

struct verdict {
    enum verdict_outcome outcome;
    bool passes; /* better by more than the margin (or without a champion), and than popular */
    int64_t k, users;
    /* Of recall, as fractions; NAN: not known. */
    double difference, low, high, margin, candidate_recall, champion_recall, popular_recall;
    char candidate[MODEL_REF_SIZE], champion[MODEL_REF_SIZE]; /* the latter "": none */
    const char *why; /* of NOT_COMPARABLE: other_holdout, other_data, other_k, no_hits; else NULL */
    char words[VERDICT_WORDS_SIZE]; /* "better by 0.8 to 1.1 points" */
};

struct verdict_case {
    const struct config *config; /* for where the files are */
    struct store *store;
    const struct model_record *candidate, *champion; /* the latter NULL: there is none */
    double margin;                                   /* of recall, as a fraction */
};

/* Weigh a candidate against a champion. Cost: where the store keeps it one read, else two files and
 * some tenths of a second. ERR_NOMEM; errors of the store. */
MUST_CHECK enum err verdict_make(const struct verdict_case *of, struct verdict *ret_verdict,
                                 struct error *err);

/* As a value. */
void verdict_write(struct json_out *out, const struct verdict *verdict);

#endif
