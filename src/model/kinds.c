#include "model/kinds.h"

#include <string.h>

#define X(name) &name##_kind,
static const struct model_kind *const kinds[] = {MODEL_KINDS(X)};
#undef X

int32_t model_kind_count(void)
{
    return (int32_t)(sizeof(kinds) / sizeof(kinds[0]));
}

const struct model_kind *model_kind_at(int32_t index)
{
    return kinds[index];
}

const struct model_kind *model_kind_find(const char *name)
{
    for (int32_t i = 0; i < model_kind_count(); i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}
