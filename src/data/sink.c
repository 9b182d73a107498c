#include "data/sink.h"

#include "base/random.h"

enum { STREAM_SAMPLE = 0x75736572 }; /* of the random numbers: "user" */

static const char *const what_ids[] = {[COLUMN_USER] = "users", [COLUMN_ITEM] = "items"};

/* One chunk in a form that is ready for use. */
struct rows {
    int64_t count;
    const void *data[COLUMNS];    /* the engine's vectors */
    const int64_t *keys[COLUMNS]; /* where the column is no text; times always */
    const int64_t *numbers;       /* 1-based row numbers, or NULL */
};

static void add_to_range(struct range *range, const int64_t *keys, int64_t count)
{
    int64_t min = range->min, max = range->max;
    for (int64_t i = 0; i < count; i++) {
        min = keys[i] < min ? keys[i] : min;
        max = keys[i] > max ? keys[i] : max;
    }
    *range = (struct range){min, max};
}

static bool row_is_valid(const uint64_t *mask, int64_t row)
{
    return mask == NULL || ((mask[row / 64] >> (row % 64)) & 1) != 0;
}

/* Count the nulls of one column; *first is the least row number that has one. */
static void find_nulls(const struct rows *rows, const uint64_t *mask, struct fault *fault)
{
    for (int64_t row = 0; mask != NULL && row < rows->count; row++) {
        const bool whole_word = row % 64 == 0 && row + 64 <= rows->count;
        if (whole_word && mask[row / 64] == UINT64_MAX) {
            row += 63;
            continue;
        }
        if (row_is_valid(mask, row))
            continue;
        fault->nulls++;
        const int64_t number = rows->numbers == NULL ? 0 : rows->numbers[row];
        if (fault->first_null == 0 || number < fault->first_null)
            fault->first_null = number;
    }
}

/* Times as counts; text that is no time is a fault of its row. */
static void parse_times(const struct rows *rows, const uint64_t *mask, struct fault *fault,
                        int64_t *ret_times)
{
    for (int64_t row = 0; row < rows->count; row++) {
        ret_times[row] = 0;
        if (!row_is_valid(mask, row))
            continue;
        const struct str text = column_text(rows->data[COLUMN_TIME], row);
        if (moment_parse(text.ptr, text.len, &ret_times[row]))
            continue;
        fault->bad_times++;
        const int64_t number = rows->numbers == NULL ? 0 : rows->numbers[row];
        if (fault->first_bad_time == 0 || number < fault->first_bad_time)
            fault->first_bad_time = number;
    }
}

static enum err read_chunk(const struct scan *scan, struct scan_lane *lane, duckdb_data_chunk chunk,
                           struct rows *rows, struct error *err)
{
    bool sound = true;
    rows->count = (int64_t)duckdb_data_chunk_get_size(chunk);
    if (scan->mode == SCAN_FAULTS)
        rows->numbers = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, COLUMNS));
    for (int i = 0; i < COLUMNS; i++) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, (idx_t)i);
        const uint64_t *mask = duckdb_vector_get_validity(vector);
        rows->data[i] = duckdb_vector_get_data(vector);
        find_nulls(rows, mask, &lane->faults[i]);
        if (!column_is_text(&scan->columns[i])) {
            rows->keys[i] =
                column_keys(&scan->columns[i], rows->data[i], rows->count, lane->keys[i]);
        } else if (i == COLUMN_TIME) {
            parse_times(rows, mask, &lane->faults[i], lane->keys[i]);
            rows->keys[i] = lane->keys[i];
        }
        sound = sound && lane->faults[i].nulls == 0 && lane->faults[i].bad_times == 0;
    }
    if (scan->mode != SCAN_FAULTS && !sound)
        return FAIL_REASON(err, ERR_DATA, "null_values", "a column has nulls or malformed times");
    return ERR_OK;
}

static enum err encode(const struct scan *scan, struct scan_lane *lane, struct id_lane *ids,
                       const struct rows *rows, int column, uint32_t *ret_codes, struct error *err)
{
    enum err rc = ERR_OK;
    bool inside = true;
    if (!column_is_text(&scan->columns[column])) {
        TRY(id_lane_keys(ids, rows->keys[column], rows->count, what_ids[column], ret_codes, &inside,
                         err));
        lane->outside |= !inside;
        return ERR_OK;
    }
    for (int64_t row = 0; row < rows->count; row++)
        TRY(id_lane_text(ids, column_text(rows->data[column], row), what_ids[column],
                         &ret_codes[row], err));
done:
    return rc;
}

/* Whether the user of a row is in the sample: a function of seed and id alone. */
static bool user_is_kept(const struct scan *scan, const struct rows *rows, int64_t row)
{
    uint64_t value;
    if (scan->keep_below == UINT64_MAX)
        return true;
    if (column_is_text(&scan->columns[COLUMN_USER]))
        value = text_hash(column_text(rows->data[COLUMN_USER], row));
    else
        value =
            (uint64_t)rows->keys[COLUMN_USER][row] ^ (scan->users.flipped ? UINT64_C(1) << 63 : 0);
    return random_bits(scan->spec->seed, STREAM_SAMPLE, value) < scan->keep_below;
}

/* Without a branch on the data: train rows to their list, the numbers of the others to lane->rows.
 * Returns how many the latter are. */
static int64_t part_rows(const struct scan *scan, struct scan_lane *lane, const struct rows *rows,
                         struct pair *out, int64_t *ret_train)
{
    const int64_t *times = rows->keys[COLUMN_TIME], threshold = scan->threshold;
    const uint32_t *users = lane->codes[COLUMN_USER], *items = lane->codes[COLUMN_ITEM];
    const bool all = scan->keep_below == UINT64_MAX;
    int64_t train = 0, later = 0;
    for (int64_t row = 0; row < rows->count; row++) {
        const bool keep = all || user_is_kept(scan, rows, row), early = times[row] <= threshold;
        out[train] = (struct pair){users[row], items[row]};
        train += keep & early;
        lane->rows[later] = (int32_t)row;
        later += keep & !early;
    }
    *ret_train = train;
    return later;
}

static enum err add_later_rows(const struct scan *scan, struct scan_lane *lane,
                               const struct rows *rows, int64_t later, struct error *err)
{
    enum err rc = ERR_OK;
    struct pair *out[LIST_TRAIN];
    int64_t counts[LIST_TRAIN] = {0};
    const bool text = column_is_text(&scan->columns[COLUMN_EVENT]);
    for (int list = 0; list < LIST_TRAIN; list++)
        TRY(pair_list_reserve(&lane->lists[list], later, &out[list], err));
    for (int64_t i = 0; i < later; i++) {
        const int32_t row = lane->rows[i];
        const enum event_class class =
            text ? event_class_of_text(scan->events, column_text(rows->data[COLUMN_EVENT], row))
                 : event_class_of_key(scan->events, rows->keys[COLUMN_EVENT][row]);
        out[class][counts[class]++] =
            (struct pair){lane->codes[COLUMN_USER][row], lane->codes[COLUMN_ITEM][row]};
    }
    for (int list = 0; list < LIST_TRAIN; list++)
        pair_list_added(&lane->lists[list], counts[list]);
done:
    return rc;
}

static enum err add_rows(struct scan *scan, struct scan_lane *lane, const struct rows *rows,
                         struct error *err)
{
    enum err rc;
    struct pair *out;
    int64_t train;

    TRY(encode(scan, lane, &lane->users, rows, COLUMN_USER, lane->codes[COLUMN_USER], err));
    TRY(encode(scan, lane, &lane->items, rows, COLUMN_ITEM, lane->codes[COLUMN_ITEM], err));
    if (lane->outside)
        return ERR_OK; /* the scan will be done again with the right range */
    TRY(pair_list_reserve(&lane->lists[LIST_TRAIN], rows->count + 1, &out, err));
    const int64_t later = part_rows(scan, lane, rows, out, &train);
    for (int64_t i = 0; i < train; i++) {
        id_lane_mark(&lane->users, out[i].user);
        id_lane_mark(&lane->items, out[i].item);
    }
    pair_list_added(&lane->lists[LIST_TRAIN], train);
    if (later > 0)
        TRY(add_later_rows(scan, lane, rows, later, err));
done:
    return rc;
}

enum err sink_chunk(struct scan *scan, struct scan_lane *lane, duckdb_data_chunk chunk,
                    struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(read_chunk(scan, lane, chunk, &rows, err));
    lane->bounds.rows += rows.count;
    for (int i = 0; i < COLUMNS; i++)
        if (rows.keys[i] != NULL && (scan->mode == SCAN_BOUNDS || i == COLUMN_TIME))
            add_to_range(&lane->bounds.ranges[i], rows.keys[i], rows.count);
    if (scan->mode == SCAN_ROWS)
        TRY(add_rows(scan, lane, &rows, err));
done:
    return rc;
}
