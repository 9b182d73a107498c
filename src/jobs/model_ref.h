#ifndef JOBS_MODEL_REF_H
#define JOBS_MODEL_REF_H

/*
 * How people call a model. A name ("homepage") has versions 1, 2, 3 …, and aliases ("champion")
 * that each point at one of them. A reference is one of
 *
 *   17                   the model with this number
 *   homepage@champion    what the alias points at
 *   homepage:3           a version
 *   homepage             its champion, and where there is none its newest version
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { MODEL_NAME_MAX = 63, MODEL_NAME_SIZE = MODEL_NAME_MAX + 1, MODEL_REF_SIZE = 160 };

#define MODEL_CHAMPION "champion" /* the alias that a bare name means, and that the gate guards */

/* A name of a model or of an alias: 1 to 63 of a-z, 0-9, dot, hyphen and underscore, the first a
 * letter or digit; not digits alone, and not "import", whose place in the API is taken. */
bool model_name_is_valid(const char *text);
#define MODEL_NAME_RULE                                                                            \
    "1 to 63 of a-z, 0-9, dot, hyphen and underscore, the first a letter or digit, not all digits"

enum model_ref_form { MODEL_REF_ID, MODEL_REF_ALIAS, MODEL_REF_VERSION, MODEL_REF_NAME };

struct model_ref {
    enum model_ref_form form;
    int64_t number; /* of ID the model's, of VERSION the version's; at least 1 */
    char name[MODEL_NAME_SIZE], alias[MODEL_NAME_SIZE];
};

/* ERR_NOT_FOUND (no_such_model): the text is no reference, so it names nothing. */
MUST_CHECK enum err model_ref_parse(const char *text, struct model_ref *ret_ref, struct error *err);

/* "homepage:3". Returns out. */
const char *model_ref_of(const char *name, int64_t version, char out[MODEL_REF_SIZE]);

#endif
