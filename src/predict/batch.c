#include "predict/batch.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "data/new_file.h"
#include "data/table_file.h"
#include "linalg/topk.h"
#include "predict/predictor_parts.h"

enum { CHUNK_PLACES = 1 << 18, CHUNK_USERS_MAX = 2048 };

/* The lists of some users at a time. */
struct batch {
    const struct batch_spec *spec;
    const struct model_record *record;
    int32_t length;             /* of a list: k, or all items */
    int32_t users;              /* of the batch */
    int32_t begin, chunk_users; /* the users whose lists are there */
    int32_t capacity;           /* users of a chunk */
    int32_t *rows;              /* [capacity] indexes of the chunk's users */
    int32_t *lists;             /* [capacity × length], -1 after the last */
    float *scores;              /* [capacity × length] */
    float *all;                 /* [threads × items] of a kind without factors */
    struct factors_view view;
    struct topk_items *items;
    double scored, total;
    int32_t next_user, next_rank; /* what is written next, of the chunk */
    int64_t sent;
};

bool batch_format_find(const char *name, enum batch_format *ret_format)
{
    const bool is_csv = strcmp(name, "csv") == 0;
    if (!is_csv && strcmp(name, "parquet") != 0)
        return false;
    *ret_format = is_csv ? BATCH_CSV : BATCH_PARQUET;
    return true;
}

/* ---- lists ---- */

static void list_of_user(void *context, int64_t begin, int64_t end, int32_t worker)
{
    struct batch *b = context;
    const struct model *model = b->record->model;
    const struct csr *seen = b->record->matrix;
    float *scores = b->all + (size_t)worker * (size_t)model->items;
    for (int64_t i = begin; i < end; i++) {
        const int32_t user = b->rows[i];
        int32_t *list = b->lists + i * b->length;
        model->kind->score(model, user, scores);
        const int32_t found =
            topk_of_scores(scores, model->items, seen->indices + seen->indptr[user],
                           b->spec->with_seen ? 0 : csr_row_nnz(seen, user), b->length, list);
        for (int32_t rank = 0; rank < b->length; rank++) {
            if (rank >= found)
                list[rank] = -1;
            b->scores[i * b->length + rank] = rank < found ? scores[list[rank]] : 0;
            if (rank < found && !model->kind->personal) /* as BASIS_POPULAR is told */
                b->scores[i * b->length + rank] = (float)b->record->popularity[list[rank]];
        }
    }
}

static enum err make_lists(struct batch *b, struct error *err)
{
    const struct batch_spec *spec = b->spec;
    if (b->items == NULL) {
        parallel_for(spec->threads, b->chunk_users, 8, list_of_user, b);
        return ERR_OK;
    }
    struct topk_stats stats;
    const struct topk_query query = {
        .users = b->view.users,
        .user_stride = b->view.user_stride,
        .rows = b->rows,
        .count = b->chunk_users,
        .seen = spec->with_seen ? NULL : b->record->matrix,
        .k = b->length,
        .threads = spec->threads,
        .prune = true,
        .progress = spec->progress,
    };
    const enum err rc = topk_select(b->items, &query, b->lists, b->scores, &stats, err);
    if (rc == ERR_OK) {
        b->scored += stats.scored;
        b->total += stats.total;
    }
    return rc;
}

/* The lists of the next users; chunk_users is 0 after the last. */
static enum err next_chunk(struct batch *b, struct error *err)
{
    enum err rc = ERR_OK;
    const struct progress *progress = b->spec->progress;
    b->begin += b->chunk_users;
    const int32_t left = b->users - b->begin;
    b->chunk_users = left < b->capacity ? left : b->capacity;
    b->next_user = b->next_rank = 0;
    if (progress_cancelled(progress))
        return FAIL(err, ERR_CANCELLED, "cancelled after %d users", b->begin);
    const struct progress_update update = {.phase = PHASE_EVALUATE,
                                           .done = b->begin,
                                           .total = b->users,
                                           .unit = "users",
                                           .loss = NAN,
                                           .seconds = NAN,
                                           .recall = NAN};
    progress_report(progress, &update);
    for (int32_t i = 0; i < b->chunk_users; i++)
        b->rows[i] = b->spec->users != NULL ? b->spec->users[b->begin + i] : b->begin + i;
    if (b->chunk_users > 0)
        TRY(make_lists(b, err));
done:
    return rc;
}

/* One row of the table. */
struct entry {
    int32_t user, item, rank;
    float score;
};

/* The next row; false after the last of the chunk. */
static bool next_entry(struct batch *b, struct entry *ret_entry)
{
    while (b->next_user < b->chunk_users) {
        const int64_t at = (int64_t)b->next_user * b->length + b->next_rank;
        if (b->next_rank < b->length && b->lists[at] >= 0) {
            b->next_rank++;
            *ret_entry =
                (struct entry){b->rows[b->next_user], b->lists[at], b->next_rank, b->scores[at]};
            return true;
        }
        b->next_user++;
        b->next_rank = 0;
    }
    return false;
}

/* ---- Parquet ---- */

static void put_id(struct table_chunk *chunk, int32_t column, int64_t row, const struct idmap *ids,
                   int32_t index)
{
    if (ids->kind == ID_INT64) {
        ((int64_t *)table_values(chunk, column))[row] = ids->ints[index];
    } else if (ids->kind == ID_STRING) {
        const struct str id = idmap_string(ids, index);
        table_set_text(chunk, column, row, id.ptr, (int64_t)id.len);
    } else {
        char text[24];
        idmap_text(ids, index, text, sizeof(text));
        table_set_text(chunk, column, row, text, (int64_t)strlen(text));
    }
}

static enum err fill(void *context, struct table_chunk *chunk, int64_t room, int64_t *ret_count,
                     struct error *err)
{
    enum err rc = ERR_OK;
    struct batch *b = context;
    struct entry entry;
    int64_t count = 0, *ranks = table_values(chunk, 2);
    float *scores = table_values(chunk, 3);
    for (;;) {
        for (; count < room && next_entry(b, &entry); count++) {
            put_id(chunk, 0, count, b->record->users, entry.user);
            put_id(chunk, 1, count, b->record->items, entry.item);
            ranks[count] = entry.rank;
            scores[count] = entry.score;
        }
        if (count > 0)
            break;
        TRY(next_chunk(b, err));
        if (b->chunk_users == 0)
            break;
    }
    b->sent += count;
    *ret_count = count;
done:
    return rc;
}

static enum err write_parquet(struct batch *b, const char *path, struct error *err)
{
    const bool user_is_int = b->record->users->kind == ID_INT64;
    const bool item_is_int = b->record->items->kind == ID_INT64;
    const struct table_column columns[] = {
        {"cookie", user_is_int ? TABLE_INT64 : TABLE_TEXT},
        {"node", item_is_int ? TABLE_INT64 : TABLE_TEXT},
        {"rank", TABLE_INT64},
        {"score", TABLE_FLOAT},
    };
    const struct table_source source = {
        .columns = columns,
        .column_count = 4,
        .rows = (int64_t)b->users * b->length,
        .fill = fill,
        .context = b,
    };
    return table_file_write(&source, path, err);
}

/* ---- CSV ---- */

/* An id as a field; text is quoted where it must be (RFC 4180). */
static void print_field(FILE *file, const struct idmap *ids, int32_t index)
{
    char text[24];
    if (ids->kind != ID_STRING) {
        fputs(idmap_text(ids, index, text, sizeof(text)), file);
        return;
    }
    const struct str id = idmap_string(ids, index);
    bool quoted = false;
    for (size_t i = 0; i < id.len; i++)
        quoted = quoted || strchr(",\"\r\n", id.ptr[i]) != NULL;
    if (quoted)
        fputc('"', file);
    for (size_t i = 0; i < id.len; i++) {
        if (id.ptr[i] == '"')
            fputc('"', file);
        fputc(id.ptr[i], file);
    }
    if (quoted)
        fputc('"', file);
}

static enum err write_csv(struct batch *b, const char *path, struct error *err)
{
    enum err rc = ERR_OK;
    struct entry entry;
    FILE *file = fopen(path, "wxe");
    if (file == NULL)
        return new_file_error(err, "write", path);
    fputs("cookie,node,rank,score\n", file);
    do {
        TRY(next_chunk(b, err));
        for (; next_entry(b, &entry); b->sent++) {
            print_field(file, b->record->users, entry.user);
            fputc(',', file);
            print_field(file, b->record->items, entry.item);
            fprintf(file, ",%d,%.9g\n", entry.rank, (double)entry.score);
        }
        if (ferror(file))
            break;
    } while (b->chunk_users > 0);
    if (fflush(file) != 0 || ferror(file))
        rc = new_file_error(err, "write", path);
done:
    if (fclose(file) != 0 && rc == ERR_OK)
        rc = new_file_error(err, "write", path);
    return rc;
}

/* ---- the whole ---- */

static enum err batch_init(struct batch *b, const struct batch_spec *spec, struct error *err)
{
    enum err rc = ERR_OK;
    const struct model *model = predictor_record(spec->predictor)->model;
    b->spec = spec;
    b->record = predictor_record(spec->predictor);
    b->users = spec->users != NULL ? spec->count : model->users;
    b->length = spec->k < model->items ? spec->k : model->items;
    b->capacity =
        CHUNK_PLACES / b->length < CHUNK_USERS_MAX ? CHUNK_PLACES / b->length : CHUNK_USERS_MAX;
    b->capacity = b->capacity < 1 ? 1 : b->capacity;
    const size_t places = (size_t)b->capacity * (size_t)b->length;
    TRY_PTR(b->rows = mem_array((size_t)b->capacity, sizeof(*b->rows), err));
    TRY_PTR(b->lists = mem_array(places, sizeof(*b->lists), err));
    TRY_PTR(b->scores = mem_array(places, sizeof(*b->scores), err));
    if (model->kind->factors == NULL) {
        TRY_PTR(b->all =
                    mem_array((size_t)spec->threads * (size_t)model->items, sizeof(*b->all), err));
    } else {
        model->kind->factors(model, &b->view);
        TRY(topk_items_create(b->view.items, model->items, b->view.factors, b->view.item_stride,
                              spec->threads, &b->items, err));
    }
done:
    return rc;
}

static void batch_release(struct batch *b)
{
    topk_items_free(b->items);
    mem_free(b->rows);
    mem_free(b->lists);
    mem_free(b->scores);
    mem_free(b->all);
}

enum err batch_write(const struct batch_spec *spec, struct batch_result *ret_result,
                     struct error *err)
{
    enum err rc;
    struct batch b = {0};
    struct new_file file = {0};
    struct batch_result result = {0};
    const double start = clock_seconds();
    TRY(batch_init(&b, spec, err));
    TRY(new_file_init(&file, spec->directory, spec->name, spec->overwrite, err));
    file.begun = true;
    if (spec->format == BATCH_CSV)
        TRY(write_csv(&b, file.temporary, err));
    else
        TRY(write_parquet(&b, file.temporary, err));
    TRY(new_file_sync(&file, &result.bytes, err));
    TRY(new_file_name(&file, err));
    TRY(new_file_sync_directory(spec->directory, err));
    result.users = b.users;
    result.rows = b.sent;
    result.scored_share = b.total > 0 ? b.scored / b.total : 1;
    result.seconds = clock_seconds() - start;
    *ret_result = result;
done:
    if (rc != ERR_OK)
        new_file_abandon(&file);
    batch_release(&b);
    return rc;
}
