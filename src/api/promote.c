#include "api/promote.h"

#include <string.h>

#include "base/memory.h"

enum { TRIES = 4, VERDICT_TEXT_MAX = 8192 };

/* Where an alias of a name points; 0: nowhere. */
static int64_t place_of(const struct registry_list *name, const char *alias)
{
    for (int32_t i = 0; i < name->alias_count; i++)
        if (strcmp(name->aliases[i]->alias, alias) == 0)
            return name->aliases[i]->model_id;
    return 0;
}

static enum err find_candidate(const struct promotion *promotion, struct model_record **ret_model,
                               struct error *err)
{
    enum err rc;
    char ref[MODEL_REF_SIZE];
    struct model_record *model = NULL;
    struct store *store = promotion->store;
    if (promotion->version > 0)
        return registry_resolve(store, promotion->user_id,
                                model_ref_of(promotion->name, promotion->version, ref), ret_model,
                                err);
    rc = model_read(store, promotion->user_id, promotion->model_id, &model, err);
    if (rc == ERR_OK && strcmp(model->name, promotion->name) != 0) {
        rc = FAIL_REASON(err, ERR_NOT_FOUND, "no_such_model", "model %lld is no version of %s",
                         (long long)model->model_id, promotion->name);
        mem_free(model);
    }
    if (rc == ERR_OK)
        *ret_model = model;
    return rc;
}

/* ERR_OK with NULL where it points nowhere, or at what was removed this very moment. */
static enum err read_champion(struct store *store, int64_t user_id, int64_t model_id,
                              struct model_record **ret_model, struct error *err)
{
    *ret_model = NULL;
    if (model_id == 0)
        return ERR_OK;
    const enum err rc = model_read(store, user_id, model_id, ret_model, err);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static enum err verdict_text(const struct verdict *verdict, struct strbuf *text, struct error *err)
{
    struct json_out out;
    json_out_init(&out, 1024, VERDICT_TEXT_MAX, err);
    verdict_write(&out, verdict);
    return json_out_finish(&out, text);
}

/* What the gate says of a move of the champion from where it is. */
static enum err ask_gate(const struct promotion *promotion, const struct model_record *candidate,
                         const struct registry_name *name, int64_t from,
                         struct verdict *ret_verdict, struct error *err)
{
    enum err rc;
    struct model_record *champion = NULL;
    TRY(read_champion(promotion->store, promotion->user_id, from, &champion, err));
    const struct verdict_case of = {.config = promotion->config,
                                    .store = promotion->store,
                                    .candidate = candidate,
                                    .champion = champion,
                                    .margin = name->margin};
    TRY(verdict_make(&of, ret_verdict, err));
done:
    mem_free(champion);
    return rc;
}

/* One try. ERR_CONFLICT (alias_moved): weighed in vain. */
static enum err try_once(const struct promotion *promotion, const struct model_record *candidate,
                         struct promotion_result *result, struct error *err)
{
    enum err rc;
    struct strbuf text;
    struct registry_list name = {0};
    struct alias_move_new move = {.user_id = promotion->user_id,
                                  .name = promotion->name,
                                  .alias = promotion->alias,
                                  .to_model_id = candidate->model_id,
                                  .from_model_id = ALIAS_FROM_ANY,
                                  .by = promotion->by,
                                  .reason = promotion->reason};
    strbuf_init(&text, VERDICT_TEXT_MAX);
    TRY(registry_read(promotion->store, promotion->user_id, promotion->name, &name, err));
    const int64_t from = place_of(&name, promotion->alias);
    const bool is_guarded = name.names[0]->gate && strcmp(promotion->alias, MODEL_CHAMPION) == 0;
    result->outcome = PROMOTED;
    if (is_guarded && from != candidate->model_id) {
        TRY(ask_gate(promotion, candidate, name.names[0], from, &result->verdict, err));
        TRY(verdict_text(&result->verdict, &text, err));
        move.from_model_id = from;
        move.verdict_json = text.ptr;
        move.is_overridden = !result->verdict.passes;
        if (move.is_overridden && !promotion->override)
            result->outcome = PROMOTION_REFUSED;
        else if (move.is_overridden && promotion->reason == NULL)
            result->outcome = PROMOTION_BLIND;
    }
    if (result->outcome == PROMOTED)
        TRY(registry_move(promotion->store, &move, &result->move, err));
done:
    registry_list_release(&name);
    strbuf_release(&text);
    return rc;
}

enum err promote(const struct promotion *promotion, struct promotion_result *ret_result,
                 struct error *err)
{
    enum err rc;
    struct registry_list name = {0};
    struct promotion_result result = {0};
    struct model_record *candidate = NULL;
    TRY(registry_read(promotion->store, promotion->user_id, promotion->name, &name, err));
    if (!model_name_is_valid(promotion->alias)) {
        rc = FAIL_REASON(err, ERR_INVALID, "fields", "alias must be " MODEL_NAME_RULE);
        goto done;
    }
    TRY(find_candidate(promotion, &candidate, err));
    if (promotion->ready != NULL)
        TRY(promotion->ready(promotion->context, candidate, err));
    for (int i = 0; i < TRIES; i++) {
        rc = try_once(promotion, candidate, &result, err);
        if (rc != ERR_CONFLICT || strcmp(err->reason, "alias_moved") != 0)
            break;
    }
    if (rc == ERR_OK)
        *ret_result = result;
done:
    mem_free(candidate);
    registry_list_release(&name);
    return rc;
}

enum err promotion_verdict(const struct config *config, struct store *store,
                           const struct model_record *candidate, const char *against,
                           struct verdict *ret_verdict, struct error *err)
{
    enum err rc;
    struct registry_list name = {0};
    struct model_record *champion = NULL;
    TRY(registry_read(store, candidate->user_id, candidate->name, &name, err));
    if (against != NULL)
        TRY(registry_resolve(store, candidate->user_id, against, &champion, err));
    else
        TRY(read_champion(store, candidate->user_id, place_of(&name, MODEL_CHAMPION), &champion,
                          err));
    const struct verdict_case of = {.config = config,
                                    .store = store,
                                    .candidate = candidate,
                                    .champion = champion,
                                    .margin = name.names[0]->margin};
    TRY(verdict_make(&of, ret_verdict, err));
done:
    mem_free(champion);
    registry_list_release(&name);
    return rc;
}
