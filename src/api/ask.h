#ifndef API_ASK_H
#define API_ASK_H

/*
 * A question to a model, read from a request: which model answers (served.h), about whom, how long
 * the list may be and what bounds it. Ids are those of the data, numbers or text; those that the
 * model does not know are left out of lists, and a user that it does not know is nobody.
 */
#include "api/app.h"
#include "api/ask_body.h"
#include "api/served.h"
#include "http/request.h"
#include "jobs/request.h"
#include "predict/answer.h"
#include "predict/predictor.h"

enum { ASK_K_DEFAULT = 40, ASK_K_MAX = 10000, ASK_USERS_MAX = 1000, ASK_PLACES_MAX = 400000 };
enum { ASK_ID_SIZE = 24, ASK_BODY_MAX = 1 << 20 };

struct ask {
    struct served_model served;
    const struct model_record *record; /* of the model file; borrowed from `served` */
    struct recommend_query query;      /* points into the ask */
    struct history history;
    struct item_list given, allow, deny;
};

/* Find the model of the path's {ref} among the user's. Then the ask must be released. The errors
 * of served_find. */
MUST_CHECK enum err ask_open(struct app *app, struct request *request, struct ask *ret_ask,
                             struct error *err);
/* The same by another ref than the path's. */
MUST_CHECK enum err ask_open_ref(struct app *app, struct request *request, const char *ref,
                                 struct ask *ret_ask, struct error *err);
void ask_release(struct ask *ask); /* all zero is allowed */

/*
 * The parameters k, exclude_seen, allow and deny ("1,2") of the query, where `known` (ends with
 * NULL) lists them; any that it does not list is refused. ERR_INVALID (parameter_range,
 * parameter_unknown, parameter_missing, too_many_items).
 */
MUST_CHECK enum err ask_read_query(struct ask *ask, struct request *request,
                                   const char *const *known, struct error *err);

/*
 * The same as ask_read_query from an object: k, exclude_seen, allow, deny, and `items`, the
 * history: ids, or objects
 * {"item", "count"}. What is wrong is told in *errors. ERR_INVALID (too_many_items), ERR_NOMEM.
 */
MUST_CHECK enum err ask_read_object(struct ask *ask, const json_t *object,
                                    struct job_field_errors *errors, struct error *err);

/* A parameter that must be there. ERR_INVALID (parameter_missing). */
MUST_CHECK enum err ask_text(struct request *request, const char *name, const char **ret_text,
                             struct error *err);
/* An item of the model by its id. ERR_NOT_FOUND (item_unknown). */
MUST_CHECK enum err ask_item(const struct ask *ask, const char *id, int32_t *ret_item,
                             struct error *err);

/* Room for the longest list that the query may have, until the response was sent. ERR_NOMEM. */
MUST_CHECK enum err ask_list_memory(const struct ask *ask, struct request *request,
                                    struct recommendation **ret_list, struct error *err);

/* The text of an id in JSON, a text or a whole number, into `buffer` where it is a number; NULL:
 * it is none. */
const char *ask_id_of(const json_t *value, char buffer[ASK_ID_SIZE]);

/* An id as it was asked for: as the model has it at `index`, or as given where that is -1. */
void ask_write_id(struct json_out *out, const struct idmap *ids, int32_t index, const char *given);
/* [{"item", "score"}, …] as a value. */
void ask_write_list(struct json_out *out, const struct model_record *record,
                    const struct recommendation *list, int32_t count);

#endif
