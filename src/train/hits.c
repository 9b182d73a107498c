#include "train/hits.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "model/output.h"

enum { HITS_BYTES_MAX = 1 << 30 };

/* Of "dir/als_model_0_….pkl": the directory, and the name without its ending. */
static enum err split_path(const char *model_path, char **ret_directory, char **ret_stem,
                           struct error *err)
{
    char *directory = NULL, *stem = NULL;
    const char *slash = strrchr(model_path, '/');
    const char *name = slash == NULL ? model_path : slash + 1;
    directory = mem_dup_string(slash == NULL ? "." : model_path, err);
    stem = mem_dup_string(name, err);
    if (directory == NULL || stem == NULL) {
        mem_free(directory);
        mem_free(stem);
        return ERR_NOMEM;
    }
    if (slash != NULL)
        directory[slash == model_path ? 1 : slash - model_path] = '\0';
    char *dot = strrchr(stem, '.');
    if (dot != NULL)
        *dot = '\0';
    *ret_directory = directory;
    *ret_stem = stem;
    return ERR_OK;
}

static enum err hits_to_json(const char *holdout_sha256, const struct eval_result *judged,
                             const struct holdout *holdout, json_t *root, struct error *err)
{
    enum err rc;
    json_t *hits, *targets, *users; /* borrowed from root */
    TRY(json_set(root, "hits", hits = json_array(), err));
    TRY(json_set(root, "targets", targets = json_array(), err));
    TRY(json_set(root, "users", users = json_array(), err));
    TRY(json_set(root, "format", json_string("rectrain-hits/1"), err));
    TRY(json_set(root, "k", json_integer(judged->k), err));
    TRY(json_set(root, "holdout_sha256", json_string(holdout_sha256), err));
    for (int32_t user = 0; user < judged->users; user++) {
        const int64_t wanted = holdout->indptr[user + 1] - holdout->indptr[user];
        TRY(json_append(hits, json_integer(judged->hits[user]), err));
        TRY(json_append(targets, json_integer(wanted), err));
        TRY(json_append(users, json_integer(holdout->users[user]), err));
    }
done:
    return rc;
}

enum err hits_write(const char *model_path, const char *holdout_sha256,
                    const struct eval_result *judged, const struct holdout *holdout,
                    char **ret_path, struct error *err)
{
    enum err rc;
    char *directory = NULL, *stem = NULL;
    struct output out = {.directory_fd = -1, .fd = -1};
    struct strbuf text;
    json_t *root = json_object();

    strbuf_init(&text, HITS_BYTES_MAX);
    if (root == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for the users' hits");
    TRY(hits_to_json(holdout_sha256, judged, holdout, root, err));
    TRY(json_write(root, 0, &text, err));
    TRY(split_path(model_path, &directory, &stem, err));
    const struct output_spec spec = {
        .directory = directory, .stem = stem, .extension = ".hits.json", .numbered = true};
    TRY(output_open(&out, &spec, err));
    TRY(output_write(&out, text.ptr, text.len, err));
    TRY(output_commit(&out, ret_path, NULL, err));
done:
    output_release(&out);
    strbuf_release(&text);
    json_decref(root);
    mem_free(directory);
    mem_free(stem);
    return rc;
}

/* ---- reading ---- */

static enum err not_recorded(struct error *err)
{
    return FAIL_REASON(err, ERR_DATA, "evaluation_users_unknown",
                       "which users the model was judged on is not recorded beside it. Train it "
                       "again, or give the users as a list.");
}

static enum err read_text(int fd, char **ret_text, size_t *ret_size, struct error *err)
{
    enum err rc = ERR_OK;
    struct stat status;
    char *text = NULL;
    size_t used = 0;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > HITS_BYTES_MAX)
        return not_recorded(err);
    const size_t size = (size_t)status.st_size;
    TRY_PTR(text = mem_plain(size + 1, err));
    while (used < size) {
        const ssize_t got = pread(fd, text + used, size - used, (off_t)used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            rc = FAIL_REASON(err, ERR_IO, "read_failed", "the users' hits cannot be read: %m");
            goto done;
        }
        if (got == 0)
            break;
        used += (size_t)got;
    }
    *ret_text = text;
    *ret_size = used;
    text = NULL;
done:
    mem_free(text);
    return rc;
}

static enum err take_users(const json_t *list, int32_t users, int32_t *out, struct error *err)
{
    json_int_t last = -1;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        const json_int_t user = json_integer_value(value);
        if (!json_is_integer(value) || user <= last || user >= users)
            return not_recorded(err);
        out[i] = (int32_t)user;
        last = user;
    }
    return ERR_OK;
}

static enum err users_of_text(const char *text, size_t size, int32_t users, int32_t **ret_users,
                              int32_t *ret_count, struct error *err)
{
    int32_t *out = NULL;
    json_t *root = NULL;
    enum err rc = json_read(text, size, JSON_REJECT_DUPLICATES, &root, err);
    if (rc == ERR_NOMEM)
        return rc;
    const json_t *list = json_object_get(root, "users");
    const size_t count = json_array_size(list);
    if (count == 0 || count > (size_t)users) {
        rc = not_recorded(err);
        goto done;
    }
    TRY_PTR(out = mem_array(count, sizeof(*out), err));
    TRY(take_users(list, users, out, err));
    *ret_users = out;
    *ret_count = (int32_t)count;
    out = NULL;
done:
    mem_free(out);
    json_decref(root);
    return rc;
}

enum err hits_read_users(int fd, int32_t users, int32_t **ret_users, int32_t *ret_count,
                         struct error *err)
{
    enum err rc;
    char *text = NULL;
    size_t size = 0;
    TRY(read_text(fd, &text, &size, err));
    rc = users_of_text(text, size, users, ret_users, ret_count, err);
done:
    mem_free(text);
    return rc;
}

/* So much text a user is more than any writer of ours needs: what is much longer holds something
 * else. */
static bool is_bloated(size_t size, int32_t users)
{
    enum { BYTES_EACH = 100, BYTES_HEAD = 4096 };
    return size > BYTES_HEAD + BYTES_EACH * (size_t)users;
}

enum err hits_inspect(int fd, struct hits_facts *ret_facts, struct error *err)
{
    enum err rc;
    char *text = NULL;
    size_t size = 0;
    int32_t *users = NULL, count = 0;
    struct hits hits = {0};
    TRY(read_text(fd, &text, &size, err));
    TRY(hits_parse(text, size, &hits, err));
    rc = users_of_text(text, size, INT32_MAX, &users, &count, err);
    if (rc == ERR_DATA || (rc == ERR_OK && count != hits.users) ||
        (rc == ERR_OK && is_bloated(size, hits.users)))
        rc = FAIL(err, ERR_CORRUPT, "users are not as many as the hits, and nothing else");
    TRY(rc);
    struct hits_facts facts = {
        .k = hits.k, .users = hits.users, .users_below = users[count - 1] + 1};
    memcpy(facts.holdout_sha256, hits.holdout_sha256, sizeof(facts.holdout_sha256));
    for (int32_t i = 0; i < hits.users; i++)
        facts.recall += (double)hits.hits[i] / hits.targets[i];
    facts.recall /= hits.users;
    *ret_facts = facts;
done:
    hits_release(&hits);
    mem_free(users);
    mem_free(text);
    return rc;
}
