#include "train/hits.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "model/output.h"

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
    json_t *hits, *targets; /* borrowed from root */
    TRY(json_set(root, "hits", hits = json_array(), err));
    TRY(json_set(root, "targets", targets = json_array(), err));
    TRY(json_set(root, "format", json_string("rectrain-hits/1"), err));
    TRY(json_set(root, "k", json_integer(judged->k), err));
    TRY(json_set(root, "holdout_sha256", json_string(holdout_sha256), err));
    for (int32_t user = 0; user < judged->users; user++) {
        const int64_t wanted = holdout->indptr[user + 1] - holdout->indptr[user];
        TRY(json_append(hits, json_integer(judged->hits[user]), err));
        TRY(json_append(targets, json_integer(wanted), err));
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

    strbuf_init(&text, 1 << 30);
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
