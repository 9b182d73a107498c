#include "api/model_export.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/model_files.h"
#include "model/export.h"

enum { EXPORT_PATH_MAX = 4400 };

static const struct {
    const char *name;
    enum err (*write)(const struct model_record *record, const char *path,
                      const struct progress *progress, struct error *err);
} formats[] = {
#define X(name, help) {#name, model_export_##name},
    EXPORT_FORMATS(X)
#undef X
};
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

static int find_format(const char *name)
{
    for (int i = 0; i < FORMATS; i++)
        if (strcmp(formats[i].name, name) == 0)
            return i;
    return -1;
}

bool model_export_is_known(const char *format)
{
    return strcmp(format, "pkl") == 0 || find_format(format) >= 0;
}

enum err model_export_open(const struct config *config, const char *path, const char *format,
                           const char *unique, int *ret_fd, struct error *err)
{
    enum err rc;
    int fd = -1;
    char source[32], target[EXPORT_PATH_MAX];
    struct model_file *file = NULL;
    const int index = find_format(format);
    snprintf(target, sizeof(target), "%.4096s/.rectrain-%.64s.tmp",
             config_text(config, "MODEL_DIR"), unique);
    TRY(saved_file_open(config, SAVED_MODEL, path, &fd, err));
    snprintf(source, sizeof(source), "/proc/self/fd/%d", fd);
    TRY(model_file_open(source, false, &file, err));
    TRY(formats[index].write(model_file_record(file), target, NULL, err));
    *ret_fd = open(target, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*ret_fd < 0)
        rc = FAIL(err, ERR_IO, "the export cannot be read back: %m");
    unlink(target);
done:
    model_file_close(file);
    if (fd >= 0)
        close(fd);
    return rc;
}
