#ifndef MODEL_KINDS_H
#define MODEL_KINDS_H

/* The list of model kinds, in the order in which people see them: model/NAME.c defines NAME_kind.
 * A new kind is that file and one line here. */
#include "model/model.h"

#define MODEL_KINDS(X)                                                                             \
    X(popular)                                                                                     \
    X(als)                                                                                         \
    /* new ones go above this line */

#define X(name) extern const struct model_kind name##_kind;
MODEL_KINDS(X)
#undef X

extern const struct fold_kind als_fold; /* model/als_fold.c */

#endif
