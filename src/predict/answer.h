#ifndef PREDICT_ANSWER_H
#define PREDICT_ANSWER_H

/* Answers as JSON, with ids in place of indexes; and questions whose ids come as text. */
#include "base/json.h"
#include "predict/predictor.h"

/* The id at an index: a number, or a string (also where a number is beyond int64_t). NULL: no
 * memory. */
json_t *answer_id(const struct idmap *map, int32_t index);

/* [{"item": id, "score": x}, …]. ERR_NOMEM. */
MUST_CHECK enum err answer_list(const struct model_record *record,
                                const struct recommendation *list, int32_t count, json_t **ret_json,
                                struct error *err);

/* Why the item is or is not in a list of k: "place 57: its score 0.0123 is below that of place 40,
 * 0.0456". Returns `out`. */
enum { ANSWER_WORDS_SIZE = 160 };
const char *answer_words(const struct explanation *explanation, int32_t k,
                         char out[ANSWER_WORDS_SIZE]);

/*
 * {"item", "basis", "score", "list_score", "rank" (null: it may not be in the list), "cutoff",
 * "kept_out" (null: it is in the list), "words", "reasons": [{"item", "count", "part"}, …] (at most
 * `most` of them), "reasons_total", "rest" (the sum of the parts that are not shown)}. ERR_NOMEM.
 */
MUST_CHECK enum err answer_explanation(const struct model_record *record, int32_t item, int32_t k,
                                       const struct explanation *explanation, int32_t most,
                                       json_t **ret_json, struct error *err);

/* ---- lists of items in questions ---- */

enum { ITEM_LIST_MAX = 100000 };

/* Items gathered from ids; release with item_list_release. */
struct item_list {
    int32_t *items; /* [count] ascending, each once, once it is finished */
    float *counts;  /* [count] how often each was named */
    int32_t count, capacity;
    int64_t unknown; /* ids that the model does not know: left out */
};
void item_list_init(struct item_list *list); /* empty */
void item_list_release(struct item_list *list);
/* ERR_INVALID: more than ITEM_LIST_MAX; a count that is not above 0. ERR_NOMEM. */
MUST_CHECK enum err item_list_add(struct item_list *list, const struct model_record *record,
                                  const char *id, double count, struct error *err);
/* Sort, and join what was named twice; then `items` and `counts` are a struct history's. */
void item_list_finish(struct item_list *list);

#endif
