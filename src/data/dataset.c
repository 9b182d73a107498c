#include "data/dataset.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "data/passport.h"
#include "data/scan.h"
#include "data/source.h"
#include "data/split.h"

void dataset_free(struct dataset *dataset)
{
    if (dataset == NULL)
        return;
    csr_release(&dataset->train);
    idmap_release(&dataset->users);
    idmap_release(&dataset->items);
    mem_free(dataset->popularity);
    mem_free(dataset->holdout.users);
    mem_free(dataset->holdout.indptr);
    mem_free(dataset->holdout.items);
    json_decref(dataset->passport);
    mem_free(dataset);
}

static enum err check_spec(const struct load_spec *spec, struct error *err)
{
    const char *const names[] = {spec->user_column, spec->item_column, spec->event_column,
                                 spec->time_column};
    if (spec->path == NULL || spec->path[0] == '\0')
        return FAIL(err, ERR_INVALID, "the data path is empty");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i] == NULL || names[i][0] == '\0' || strlen(names[i]) >= COLUMN_NAME_MAX)
            return FAIL(err, ERR_INVALID, "a column name must have 1 to %d bytes",
                        COLUMN_NAME_MAX - 1);
    if (!(spec->eval_days > 0) || !isfinite(spec->eval_days))
        return FAIL(err, ERR_INVALID, "eval_days is %g; it must be above 0", spec->eval_days);
    if (!(spec->sample_users > 0) || !(spec->sample_users <= 1))
        return FAIL(err, ERR_INVALID, "sample_users is %g; it must be above 0 and at most 1",
                    spec->sample_users);
    if (spec->threads < 1 || spec->threads > PARALLEL_THREADS_MAX)
        return FAIL(err, ERR_INVALID, "threads is %d; it must be 1 to %d", spec->threads,
                    PARALLEL_THREADS_MAX);
    if (spec->memory_limit_bytes < 0)
        return FAIL(err, ERR_INVALID, "the memory limit is below 0");
    return ERR_OK;
}

/* All that a load holds until it is done. */
struct load {
    struct file_set clicks, events;
    struct engine engine;
    struct event_table table;
    struct scan scan;
};

static void load_release(struct load *load)
{
    engine_close(&load->engine); /* first: none of its threads is in our function after it */
    scan_release(&load->scan);
    event_table_release(&load->table);
    file_set_release(&load->clicks);
    file_set_release(&load->events);
}

static enum err open_load(struct load *load, const struct load_spec *spec,
                          const struct progress *progress, struct error *err)
{
    enum err rc;
    struct scan *scan = &load->scan;
    const struct column columns[COLUMNS] = {
        [COLUMN_USER] = {.name = spec->user_column, .option = "user_column", .role = ROLE_ID},
        [COLUMN_ITEM] = {.name = spec->item_column, .option = "item_column", .role = ROLE_ID},
        [COLUMN_EVENT] = {.name = spec->event_column, .option = "event_column", .role = ROLE_ID},
        [COLUMN_TIME] = {.name = spec->time_column, .option = "time_column", .role = ROLE_TIME},
    };
    scan->spec = spec;
    scan->progress = progress;
    scan->engine = &load->engine;
    scan->files = &load->clicks;
    scan->events = &load->table;
    scan->keep_below =
        spec->sample_users < 1 ? (uint64_t)(spec->sample_users * 0x1p64) : UINT64_MAX;
    memcpy(scan->columns, columns, sizeof(columns));
    TRY(files_find(spec->path, spec->place, &load->clicks, &load->events, err));
    TRY(engine_open(&load->engine, spec->threads, spec->memory_limit_bytes, &load->clicks,
                    &load->events, err));
    load->engine.progress = progress;
    TRY(schema_read(&load->engine, &load->clicks, scan->columns, COLUMNS, err));
    TRY(event_table_read(&load->engine, &load->events, &scan->columns[COLUMN_EVENT], &load->table,
                         err));
    TRY(scan_init(scan, err));
done:
    return rc;
}

/* Rows and ranges by reading all files once, each on its own so that its rows are known. */
static enum err measure(struct scan *scan, struct bounds *ret_bounds, struct error *err)
{
    enum err rc = ERR_OK;
    struct bounds total = {0};
    for (int32_t i = 0; i < scan->files->count; i++) {
        struct bounds one;
        TRY(scan_run(scan, SCAN_BOUNDS, i, 1, &one, err));
        scan->files->files[i].rows = one.rows;
        total.rows += one.rows;
        for (int c = 0; c < COLUMNS; c++) {
            struct range *range = &total.ranges[c];
            if (!one.known[c])
                continue;
            if (!total.known[c] || one.ranges[c].min < range->min)
                range->min = one.ranges[c].min;
            if (!total.known[c] || one.ranges[c].max > range->max)
                range->max = one.ranges[c].max;
            total.known[c] = true;
        }
    }
    *ret_bounds = total;
done:
    return rc;
}

static enum err prepare_ids(const struct scan *scan, int c, const struct bounds *bounds,
                            struct ids *ids, struct error *err)
{
    const struct range *range = &bounds->ranges[c];
    enum ids_mode mode = IDS_HASHED;
    if (column_is_text(&scan->columns[c]))
        mode = IDS_TEXT;
    else if (bounds->known[c] && ids_range_is_small(range->min, range->max, bounds->rows))
        mode = IDS_DIRECT;
    return ids_init(ids, mode, column_is_flipped(&scan->columns[c]), range->min, range->max, err);
}

/* Read all rows on the assumption that `bounds` are true. *ret_true says whether they were; then
 * ret_seen has what was found. */
static enum err read_rows(struct scan *scan, const struct bounds *bounds, struct bounds *ret_seen,
                          bool *ret_true, struct error *err)
{
    enum err rc;
    char max[MOMENT_TEXT_SIZE];
    const struct column *time = &scan->columns[COLUMN_TIME];
    const int64_t last = bounds->ranges[COLUMN_TIME].max;

    scan_forget(scan);
    if (!moment_before(last, scan->spec->eval_days, column_unit(time), &scan->threshold)) {
        moment_text(last, column_unit(time), max, sizeof(max));
        return FAIL_REASON(err, ERR_DATA, "train_empty",
                           "no row is left to train on: the last is of %s, and %g days before it "
                           "is out of range. Lower eval_days.",
                           max, scan->spec->eval_days);
    }
    scan->rows_total = bounds->rows < 0 ? 0 : bounds->rows; /* footers may claim anything */
    TRY(prepare_ids(scan, COLUMN_USER, bounds, &scan->users, err));
    TRY(prepare_ids(scan, COLUMN_ITEM, bounds, &scan->items, err));
    TRY(scan_run(scan, SCAN_ROWS, 0, scan->files->count, ret_seen, err));
    *ret_true = ret_seen->known[COLUMN_TIME] && ret_seen->ranges[COLUMN_TIME].max == last &&
                ret_seen->rows == bounds->rows;
    for (int32_t i = 0; i < scan->lane_count; i++)
        *ret_true = *ret_true && !scan->lanes[i].outside;
done:
    return rc;
}

static enum err check_times(const struct scan *scan, const struct bounds *seen, struct error *err)
{
    char min[MOMENT_TEXT_SIZE], max[MOMENT_TEXT_SIZE], at[MOMENT_TEXT_SIZE];
    const enum time_unit unit = column_unit(&scan->columns[COLUMN_TIME]);
    const struct range *range = &seen->ranges[COLUMN_TIME];
    const char *column = scan->columns[COLUMN_TIME].name;
    moment_text(range->min, unit, min, sizeof(min));
    if (range->min == range->max)
        return FAIL_REASON(err, ERR_DATA, "time_constant",
                           "all %" PRId64 " rows have the same `%s`, %s, so they cannot be split "
                           "by time. Choose another column with time_column.",
                           seen->rows, column, min);
    moment_text(range->max, unit, max, sizeof(max));
    moment_text(scan->threshold, unit, at, sizeof(at));
    if (range->min > scan->threshold)
        return FAIL_REASON(err, ERR_DATA, "train_empty",
                           "no row is left to train on: the %" PRId64 " rows run from %s to %s, "
                           "and the last %g days (after %s) are held out. Lower eval_days.",
                           seen->rows, min, max, scan->spec->eval_days, at);
    return ERR_OK;
}

/* The rows, once: from what the footers claim where they do, else after measuring. */
static enum err read_clicks(struct scan *scan, struct bounds *ret_seen, struct error *err)
{
    enum err rc;
    bool is_true = false;
    char name[160];
    struct bounds bounds;

    TRY(scan_read_metadata(scan, &bounds, err));
    if (bounds.known[COLUMN_TIME])
        TRY(read_rows(scan, &bounds, ret_seen, &is_true, err));
    if (!is_true) {
        scan_forget(scan);
        TRY(measure(scan, &bounds, err));
        if (bounds.rows == 0) {
            rc = FAIL_REASON(err, ERR_DATA, "no_rows", "%s has no rows. Write it again.",
                             file_set_name(scan->files, name, sizeof(name)));
            goto done;
        }
        TRY(read_rows(scan, &bounds, ret_seen, &is_true, err));
    }
    if (!is_true) {
        rc = FAIL_REASON(err, ERR_DATA, "file_changed",
                         "%s gave other rows when it was read again. Wait until it is written.",
                         file_set_name(scan->files, name, sizeof(name)));
        goto done;
    }
    TRY(check_times(scan, ret_seen, err));
done:
    return rc;
}

static void warn(const struct load *load, const struct funnel *funnel)
{
    char text[256], count[32];
    if (funnel->null_contacts > 0) {
        snprintf(text, sizeof(text),
                 "%s of the listed events have a null is_contact; they count as no contact",
                 text_grouped(funnel->null_contacts, count, sizeof(count)));
        progress_warn(load->scan.progress, PHASE_LOAD, text);
    }
    if (funnel->unlisted_events > 0) {
        snprintf(text, sizeof(text),
                 "%s rows of the evaluation window have an event that the events file does not "
                 "list; they count as no contact",
                 text_grouped(funnel->unlisted_events, count, sizeof(count)));
        progress_warn(load->scan.progress, PHASE_SPLIT, text);
    }
}

enum err dataset_load(const struct load_spec *spec, const struct progress *progress,
                      struct dataset **ret_dataset, struct error *err)
{
    enum err rc;
    struct load load = {0};
    struct bounds seen;
    struct dataset *dataset = NULL;
    const double begin = clock_seconds();

    TRY(check_spec(spec, err));
    TRY_PTR(dataset = mem_array(1, sizeof(*dataset), err));
    TRY(open_load(&load, spec, progress, err));
    TRY(read_clicks(&load.scan, &seen, err));
    TRY(passport_make(&load.scan, &load.events, &seen, &dataset->passport, err));
    const double loaded = clock_seconds();
    dataset->load_seconds = loaded - begin;
    dataset->funnel.null_contacts = load.table.null_contacts;
    TRY(split_rows(&load.scan, dataset, err));
    dataset->split_seconds = clock_seconds() - loaded;
    warn(&load, &dataset->funnel);
    *ret_dataset = dataset;
    dataset = NULL;
done:
    dataset_free(dataset);
    load_release(&load);
    return rc;
}

json_t *funnel_to_json(const struct funnel *f)
{
    const struct {
        const char *name;
        int64_t count;
    } steps[] = {
        {"rows", f->rows},
        {"train_rows", f->train_rows},
        {"eval_rows", f->eval_rows},
        {"unseen", f->unseen},
        {"contacts", f->contacts},
        {"known_users", f->known_users},
        {"known_items", f->known_items},
        {"pairs", f->pairs},
        {"users", f->users},
        {"items", f->items},
        {"nnz", f->nnz},
        {"eval_users", f->eval_users},
        {"unlisted_events", f->unlisted_events},
        {"null_contacts", f->null_contacts},
    };
    struct error ignored;
    json_t *object = json_object();
    for (size_t i = 0; object != NULL && i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (json_set(object, steps[i].name, json_integer(steps[i].count), &ignored) != ERR_OK) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

/* Kind, count and ids of a map. Numbers are summed as this machine holds them, little endian. */
static void hash_ids(struct hash *hash, const struct idmap *map)
{
    const int64_t head[] = {map->kind, map->count};
    const size_t count = (size_t)map->count;
    hash_add(hash, head, sizeof(head));
    if (map->kind != ID_STRING) {
        hash_add(hash, map->ints, count * sizeof(*map->ints));
        return;
    }
    hash_add(hash, map->offsets, (count + 1) * sizeof(*map->offsets));
    hash_add(hash, map->bytes, (size_t)map->offsets[count]);
}

enum err holdout_fingerprint(const struct dataset *dataset, char *out, struct error *err)
{
    enum err rc;
    struct hash *hash = NULL;
    unsigned char sum[HASH_BYTES];
    const struct holdout *holdout = &dataset->holdout;
    const size_t users = (size_t)holdout->count;

    TRY(hash_create(&hash, err));
    hash_ids(hash, &dataset->users);
    hash_ids(hash, &dataset->items);
    hash_add(hash, holdout->users, users * sizeof(*holdout->users));
    hash_add(hash, holdout->indptr, (users + 1) * sizeof(*holdout->indptr));
    hash_add(hash, holdout->items, (size_t)holdout->indptr[users] * sizeof(*holdout->items));
    hash_finish(hash, sum);
    hash_hex(sum, out);
done:
    hash_free(hash);
    return rc;
}
