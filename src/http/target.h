#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

/* The target of a request line, "/path?query", checked and cut in two. Pure. */
#include <stdbool.h>

#include "base/text.h"

struct target {
    struct str path;  /* raw, not decoded, starts with / (or is "*") */
    struct str query; /* raw, without the ?; empty when there is none */
};

/* Cut `target` (terminated; the views borrow it). The form "http://host/path" is taken as its path.
 * False: empty, or with a byte that is not printable ASCII, or a #, <, >, ", \, ^, `, { or }. */
bool target_parse(const char *target, struct target *ret_target);

#endif
