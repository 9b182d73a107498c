#ifndef API_HEALTH_H
#define API_HEALTH_H

/* What GET /health/ready answers, asked at most once in HEALTH_CACHE_MS whoever asks, since it
 * takes a write of the store. */
#include "base/error.h"

enum { HEALTH_CACHE_MS = 1000, HEALTH_DISK_MIN_BYTES = 64 << 20 };

struct health;

MUST_CHECK enum err health_create(struct health **ret_health, struct error *err);
void health_free(struct health *health); /* NULL is allowed */

#endif
