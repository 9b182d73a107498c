/* rectrain recommend --output: lists for many users as one file. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "cli/command.h"
#include "cli/progress_bar.h"
#include "cli/question.h"
#include "predict/batch.h"

enum { LINE_MAX_BYTES = 4096, PATH_MAX_BYTES = 4096 };

/* Mark the users of a file, an id a line; what the model does not know is counted. */
static enum err mark_users(FILE *file, const char *path, const struct idmap *ids, bool *wanted,
                           int64_t *ret_unknown, struct error *err)
{
    char line[LINE_MAX_BYTES];
    int64_t unknown = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '\0')
            continue;
        const int32_t user = idmap_find_text(ids, line);
        if (user >= 0)
            wanted[user] = true;
        else
            unknown++;
    }
    if (ferror(file))
        return FAIL(err, ERR_IO, "the users' file %s cannot be read: %m", path);
    *ret_unknown = unknown;
    return ERR_OK;
}

/* The users of a file, ascending and each once. */
static enum err read_users(const char *path, const struct idmap *ids, int32_t **ret_users,
                           int32_t *ret_count, struct error *err)
{
    enum err rc = ERR_OK;
    int32_t *users = NULL, count = 0;
    int64_t unknown;
    bool *wanted = NULL;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return FAIL(err, ERR_NOT_FOUND, "the users' file %s cannot be read: %m", path);
    TRY_PTR(users = mem_array((size_t)ids->count, sizeof(*users), err));
    TRY_PTR(wanted = mem_array((size_t)ids->count, sizeof(*wanted), err));
    TRY(mark_users(file, path, ids, wanted, &unknown, err));
    for (int32_t user = 0; user < ids->count; user++)
        if (wanted[user])
            users[count++] = user;
    if (count == 0) {
        rc = FAIL_REASON(err, ERR_NOT_FOUND, "user_unknown",
                         "none of the users of %s is among the model's %d", path, ids->count);
        goto done;
    }
    if (unknown > 0)
        fprintf(stderr, "%lld users are not among the model's and were left out\n",
                (long long)unknown);
    *ret_users = users;
    *ret_count = count;
    users = NULL;
done:
    fclose(file);
    mem_free(wanted);
    mem_free(users);
    return rc;
}

/* "lists/today.csv": directory, name, and the format by the name's end. */
static enum err split_output(const char *output, char *directory, const char **ret_name,
                             enum batch_format *ret_format, struct error *err)
{
    const char *slash = strrchr(output, '/');
    const char *name = slash != NULL ? slash + 1 : output;
    const char *dot = strrchr(name, '.');
    const size_t length = slash == NULL ? 0 : (size_t)(slash - output);
    if (dot == NULL || dot == name || !batch_format_find(dot + 1, ret_format))
        return FAIL_REASON(err, ERR_INVALID, "option",
                           "output is %s, but its name must end in .parquet or .csv", output);
    if (length >= PATH_MAX_BYTES)
        return FAIL_REASON(err, ERR_INVALID, "option", "the name of the output is too long");
    snprintf(directory, PATH_MAX_BYTES, "%.*s", (int)length, output);
    if (slash == NULL || length == 0)
        snprintf(directory, PATH_MAX_BYTES, "%s", slash == NULL ? "." : "/");
    *ret_name = name;
    return ERR_OK;
}

static enum err tell(const struct parsed_options *parsed, const char *path,
                     const struct batch_result *result, struct error *err)
{
    enum err rc = ERR_OK;
    json_t *object = NULL;
    char users[32], rows[32], size[16], time[32];
    if (options_value(parsed, "json") == NULL) {
        printf("%s: %s rows for %s users, %s, in %s\n", path,
               text_grouped(result->rows, rows, sizeof(rows)),
               text_grouped(result->users, users, sizeof(users)),
               text_bytes(result->bytes, size, sizeof(size)),
               text_seconds(result->seconds, time, sizeof(time)));
        return ERR_OK;
    }
    object = json_object();
    TRY(json_set(object, "status", json_string("completed"), err));
    TRY(json_set(object, "path", json_text(path), err));
    TRY(json_set(object, "users", json_integer(result->users), err));
    TRY(json_set(object, "rows", json_integer(result->rows), err));
    TRY(json_set(object, "bytes", json_integer(result->bytes), err));
    TRY(json_set(object, "scored_share", json_number(result->scored_share), err));
    TRY(json_set(object, "seconds", json_number(result->seconds), err));
    TRY(print_json(object, err));
done:
    json_decref(object);
    return rc;
}

enum err recommend_many(const struct parsed_options *parsed, const struct question *question,
                        struct error *err)
{
    enum err rc;
    char directory[PATH_MAX_BYTES];
    struct progress_bar bar;
    struct progress progress;
    struct batch_result result;
    int32_t *users = NULL;
    int64_t threads = parallel_processors();
    const char *output = options_value(parsed, "output"), *list = options_value(parsed, "users");
    struct batch_spec spec = {
        .predictor = question->predictor,
        .k = question->query.k,
        .directory = directory,
        .overwrite = options_value(parsed, "overwrite") != NULL,
        .progress = &progress,
    };
    if (spec.k > BATCH_K_MAX)
        return FAIL_REASON(err, ERR_INVALID, "option",
                           "k is %d, but with --output it must be at most %d", spec.k,
                           (int)BATCH_K_MAX);
    TRY(split_output(output, directory, &spec.name, &spec.format, err));
    if (options_value(parsed, "threads") != NULL)
        TRY(parse_whole("threads", options_value(parsed, "threads"), 1, PARALLEL_THREADS_MAX,
                        &threads, err));
    spec.threads = (int32_t)threads;
    if (list != NULL)
        TRY(read_users(list, question->record->users, &users, &spec.count, err));
    spec.users = users;
    progress_bar_init(&bar, options_value(parsed, "quiet") != NULL, &progress);
    rc = batch_write(&spec, &result, err);
    progress_bar_finish(&bar, rc == ERR_OK);
    if (rc == ERR_OK)
        rc = tell(parsed, output, &result, err);
done:
    mem_free(users);
    return rc;
}
