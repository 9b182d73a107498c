/*
 * GET /api/v1/jobs: one page of a user's jobs.
 *
 *   status=pending,training   only these, as shown (cancelled is one)
 *   model_type=als            only this kind
 *   q=text                    in name, path or type
 *   sort=-created             created, updated, started, duration, progress, name, model_type,
 *                             status or metric:NAME; - for the last, largest, newest first
 *   limit=50  cursor=…        a page; `next` of the answer is the cursor of the next one
 *   ids=3,1,2                 these alone, in this order; what is not there is left out
 *   format=csv                all of them as CSV, as Accept: text/csv asks too
 */
#include "api/jobs_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/identity.h"
#include "api/out.h"
#include "api/routes.h"
#include "http/accept.h"
#include "http/percent.h"

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 1000, IDS_MAX = 100, JOB_BYTES = 1024 };

static const char *const known[] = {"status", "model_type", "q",      "sort", "limit",
                                    "cursor", "ids",        "format", NULL};

/* Every status of the list must be one that is shown. */
static enum err check_statuses(const char *list, struct error *err)
{
    char name[32];
    for (const char *at = list; at != NULL && *at != '\0';) {
        enum job_status status;
        const size_t len = strcspn(at, ",");
        snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : sizeof(name) - 1),
                 at);
        if (len >= sizeof(name) ||
            (!job_status_find(name, &status) && strcmp(name, "cancelled") != 0))
            return FAIL_REASON(err, ERR_INVALID, "parameter_range",
                               "status is %.40s, but there is no such status", name);
        at += len + (at[len] == ',');
    }
    return ERR_OK;
}

/* NULL where a parameter is empty: a form's empty fields filter nothing. */
static enum err query_filter(struct request *request, const char *name, const char **ret_text,
                             struct error *err)
{
    const enum err rc = query_text(request, name, ret_text, err);
    if (rc == ERR_OK && *ret_text != NULL && (*ret_text)[0] == '\0')
        *ret_text = NULL;
    return rc;
}

enum err jobs_query_read(struct request *request, int64_t limit_initial, int64_t limit_max,
                         struct job_query *ret_query, struct error *err)
{
    enum err rc;
    int64_t limit;
    const char *sort;
    struct job_query query = {.user_id = request_identity(request)->user_id};
    TRY(query_filter(request, "status", &query.statuses, err));
    TRY(query_filter(request, "model_type", &query.model_type, err));
    TRY(query_filter(request, "q", &query.text, err));
    TRY(query_filter(request, "sort", &sort, err));
    TRY(query_filter(request, "cursor", &query.cursor, err));
    TRY(query_int(request, "limit", limit_initial, 1, limit_max, &limit, err));
    TRY(check_statuses(query.statuses, err));
    query.limit = (int32_t)limit;
    if (!job_sort_find(sort != NULL ? sort : "-created", &query))
        return FAIL_REASON(err, ERR_INVALID, "parameter_range",
                           "sort is %.60s, but it must be created, updated, started, duration, "
                           "progress, name, model_type, status or metric:NAME, with - before it "
                           "for the other way round",
                           sort);
    *ret_query = query;
done:
    return rc;
}

/* ---- ids= ---- */

static enum err read_ids(const char *list, int64_t ids[IDS_MAX], int32_t *ret_count,
                         struct error *err)
{
    int32_t count = 0;
    for (const char *at = list; *at != '\0';) {
        char *end;
        const long long id = strtoll(at, &end, 10);
        if (count == IDS_MAX || *at < '1' || *at > '9' || (*end != ',' && *end != '\0'))
            return FAIL_REASON(err, ERR_INVALID, "parameter_range",
                               "ids must be at most %d numbers of jobs, with commas between",
                               IDS_MAX);
        ids[count++] = id;
        at = end + (*end == ',');
    }
    *ret_count = count;
    return ERR_OK;
}

static enum err list_by_ids(struct app *app, struct request *request, struct response *response,
                            const char *list, struct error *err)
{
    enum err rc;
    int64_t ids[IDS_MAX];
    int32_t count, found = 0;
    struct json_out out;
    TRY(read_ids(list, ids, &count, err));
    out_begin(&out, JOB_BYTES * (size_t)(count + 1), err);
    json_out_open(&out, '{');
    json_member_open(&out, "jobs", '[');
    for (int32_t i = 0; i < count && out.rc == ERR_OK; i++) {
        struct job *job = NULL;
        rc = job_read_brief(app->store, request_identity(request)->user_id, JOB_TRAIN, ids[i], &job,
                            err);
        if (rc == ERR_OK)
            job_write(&out, job, false);
        else if (rc != ERR_NOT_FOUND)
            out.rc = rc;
        found += rc == ERR_OK;
        job_free(job);
    }
    json_out_close(&out, ']');
    json_member_null(&out, "next");
    json_member_int(&out, "total", found);
    json_out_close(&out, '}');
    rc = response_out_tagged(response, &out, err);
done:
    return rc;
}

/* ---- a page ---- */

/* Link: <…>; rel="next" (RFC 8288), the same query with another cursor. */
static enum err add_link(struct request *request, struct response *response, const char *next,
                         struct error *err)
{
    enum err rc;
    const struct form *form;
    struct strbuf link;
    char encoded[3 * STORE_CURSOR_SIZE + 1];
    strbuf_init(&link, 64 << 10);
    TRY(request_query(request, &form, err));
    TRY(strbuf_addf(&link, err, "<%s?", request_path(request)));
    for (int32_t i = 0; i < form->count; i++) {
        const char *value = form->fields[i].value;
        if (strcmp(form->fields[i].name, "cursor") == 0 || strlen(value) >= STORE_CURSOR_SIZE)
            continue;
        percent_encode(value, strlen(value), encoded);
        TRY(strbuf_addf(&link, err, "%s=%s&", form->fields[i].name, encoded));
    }
    percent_encode(next, strlen(next), encoded);
    TRY(strbuf_addf(&link, err, "cursor=%s>; rel=\"next\"", encoded));
    TRY(response_header(response, "Link", link.ptr, err));
done:
    strbuf_release(&link);
    return rc;
}

static void write_page(struct json_out *out, const struct job_list *list, int64_t total)
{
    json_out_open(out, '{');
    json_member_open(out, "jobs", '[');
    for (int32_t i = 0; i < list->count; i++)
        job_write(out, list->jobs[i], false);
    json_out_close(out, ']');
    json_member_text(out, "next", list->next[0] != '\0' ? list->next : NULL);
    json_member_int(out, "total", total);
    json_out_close(out, '}');
}

static enum err list_page(struct app *app, struct request *request, struct response *response,
                          struct error *err)
{
    enum err rc;
    int64_t total;
    struct job_query query;
    struct job_list list = {0};
    struct json_out out;
    TRY(jobs_query_read(request, LIMIT_DEFAULT, LIMIT_MAX, &query, err));
    TRY(job_list(app->store, &query, &list, err));
    TRY(job_total(app->store, &query, &total, err));
    if (list.next[0] != '\0')
        TRY(add_link(request, response, list.next, err));
    out_begin(&out, JOB_BYTES * (size_t)(list.count + 1), err);
    write_page(&out, &list, total);
    rc = response_out_tagged(response, &out, err);
done:
    job_list_release(&list);
    return rc;
}

static enum err list_jobs(void *context, struct request *request, struct response *response,
                          struct error *err)
{
    enum err rc;
    struct app *app = context;
    const char *ids, *format;
    struct job_query query;
    TRY(query_check(request, known, err));
    TRY(query_text(request, "ids", &ids, err));
    TRY(query_filter(request, "format", &format, err));
    if (format != NULL && strcmp(format, "csv") != 0 && strcmp(format, "json") != 0)
        return FAIL_REASON(err, ERR_INVALID, "parameter_range", "format must be json or csv");
    const char *accept = request_header(request, "Accept");
    const bool wants_csv = format != NULL ? strcmp(format, "csv") == 0
                                          : accept_quality(accept, "text/csv") > 0 &&
                                                accept_quality(accept, "text/csv") >=
                                                    accept_quality(accept, "application/json");
    if (ids != NULL && !wants_csv)
        return list_by_ids(app, request, response, ids, err);
    if (!wants_csv)
        return list_page(app, request, response, err);
    TRY(jobs_query_read(request, CSV_JOBS_MAX, CSV_JOBS_MAX, &query, err));
    rc = jobs_csv(app, response, &query, err);
done:
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/api/v1/jobs", .handle = list_jobs},
};
const struct route_group jobs_list_routes = {routes, sizeof(routes) / sizeof(routes[0])};
