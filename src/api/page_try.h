#ifndef API_PAGE_TRY_H
#define API_PAGE_TRY_H

/* What a model recommends to a user, on its page without scripts. */
#include "api/app.h"
#include "base/json.h"
#include "http/request.h"

/* "basis", in words, and "items": a list of {"place", "item", "score"}. The errors of served_find,
 * whose refusal (served_refuse) is the caller's. */
MUST_CHECK enum err page_add_list(json_t *context, struct app *app, struct request *request,
                                  const char *ref, const char *user, struct error *err);

#endif
