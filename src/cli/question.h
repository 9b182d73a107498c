#ifndef CLI_QUESTION_H
#define CLI_QUESTION_H

/* What recommend, similar and explain share: a model file that is open, who is asked about, and
 * printing lists. */
#include "cli/options.h"
#include "predict/answer.h"

/* Options that a question may have; put them into the table of the command. */
#define QUESTION_USER                                                                              \
    {                                                                                              \
        "user", "ID", "whom to recommend to"                                                       \
    }
#define QUESTION_ITEMS                                                                             \
    {                                                                                              \
        "items", "ID[,ID…]",                                                                       \
            "a history to recommend from, in place of what the model knows of the user"            \
    }
#define QUESTION_HISTORY                                                                           \
    {                                                                                              \
        "history", "FILE", "the same from a file: an item a line, and after a tab how often"       \
    }

struct question {
    struct model_file *file;
    const struct model_record *record;
    struct predictor *predictor;
    struct item_list given, allow, deny; /* --items and --history; --allow, --deny */
    struct history history;              /* of `given` */
    struct recommend_query query;
};

/* Open the model that the only argument names and read --user, --items, --history, --allow, --deny,
 * --k and --with-seen where they were given. What the model does not know is told on stderr. */
MUST_CHECK enum err question_open(const struct parsed_options *parsed,
                                  struct question *ret_question, struct error *err);
void question_close(struct question *question); /* may be called on all zero */

/* The item by its id. ERR_NOT_FOUND (item_unknown). */
MUST_CHECK enum err question_item(const struct question *question, const char *id,
                                  int32_t *ret_item, struct error *err);

/* A line each: id, tab, score. */
void print_recommendations(const struct model_record *record, const struct recommendation *list,
                           int32_t count);
/* What `rectrain recommend --output` does (cli/recommend_many.c). */
MUST_CHECK enum err recommend_many(const struct parsed_options *parsed,
                                   const struct question *question, struct error *err);

/* The id at an index, of any length; on a terminal without control characters. */
void print_id(const struct idmap *map, int32_t index);

#endif
