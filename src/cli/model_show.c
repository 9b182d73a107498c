/* rectrain model list, show, verdict, history: what only looks. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/model_out.h"
#include "api/promote.h"
#include "base/json.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/model.h"
#include "data/moment.h"
#include "jobs/job.h"
#include "store/jobs.h"

enum { PAGE = 500, TEXT_MAX = 64 << 20 };

static bool wants_json(const struct parsed_options *parsed)
{
    return options_value(parsed, "json") != NULL;
}

/* What was written, on stdout with a line's end. */
static enum err print_out(struct json_out *out, struct error *err)
{
    struct strbuf text;
    const enum err rc = json_out_finish(out, &text);
    if (rc != ERR_OK)
        return rc;
    puts(text.ptr);
    strbuf_release(&text);
    return ferror(stdout) ? FAIL(err, ERR_IO, "stdout cannot be written") : ERR_OK;
}

/* ---- list ---- */

static enum err print_model(void *unused, const struct model_record *model, struct error *err)
{
    enum err rc;
    char ref[MODEL_REF_SIZE], time[JOB_TIME_SIZE], size[16];
    json_t *metrics = NULL;
    (void)unused;
    TRY(json_read_stored("metrics", model->metrics_json, &metrics, err));
    printf("%6" PRId64 "  %-24s %-10s recall %6.4f  %8s  %s  %s%s\n", model->model_id,
           model_ref_of(model->name, model->version, ref), model->model_type,
           json_number_value(json_object_get(metrics, "recall_at_k")),
           text_bytes(model->size_bytes, size, sizeof(size)),
           job_time_plain(model->created_ms, time), model->aliases != NULL ? "@" : "",
           model->aliases != NULL ? model->aliases : "");
done:
    json_decref(metrics);
    return rc;
}

static enum err write_model(void *context, const struct model_record *model, struct error *err)
{
    struct json_out *out = context;
    (void)err; /* which `out` has too */
    model_out(out, model, NULL);
    return out->rc;
}

static enum err print_models_json(struct store *store, const struct model_query *query,
                                  struct error *err)
{
    struct json_out out;
    json_out_init(&out, 4096, TEXT_MAX, err);
    json_out_open(&out, '{');
    json_member_open(&out, "models", '[');
    if (out.rc == ERR_OK)
        out.rc = model_each(store, query, write_model, &out, err);
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    return print_out(&out, err);
}

enum err model_list_action(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    struct registry_desk desk = {0};
    TRY(registry_desk_open(parsed, &desk, err));
    const struct model_query query = {.user_id = desk.user->user_id,
                                      .name = options_value(parsed, "name"),
                                      .tag = options_value(parsed, "tag"),
                                      .limit = PAGE};
    if (wants_json(parsed))
        TRY(print_models_json(desk.store, &query, err));
    else
        TRY(model_each(desk.store, &query, print_model, NULL, err));
done:
    registry_desk_release(&desk);
    return rc;
}

/* ---- show ---- */

static void print_facts(const struct model_record *model)
{
    char time[JOB_TIME_SIZE], size[16];
    printf("%s:%" PRId64 "  model %" PRId64 ", %s of job %" PRId64 "\n", model->name,
           model->version, model->model_id, model->source, model->job_id);
    printf("  type        %s\n", model->model_type);
    printf("  aliases     %s\n", model->aliases != NULL ? model->aliases : "none");
    printf("  made        %s\n", job_time_rfc3339(model->created_ms, time));
    printf("  file        %s\n", model->path);
    printf("  size        %s\n", text_bytes(model->size_bytes, size, sizeof(size)));
    printf("  SHA-256     %s\n", model->sha256);
    printf("  parameters  %s\n", model->params_json);
    printf("  metrics     %s\n", model->metrics_json);
    printf("  program     %s\n", model->program_version != NULL ? model->program_version : "?");
    printf("  tags        %s\n", model->tags != NULL ? model->tags : "none");
    printf("  note        %s\n", model->note);
}

enum err model_show_action(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    struct json_out out;
    struct registry_desk desk = {0};
    struct model_record *model = NULL;
    struct job *job = NULL;
    TRY(registry_desk_open(parsed, &desk, err));
    TRY(registry_desk_find(&desk, parsed, &model, err));
    if (!wants_json(parsed)) {
        print_facts(model);
        goto done;
    }
    TRY(job_read(desk.store, model->user_id, JOB_ANY_TASK, model->job_id, &job, err));
    json_out_init(&out, 4096, TEXT_MAX, err);
    model_out(&out, model, job->result_json != NULL ? job->result_json : "{}");
    rc = print_out(&out, err);
done:
    job_free(job);
    mem_free(model);
    registry_desk_release(&desk);
    return rc;
}

enum err model_verdict_action(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    struct json_out out;
    struct verdict verdict;
    struct registry_desk desk = {0};
    struct model_record *model = NULL;
    TRY(registry_desk_open(parsed, &desk, err));
    TRY(registry_desk_find(&desk, parsed, &model, err));
    TRY(promotion_verdict(desk.config, desk.store, model, options_value(parsed, "against"),
                          &verdict, err));
    if (wants_json(parsed)) {
        json_out_init(&out, 1024, TEXT_MAX, err);
        verdict_write(&out, &verdict);
        rc = print_out(&out, err);
    } else {
        printf("%s%s%s: %s\n", verdict.candidate, verdict.champion[0] != '\0' ? " against " : "",
               verdict.champion, verdict.words);
    }
done:
    mem_free(model);
    registry_desk_release(&desk);
    return rc;
}

/* ---- history ---- */

static void print_place(const char *name, int64_t version)
{
    if (version > 0)
        printf("%s:%" PRId64, name, version);
    else
        printf("nowhere");
}

enum err print_move(const char *name, const struct alias_move *move, bool as_json,
                    struct error *err)
{
    char time[JOB_TIME_SIZE];
    struct json_out out;
    if (as_json) {
        json_out_init(&out, 1024, TEXT_MAX, err);
        move_out(&out, move);
        return print_out(&out, err);
    }
    printf("%s  %s@%s  ", job_time_plain(move->at_ms, time), name, move->alias);
    print_place(name, move->from_version);
    printf(" > ");
    print_place(name, move->to_version);
    printf("  %s by %s%s%s%s\n", move->kind, move->by,
           move->is_overridden ? ", against the verdict" : "", move->reason != NULL ? ": " : "",
           move->reason != NULL ? move->reason : "");
    return ERR_OK;
}

/* A day means its end. */
static enum err read_moment(const char *text, int64_t *ret_ms, struct error *err)
{
    int64_t nanos;
    if (!moment_parse(text, strlen(text), &nanos) || nanos < 0)
        return FAIL_REASON(err, ERR_INVALID, "option",
                           "--at is %.40s, but it must be a day (2026-01-31) or a time "
                           "(2026-01-31T12:00:00Z)",
                           text);
    *ret_ms = nanos / 1000000 + (strlen(text) == strlen("2026-01-31") ? 86399999 : 0);
    return ERR_OK;
}

enum err model_history_action(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    struct registry_desk desk = {0};
    struct alias_move_list list = {0};
    const char *at = options_value(parsed, "at"), *name = parsed->arguments[0];
    TRY(registry_desk_open(parsed, &desk, err));
    struct alias_history query = {.user_id = desk.user->user_id,
                                  .name = name,
                                  .alias = options_value(parsed, "alias"),
                                  .limit = STORE_LIST_MAX};
    if (at != NULL) {
        TRY(read_moment(at, &query.until_ms, err));
        TRY(registry_then(desk.store, &query, &list, err));
    } else {
        TRY(registry_history(desk.store, &query, &list, err));
    }
    for (int32_t i = 0; i < list.count; i++) {
        if (at != NULL && !wants_json(parsed))
            printf("%s@%s was %s:%" PRId64 "\n", name, list.moves[i]->alias, name,
                   list.moves[i]->to_version);
        else
            TRY(print_move(name, list.moves[i], wants_json(parsed), err));
    }
done:
    alias_move_list_release(&list);
    registry_desk_release(&desk);
    return rc;
}
