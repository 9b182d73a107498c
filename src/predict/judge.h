#ifndef PREDICT_JUDGE_H
#define PREDICT_JUDGE_H

/*
 * A saved model, judged on data that was read anew: the same data gives the same metrics as the
 * run that made it; other data (later days, say) tells how well the model has kept.
 */
#include "base/error.h"
#include "data/dataset.h"
#include "eval/evaluate.h"
#include "model/file.h"

struct judgement {
    struct eval_result result;
    int32_t unknown_users;  /* of the holdout, not in the model: left out */
    int64_t unknown_pairs;  /* of the other users' holdout pairs, with an item that the model does
                               not know: left out */
    struct holdout holdout; /* what was judged, in the model's indexes */
};

/*
 * Evaluate the record's model on the dataset's holdout; what the dataset's train part shows as seen
 * is removed from the lists of a personal kind. ERR_DATA: the model knows none of the holdout.
 * ERR_NOMEM, ERR_CANCELLED. Release *ret_judgement with judgement_release.
 */
MUST_CHECK enum err judge_record(const struct model_record *record, const struct dataset *dataset,
                                 int32_t k, int32_t threads, const struct progress *progress,
                                 struct judgement *ret_judgement, struct error *err);
void judgement_release(struct judgement *judgement);

#endif
