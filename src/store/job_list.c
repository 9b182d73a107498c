/* Pages of jobs in any order, by keys. A cursor is the order's mark, the key of the last row and
 * its id: "i:17" by id, "n:0x1.8p+3:17" by number, "t:616c73:17" by text in hexadecimal. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/job_record.h"
#include "store/jobs.h"

enum { TEXT_KEY_MAX = 200 };

static const struct {
    const char *name;
    char mark; /* i: the id itself, n: a number, t: a text */
} sorts[] = {
    [SORT_CREATED] = {"created", 'i'},       [SORT_UPDATED] = {"updated", 'n'},
    [SORT_STARTED] = {"started", 'n'},       [SORT_DURATION] = {"duration", 'n'},
    [SORT_PROGRESS] = {"progress", 'n'},     [SORT_NAME] = {"name", 't'},
    [SORT_MODEL_TYPE] = {"model_type", 't'}, [SORT_STATUS] = {"status", 't'},
    [SORT_METRIC] = {"metric", 'n'},
};

struct cursor {
    double number;
    char text[TEXT_KEY_MAX * 4 + 1];
    int64_t job_id;
};

bool job_sort_find(const char *text, struct job_query *query)
{
    static const char metric[] = "metric:";
    const bool ascending = text[0] != '-';
    text += !ascending;
    const bool is_metric = strncmp(text, metric, strlen(metric)) == 0;
    for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++) {
        if (is_metric ? i != SORT_METRIC : (i == SORT_METRIC || strcmp(sorts[i].name, text) != 0))
            continue;
        query->sort = (enum job_sort)i;
        query->metric = is_metric ? text + strlen(metric) : NULL;
        query->ascending = ascending;
        return !is_metric || query->metric[0] != '\0';
    }
    return false;
}

/* ---- cursors ---- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "616c73" → "als", up to `end`. */
static bool text_of_hex(const char *hex, const char *end, char *out, size_t out_size)
{
    size_t len = 0;
    for (; hex < end; hex += 2) {
        if (end - hex < 2 || len + 1 >= out_size || hex_digit(hex[0]) < 0 || hex_digit(hex[1]) < 0)
            return false;
        out[len++] = (char)(hex_digit(hex[0]) * 16 + hex_digit(hex[1]));
    }
    out[len] = '\0';
    return strlen(out) == len;
}

static bool cursor_parse(const char *text, char mark, struct cursor *ret_cursor)
{
    const char *colon = strrchr(text, ':');
    if (text[0] != mark || text[1] != ':' || !text_int(colon + 1, &ret_cursor->job_id) ||
        ret_cursor->job_id < 1)
        return false;
    if (mark == 'i')
        return colon == text + 1;
    if (colon == text + 1)
        return false;
    if (mark == 't')
        return text_of_hex(text + 2, colon, ret_cursor->text, sizeof(ret_cursor->text));
    char *end;
    ret_cursor->number = strtod(text + 2, &end);
    return end > text + 2 && end == colon && isfinite(ret_cursor->number);
}

/* The cursor of a row; false where a key is too long for one, which ends the list there. */
static bool cursor_write(const struct rows *rows, int32_t row, char mark, char *out)
{
    const int64_t job_id = rows_int(rows, row, 0);
    if (mark == 'i') {
        snprintf(out, STORE_CURSOR_SIZE, "i:%" PRId64, job_id);
        return true;
    }
    if (mark == 'n') {
        snprintf(out, STORE_CURSOR_SIZE, "n:%a:%" PRId64, rows_real(rows, row, job_type.count),
                 job_id);
        return true;
    }
    const char *text = rows_text(rows, row, job_type.count);
    size_t used = 2;
    if (text == NULL || 2 * strlen(text) + 32 > STORE_CURSOR_SIZE)
        return false;
    memcpy(out, "t:", 3);
    for (; *text != '\0'; text++, used += 2)
        snprintf(out + used, STORE_CURSOR_SIZE - used, "%02x", (unsigned char)*text);
    snprintf(out + used, STORE_CURSOR_SIZE - used, ":%" PRId64, job_id);
    return true;
}

/* ---- lists ---- */

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

/* ",pending,cancelled," so that each can be looked for with its commas. */
static const char *status_list(const struct job_query *query, char *out, size_t out_size)
{
    out[0] = '\0';
    if (query->statuses != NULL)
        snprintf(out, out_size, ",%s,", query->statuses);
    return out;
}

#define NO_VALUE 1e300 /* the key of what has none: it comes after all that have one */

/* Which of the indexes serves: `ret_stored` is the stored status when one alone is asked for, and
 * ret_open true when none that has ended is. */
static void look_at_statuses(const struct job_query *query, const char **ret_stored, bool *ret_open)
{
    const char *at = query->statuses != NULL ? query->statuses : "";
    int count = 0;
    *ret_stored = NULL;
    *ret_open = at[0] != '\0';
    while (*at != '\0') {
        char name[32];
        enum job_status status;
        const size_t len = strcspn(at, ",");
        snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : 0), at);
        const bool is_cancelled = strcmp(name, "cancelled") == 0;
        if (is_cancelled)
            status = JOB_FAILED;
        const bool is_known = is_cancelled || job_status_find(name, &status);
        *ret_open = *ret_open && is_known && !job_status_is_terminal(status);
        *ret_stored = is_known && count == 0 ? job_status_name(status) : NULL;
        count++;
        at += len + (at[len] == ',');
    }
}

/* By id: `args` up to the order's name, which the status takes the place of. */
static enum err list_by_id(struct store *store, const struct job_query *query, struct arg *args,
                           struct rows *rows, struct error *err)
{
    static const enum query queries[3][2] = {
        {QUERY_job_list_newest, QUERY_job_list_oldest},
        {QUERY_job_list_newest_of_status, QUERY_job_list_oldest_of_status},
        {QUERY_job_list_newest_open, QUERY_job_list_oldest_open},
    };
    const char *stored;
    bool is_open;
    look_at_statuses(query, &stored, &is_open);
    if (args[4].integer == 0 && !query->ascending)
        args[4] = arg_int(INT64_MAX);
    args[6] = arg_text(stored);
    const int which = stored != NULL ? 1 : is_open ? 2 : 0;
    return store_run(store, TX_READ, queries[which][query->ascending], args, which == 1 ? 7 : 6,
                     rows, err);
}

/* By a metric: what has it, then what has it not. */
static enum err list_by_metric(struct store *store, const struct job_query *query,
                               const struct cursor *cursor, struct arg *args, struct rows *rows,
                               struct error *err)
{
    enum err rc = ERR_OK;
    struct rows rest = {0};
    const int64_t limit = args[5].integer;
    const bool is_first = cursor->job_id == 0;
    const bool is_in_rest = !is_first && cursor->number >= NO_VALUE;
    if (!is_in_rest) {
        args[7] = arg_real(!is_first ? cursor->number : query->ascending ? -1e308 : 1e308);
        if (is_first && !query->ascending)
            args[4] = arg_int(INT64_MAX);
        TRY(store_run(store, TX_READ,
                      query->ascending ? QUERY_job_list_by_metric : QUERY_job_list_by_metric_down,
                      args, 8, rows, err));
        if (rows->count >= limit)
            goto done;
        args[4] = arg_int(0);
        args[5] = arg_int(limit - rows->count);
    }
    TRY(store_run(store, TX_READ, QUERY_job_list_without_metric, args, 7, &rest, err));
    if (is_in_rest)
        rows_begin(rows, rest.columns);
    TRY(rows_append(rows, &rest, err));
done:
    rows_release(&rest);
    return rc;
}

static enum err run_query(struct store *store, const struct job_query *query,
                          const struct cursor *cursor, int32_t limit, struct rows *rows,
                          struct error *err)
{
    const char mark = sorts[query->sort].mark;
    const char *order = query->sort == SORT_METRIC ? query->metric : sorts[query->sort].name;
    char statuses[256];
    struct arg args[9] = {
        arg_int(query->user_id),
        arg_text(status_list(query, statuses, sizeof(statuses))),
        arg_text(text_or_empty(query->model_type)),
        arg_text(text_or_empty(query->text)),
        arg_int(cursor->job_id),
        arg_int(limit),
        arg_text(order),
    };
    if (mark == 'i')
        return list_by_id(store, query, args, rows, err);
    if (query->sort == SORT_METRIC)
        return list_by_metric(store, query, cursor, args, rows, err);
    if (mark == 'n') {
        args[7] = arg_real(query->ascending ? 1 : -1);
        args[8] = arg_real(cursor->job_id == 0 ? -1e308 : cursor->number);
        return store_run(store, TX_READ, QUERY_job_list_by_number, args, 9, rows, err);
    }
    args[7] = arg_text(cursor->text);
    return store_run(store, TX_READ,
                     query->ascending ? QUERY_job_list_by_text : QUERY_job_list_by_text_down, args,
                     8, rows, err);
}

enum err job_list(struct store *store, const struct job_query *query, struct job_list *ret_list,
                  struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    struct cursor cursor = {0};
    struct job_list list = {0};
    void **jobs = NULL;
    const char mark = sorts[query->sort].mark;
    const int32_t limit = list_limit(query->limit);
    TRY(check_text("the list of statuses", query->statuses, 0, 200, err));
    if (query->cursor != NULL && query->cursor[0] != '\0' &&
        !cursor_parse(query->cursor, mark, &cursor)) {
        rc = FAIL_REASON(err, ERR_INVALID, "cursor", "this is no cursor of a list in this order");
        goto done;
    }
    TRY(run_query(store, query, &cursor, limit + 1, &rows, err)); /* one more: is there a next? */
    TRY(record_list(&rows, limit, &job_type, &jobs, &list.count, err));
    list.jobs = (struct job **)jobs;
    if (rows.count > limit && !cursor_write(&rows, limit - 1, mark, list.next))
        list.next[0] = '\0';
    *ret_list = list;
done:
    rows_release(&rows);
    return rc;
}

enum err job_total(struct store *store, const struct job_query *query, int64_t *ret_total,
                   struct error *err)
{
    enum err rc;
    char statuses[256];
    struct rows rows = {0};
    const char *stored;
    bool is_open;
    const bool is_filtered =
        query->statuses != NULL || query->model_type != NULL || query->text != NULL;
    TRY(check_text("the list of statuses", query->statuses, 0, 200, err));
    look_at_statuses(query, &stored, &is_open);
    const struct arg args[] = {
        arg_int(query->user_id),
        arg_text(status_list(query, statuses, sizeof(statuses))),
        arg_text(text_or_empty(query->model_type)),
        arg_text(text_or_empty(query->text)),
        arg_text(stored),
    };
    if (stored != NULL)
        TRY(store_run(store, TX_READ, QUERY_job_count_of_status, args, 5, &rows, err));
    else if (is_open)
        TRY(store_run(store, TX_READ, QUERY_job_count_of_open, args, 4, &rows, err));
    else if (is_filtered)
        TRY(store_run(store, TX_READ, QUERY_job_count_filtered, args, 4, &rows, err));
    else
        TRY(STORE_RUN(store, TX_READ, job_count_all, &rows, arg_int(query->user_id)));
    *ret_total = rows.count > 0 ? rows_int(&rows, 0, 0) : 0;
done:
    rows_release(&rows);
    return rc;
}

void job_list_release(struct job_list *list)
{
    record_list_free((void **)list->jobs, list->count);
    *list = (struct job_list){0};
}
