#ifndef API_PAGE_MODELS_H
#define API_PAGE_MODELS_H

/* The pages of models that work without scripts; with scripts the same addresses show the
 * application. */
#include "api/app.h"
#include "http/request.h"
#include "http/response.h"

/* What was wrong with what somebody asked for, shown above the version. */
struct page_model_state {
    const char *error;          /* NULL: nothing */
    const char *alias, *reason; /* that were typed; NULL: nothing yet */
};

/* /models/{model_id}, status 200: the caller may say another one after. ERR_NOT_FOUND. */
MUST_CHECK enum err page_model(struct app *app, struct request *request, struct response *response,
                               const struct page_model_state *state, struct error *err);

#endif
