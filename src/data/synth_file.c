#include "data/synth_file.h"

#include <inttypes.h>

#include "base/text.h"
#include "data/synth_batch.h"
#include "data/table_file.h"

enum { SQL_MAX = 16384, NS_PER_S = 1000000000 };

/* ---- the clickstream ---- */

static const struct table_column columns[] = {
    {"cookie", TABLE_INT64},    {"item", TABLE_INT64},     {"event", TABLE_INT64},
    {"event_date", TABLE_TIME}, {"platform", TABLE_INT64}, {"surface", TABLE_INT64},
    {"node", TABLE_UINT32},
};
enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

struct clicks {
    struct synth_batch batch;
    int64_t sent_of_batch;
};

static enum err fill(void *context, struct table_chunk *chunk, int64_t room, int64_t *ret_count,
                     struct error *err)
{
    struct clicks *clicks = context;
    (void)err;
    if (clicks->sent_of_batch == clicks->batch.count) {
        synth_batch_next(&clicks->batch);
        clicks->sent_of_batch = 0;
    }
    const struct synth_plan *plan = clicks->batch.plan;
    const struct synth_columns *from = &clicks->batch.columns;
    const int64_t left = clicks->batch.count - clicks->sent_of_batch;
    const int64_t count = left < room ? left : room;
    int64_t *cookie = table_values(chunk, 0), *item = table_values(chunk, 1),
            *event = table_values(chunk, 2), *date = table_values(chunk, 3),
            *platform = table_values(chunk, 4), *surface = table_values(chunk, 5);
    uint32_t *node = table_values(chunk, 6);
    for (int64_t i = 0; i < count; i++) {
        const int64_t row = clicks->sent_of_batch + i;
        cookie[i] = synth_user_id(plan, from->user[row]);
        item[i] = from->product[row];
        event[i] = plan->shape->events[from->event[row]].id;
        date[i] = from->time[row] * NS_PER_S;
        platform[i] = from->platform[row];
        surface[i] = from->surface[row];
        node[i] = plan->shelf_id[from->place[row]];
    }
    clicks->sent_of_batch += count;
    *ret_count = count;
    return ERR_OK;
}

enum err synth_file_clickstream(const struct synth_plan *plan, int32_t threads, const char *path,
                                const struct progress *progress, struct error *err)
{
    enum err rc;
    struct clicks clicks = {.sent_of_batch = 0};
    const struct table_source source = {
        .columns = columns,
        .column_count = COLUMN_COUNT,
        .rows = plan->rows,
        .fill = fill,
        .context = &clicks,
        .progress = progress,
    };
    TRY(synth_batch_init(&clicks.batch, plan, threads, err));
    TRY(table_file_write(&source, path, err));
done:
    synth_batch_release(&clicks.batch);
    return rc;
}

/* ---- the events ---- */

enum err synth_file_events(const struct synth_plan *plan, const char *path, struct error *err)
{
    enum err rc;
    struct strbuf select;
    strbuf_init(&select, SQL_MAX);
    TRY(strbuf_addf(&select, err,
                    "SELECT event::BIGINT AS event, contact::BIGINT AS is_contact "
                    "FROM (VALUES "));
    for (int32_t e = 0; e < plan->shape->event_count; e++)
        TRY(strbuf_addf(&select, err, "%s(%" PRId32 ", %d)", e > 0 ? ", " : "",
                        plan->shape->events[e].id, plan->shape->events[e].contact ? 1 : 0));
    TRY(strbuf_addf(&select, err, ") AS list(event, contact) ORDER BY event"));
    TRY(table_file_select(select.ptr, path, err));
done:
    strbuf_release(&select);
    return rc;
}
