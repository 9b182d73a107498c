/*
 * How surprising a list is: the mean over its items of log2(users / users who touched the item), so
 * an item that half of all users touched counts 1, one of a thousandth about 10. Source: Zhou et
 * al., "Solving the apparent diversity-accuracy dilemma of recommender systems", PNAS 107 (2010).
 */
#include <math.h>

#include "eval/metrics.h"

static double novelty(const struct user_outcome *user)
{
    double bits = 0;
    for (int32_t place = 0; place < user->length; place++) {
        const int32_t audience = user->audience[user->list[place]];
        bits += log2((double)user->train_users / (audience > 0 ? audience : 1));
    }
    return user->length > 0 ? bits / user->length : 0;
}

const struct metric novelty_metric = {
    .name = "novelty_at_k",
    .title = "Novelty@%d",
    .help = "Mean of log2(users / users who touched the item) over the items of the lists",
    .higher_is_better = true,
    .of_user = novelty,
};
