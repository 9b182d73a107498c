#include "data/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "data/dataset.h"
#include "data/source.h"

/* The version whose behaviour the hardening was checked with; third_party/duckdb pins it. */
static const char VERSION[] = "v1.4.4";

enum { SQL_BYTES_MAX = 4 << 20, REPLY_BYTES_MAX = 240 };

static enum err set_options(duckdb_config config, int32_t threads, int64_t memory_limit_bytes,
                            struct error *err)
{
    char count[16], limit[32];
    snprintf(count, sizeof(count), "%d", threads);
    snprintf(limit, sizeof(limit), "%" PRId64 "B", memory_limit_bytes);
    const struct {
        const char *name, *value;
    } options[] = {
        {"threads", count},
        {"autoinstall_known_extensions", "false"},
        {"autoload_known_extensions", "false"},
        {"allow_community_extensions", "false"},
        {"temp_directory", ""},  /* nothing that we ask for needs to spill */
        {"memory_limit", limit}, /* the last: left out for the engine's own, 80% of the machine's */
    };
    const size_t all = sizeof(options) / sizeof(options[0]);
    for (size_t i = 0; i < (memory_limit_bytes > 0 ? all : all - 1); i++)
        if (duckdb_set_config(config, options[i].name, options[i].value) != DuckDBSuccess)
            return FAIL_REASON(err, ERR_INTERNAL, "engine_failed",
                               "the reading engine refuses its option %s.", options[i].name);
    return ERR_OK;
}

/* From here on the engine can open nothing but the files of the run. */
static enum err lock(struct engine *engine, struct error *err)
{
    enum err rc;
    struct strbuf sql;
    duckdb_result result;
    strbuf_init(&sql, SQL_BYTES_MAX);
    TRY(strbuf_addf(&sql, err, "SET allowed_paths="));
    for (int i = 0; i < 2; i++) {
        TRY(strbuf_addf(&sql, err, i == 0 ? "" : " || "));
        TRY(sql_add_files(&sql, engine->sets[i], 0, engine->sets[i]->count, err));
    }
    TRY(strbuf_addf(&sql, err,
                    "; SET enable_external_access=false; "
                    "SET lock_configuration=true;"));
    TRY(engine_query(engine, engine->sets[0], sql.ptr, &result, err));
    duckdb_destroy_result(&result);
done:
    strbuf_release(&sql);
    return rc;
}

enum err dataset_engine_version(const char **ret_version, struct error *err)
{
    const enum err rc = duckdb_load(err);
    if (rc != ERR_OK)
        return rc;
    if (strcmp(duckdb_library_version(), VERSION) != 0)
        return FAIL_REASON(err, ERR_INTERNAL, "engine_version",
                           "the library libduckdb.so is version %s, this program was made for %s. "
                           "Run script/bootstrap again.",
                           duckdb_library_version(), VERSION);
    *ret_version = duckdb_library_version();
    return ERR_OK;
}

enum err engine_open(struct engine *engine, int32_t threads, int64_t memory_limit_bytes,
                     const struct file_set *clicks, const struct file_set *events,
                     struct error *err)
{
    enum err rc;
    duckdb_config config = NULL;
    char *text = NULL;
    const char *version;
    *engine = (struct engine){.sets = {clicks, events}};

    if ((rc = dataset_engine_version(&version, err)) != ERR_OK)
        return rc;
    if (duckdb_create_config(&config) != DuckDBSuccess)
        return FAIL(err, ERR_NOMEM, "out of memory while starting the reading engine");
    TRY(set_options(config, threads, memory_limit_bytes, err));
    if (duckdb_open_ext(NULL, &engine->database, config, &text) != DuckDBSuccess ||
        duckdb_connect(engine->database, &engine->connection) != DuckDBSuccess) {
        rc = FAIL_REASON(err, ERR_INTERNAL, "engine_failed",
                         "the reading engine does not start: %.200s", text == NULL ? "" : text);
        goto done;
    }
    TRY(lock(engine, err));
done:
    duckdb_free(text);
    duckdb_destroy_config(&config);
    return rc;
}

void engine_close(struct engine *engine)
{
    if (engine->connection != NULL)
        duckdb_disconnect(&engine->connection);
    if (engine->database != NULL)
        duckdb_close(&engine->database);
    *engine = (struct engine){0};
}

/* The file whose descriptor the engine's text speaks of; NULL: none. */
static const struct data_file *file_in_text(const struct engine *engine, const char *text)
{
    const char *at = strstr(text, "/proc/self/fd/");
    if (at == NULL)
        return NULL;
    const long fd = strtol(at + strlen("/proc/self/fd/"), NULL, 10);
    for (int i = 0; i < 2; i++)
        for (int32_t j = 0; j < engine->sets[i]->count; j++)
            if (engine->sets[i]->files[j].fd == fd)
                return &engine->sets[i]->files[j];
    return NULL;
}

/* The first line of the engine's text, without "Invalid Input Error: " and descriptors. */
static void first_line(const char *text, char *out)
{
    size_t used = 0;
    const char *colon = strstr(text, "Error: ");
    const char *at = colon != NULL && colon - text < 40 ? colon + strlen("Error: ") : text;
    while (*at != '\0' && *at != '\n' && used < REPLY_BYTES_MAX - 5) {
        if (strncmp(at, "/proc/self/fd/", 14) == 0) {
            at += 14 + strspn(at + 14, "0123456789");
            memcpy(out + used, "file", 4);
            used += 4;
        } else {
            out[used++] = *at++;
        }
    }
    out[used] = '\0';
}

static enum err csv_failed(const char *name, const char *text, struct error *err)
{
    const char *line = strstr(text, "Line: "), *column = strstr(text, "converting column \"");
    char where[96] = "";
    if (column != NULL) {
        column += strlen("converting column \"");
        snprintf(where, sizeof(where), ", column `%.*s`", (int)strcspn(column, "\"\n") % 80,
                 column);
    }
    return FAIL_REASON(err, ERR_DATA, "csv_row",
                       "%s, line %ld%s: the row does not fit the columns and types of the rows "
                       "before it. Correct or remove the row (line 1 is the header).",
                       name, strtol(line + strlen("Line: "), NULL, 10), where);
}

/* Turn a failure of the engine into ours. */
static enum err translate(const struct engine *engine, const struct file_set *set,
                          duckdb_error_type type, const char *text, struct error *err)
{
    char name[160], reply[REPLY_BYTES_MAX];
    if (text == NULL)
        text = "no reason given";
    const struct data_file *file = file_in_text(engine, text);
    file_set_name(set, name, sizeof(name));
    if (file != NULL)
        snprintf(name, sizeof(name), "%s", file->name);
    if (type == DUCKDB_ERROR_OUT_OF_MEMORY)
        return FAIL_REASON(err, ERR_NOMEM, "engine_memory",
                           "the reading engine ran out of its memory while reading %s. Raise the "
                           "memory limit, or use fewer threads.",
                           name);
    if (strstr(text, "CSV Error on Line: ") != NULL)
        return csv_failed(name, text, err);
    first_line(text, reply);
    if (type == DUCKDB_ERROR_INTERRUPT)
        return FAIL(err, ERR_CANCELLED, "cancelled while reading %s", name);
    return FAIL_REASON(err, ERR_DATA, "file_corrupt",
                       "%s cannot be read: it is damaged, or in a form that is not understood. "
                       "Write it again. (The reader says: %s)",
                       name, reply);
}

enum err engine_query(struct engine *engine, const struct file_set *set, const char *sql,
                      duckdb_result *ret_result, struct error *err)
{
    duckdb_result result;
    if (progress_cancelled(engine->progress))
        return FAIL(err, ERR_CANCELLED, "cancelled before reading the %s", set->title);
    if (duckdb_query(engine->connection, sql, &result) != DuckDBSuccess) {
        const enum err rc = translate(engine, set, duckdb_result_error_type(&result),
                                      duckdb_result_error(&result), err);
        duckdb_destroy_result(&result); /* due also after a failure */
        return rc;
    }
    *ret_result = result;
    return ERR_OK;
}

/* Do the query's work in slices on this thread, until it is done or `tick` says stop. */
static enum err work_off(struct engine *engine, duckdb_pending_result pending,
                         enum err (*tick)(void *context, struct error *err), void *context,
                         struct error *err)
{
    enum err rc = ERR_OK;
    for (;;) {
        const duckdb_pending_state state = duckdb_pending_execute_task(pending);
        if (state == DUCKDB_PENDING_RESULT_READY || state == DUCKDB_PENDING_ERROR)
            return rc; /* when that is ERR_OK, duckdb_execute_pending tells which */
        if (rc == ERR_OK && (rc = tick(context, err)) != ERR_OK)
            /* It goes on until all its tasks have heard of it: dropped before, it leaks them. */
            duckdb_interrupt(engine->connection);
        if (state == DUCKDB_PENDING_NO_TASKS_AVAILABLE) /* other threads are still at theirs */
            nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    }
}

/* A query that failed while it was worked off says of its result that there is none, and behind
 * that why, as a text alone that begins with its kind: "… result\nError: Out of Memory Error: …".
 */
static enum err translate_run(const struct engine *engine, const struct file_set *set,
                              duckdb_result *result, struct error *err)
{
    static const char before[] = "pending query result\nError: ";
    const char *text = duckdb_result_error(result);
    const char *cause = text != NULL ? strstr(text, before) : NULL;
    duckdb_error_type type = duckdb_result_error_type(result);
    if (cause != NULL) {
        text = cause + strlen(before);
        if (strncmp(text, "Out of Memory Error", 19) == 0)
            type = DUCKDB_ERROR_OUT_OF_MEMORY;
        else if (strncmp(text, "INTERRUPT Error", 15) == 0)
            type = DUCKDB_ERROR_INTERRUPT;
    }
    return translate(engine, set, type, text, err);
}

enum err engine_run(struct engine *engine, const struct file_set *set, const char *sql,
                    enum err (*tick)(void *context, struct error *err), void *context,
                    struct error *err)
{
    enum err rc;
    duckdb_prepared_statement statement = NULL;
    duckdb_pending_result pending = NULL;
    duckdb_result result = {0};

    if (duckdb_prepare(engine->connection, sql, &statement) != DuckDBSuccess) {
        rc = translate(engine, set, DUCKDB_ERROR_INVALID, duckdb_prepare_error(statement), err);
        goto done;
    }
    if (duckdb_pending_prepared(statement, &pending) != DuckDBSuccess) {
        rc = translate(engine, set, DUCKDB_ERROR_INVALID, duckdb_pending_error(pending), err);
        goto done;
    }
    TRY(work_off(engine, pending, tick, context, err));
    if (duckdb_execute_pending(pending, &result) != DuckDBSuccess)
        rc = translate_run(engine, set, &result, err);
    duckdb_destroy_result(&result);
done:
    duckdb_destroy_pending(&pending);
    duckdb_destroy_prepare(&statement);
    return rc;
}
