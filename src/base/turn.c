#include "base/turn.h"

#include <assert.h>
#include <stddef.h>

static _Thread_local const struct turn_pool *own_pool;
static _Thread_local int depth;

void turn_join(const struct turn_pool *pool)
{
    own_pool = pool;
}

void turn_pause(void)
{
    if (own_pool != NULL && depth++ == 0)
        own_pool->pause(own_pool->pool);
}

void turn_resume(void)
{
    if (own_pool == NULL)
        return;
    assert(depth > 0);
    if (--depth == 0)
        own_pool->resume(own_pool->pool);
}
