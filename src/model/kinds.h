#ifndef MODEL_KINDS_H
#define MODEL_KINDS_H

/* What each kind's file offers to the table in model/kinds.c. */
#include "model/model.h"

extern const struct model_kind popular_kind; /* model/popular.c */
extern const struct model_kind als_kind;     /* model/als.c */

#endif
