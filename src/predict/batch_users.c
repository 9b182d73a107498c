#include "predict/batch_users.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

enum err batch_users_init(struct batch_users *list, const struct idmap *ids, struct error *err)
{
    enum err rc = ERR_OK;
    *list = (struct batch_users){.ids = ids};
    TRY_PTR(list->users = mem_array((size_t)ids->count, sizeof(*list->users), err));
    TRY_PTR(list->taken = mem_array((size_t)ids->count, sizeof(*list->taken), err));
done:
    if (rc != ERR_OK)
        batch_users_release(list);
    return rc;
}

void batch_users_release(struct batch_users *list)
{
    mem_free(list->users);
    mem_free(list->taken);
    *list = (struct batch_users){0};
}

enum err batch_users_take(void *context, struct str id, struct error *err)
{
    struct batch_users *list = context;
    char text[CSV_ID_MAX + 1];
    if (id.len >= sizeof(text))
        return FAIL_REASON(err, ERR_DATA, "csv_row", "an id is longer than %d bytes",
                           (int)CSV_ID_MAX);
    memcpy(text, id.ptr, id.len);
    text[id.len] = '\0';
    const int32_t user = strlen(text) == id.len ? idmap_find_text(list->ids, text) : -1;
    if (user < 0) {
        if (list->unknown++ == 0)
            snprintf(list->first_unknown, sizeof(list->first_unknown), "%.60s", text);
    } else if (list->taken[user]) {
        list->repeated++;
    } else {
        list->taken[user] = true;
        list->users[list->count++] = user;
    }
    return ERR_OK;
}

enum err batch_users_check(const struct batch_users *list, struct error *err)
{
    if (list->count > 0)
        return ERR_OK;
    if (list->unknown == 0)
        return FAIL_REASON(err, ERR_DATA, "users_empty", "there is no user in the list");
    return FAIL_REASON(err, ERR_DATA, "users_unknown",
                       "none of the list's users (%" PRId64 ") is among the %d that the model was "
                       "trained on; the first is %s",
                       list->unknown, list->ids->count, list->first_unknown);
}
