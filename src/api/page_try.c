#include "api/page_try.h"

#include <stdio.h>

#include "api/ask.h"
#include "base/text.h"

enum { TEXT_BYTES = 64, ID_BYTES = 256 };

static const char *basis_words(enum basis basis)
{
    switch (basis) {
    case BASIS_USER:
        return "From what the model learned of this user.";
    case BASIS_HISTORY:
        return "From this history, folded in.";
    case BASIS_POPULAR:
        break;
    }
    return "The list that everybody gets: the model does not know this user, or has one list for "
           "all.";
}

static enum err add_items(json_t *list, const struct ask *ask, const struct recommendation *items,
                          int32_t count, enum basis basis, struct error *err)
{
    enum err rc = ERR_OK;
    char id[ID_BYTES], score[TEXT_BYTES];
    for (int32_t i = 0; i < count; i++) {
        if (basis == BASIS_POPULAR)
            text_grouped((int64_t)items[i].score, score, sizeof(score));
        else
            snprintf(score, sizeof(score), "%.4f", (double)items[i].score);
        TRY(json_append(
            list,
            json_pack("{s:i,s:o,s:s}", "place", (int)i + 1, "item",
                      json_text(idmap_text(ask->record->items, items[i].item, id, sizeof(id))),
                      "score", score),
            err));
    }
done:
    return rc;
}

enum err page_add_list(json_t *context, struct app *app, struct request *request, const char *ref,
                       const char *user, struct error *err)
{
    enum err rc;
    int32_t count;
    enum basis basis;
    struct ask ask = {0};
    struct recommendation *items;
    json_t *list = json_array();
    TRY(ask_open_ref(app, request, ref, &ask, err));
    ask.query.user = idmap_find_text(ask.record->users, user);
    TRY(ask_list_memory(&ask, request, &items, err));
    TRY(predict_recommend(ask.served.predictor, &ask.query, items, &count, &basis, err));
    TRY(add_items(list, &ask, items, count, basis, err));
    TRY(json_set(context, "items", json_incref(list), err));
    TRY(json_set(context, "basis", json_string(basis_words(basis)), err));
done:
    json_decref(list);
    ask_release(&ask);
    return rc;
}
