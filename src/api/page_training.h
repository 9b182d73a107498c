#ifndef API_PAGE_TRAINING_H
#define API_PAGE_TRAINING_H

/*
 * The pages that work without scripts: the training page (a form made of the tables, and the newest
 * jobs) and a job's details. With scripts the same address shows the application.
 */
#include "api/app.h"
#include "base/json.h"
#include "http/form.h"
#include "http/request.h"
#include "http/response.h"
#include "jobs/job.h"
#include "jobs/request.h"

struct page_training {
    const struct form *fields;             /* what was typed; NULL: nothing yet */
    const struct job_field_errors *errors; /* what is wrong with it; NULL: nothing */
    const char *problem;                   /* in one line, above the form; NULL: none */
};

/* /training/, status 200: the caller may say another one after. ?started=ID shows that it was. */
MUST_CHECK enum err page_training(struct app *app, struct request *request,
                                  struct response *response, const struct page_training *state,
                                  struct error *err);

#endif
