#include "http/assets.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "http/exchange.h"

static const char for_ever[] = "public, max-age=31536000, immutable";
static const char ask_again[] = "no-cache";

const char *asset_type(const char *path)
{
    static const struct {
        const char *end, *type;
    } types[] = {{".html", "text/html; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".js", "text/javascript; charset=utf-8"},
                 {".mjs", "text/javascript; charset=utf-8"},
                 {".json", "application/json"},
                 {".map", "application/json"},
                 {".webmanifest", "application/manifest+json"},
                 {".svg", "image/svg+xml"},
                 {".png", "image/png"},
                 {".jpg", "image/jpeg"},
                 {".webp", "image/webp"},
                 {".ico", "image/x-icon"},
                 {".woff2", "font/woff2"},
                 {".txt", "text/plain; charset=utf-8"}};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcasecmp(dot, types[i].end) == 0)
            return types[i].type;
    return "application/octet-stream";
}

const struct asset *asset_find(const struct asset_table *table, const char *path)
{
    int32_t low = 0, high = table->count;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        const int order = strcmp(path, table->assets[middle].path);
        if (order == 0)
            return &table->assets[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

struct variant {
    const char *coding; /* NULL: plain */
    const struct asset_bytes *bytes;
};

/* The first that the client takes; brotli is smaller than gzip. */
static struct variant choose(const struct asset *asset, const char *accept_encoding)
{
    if (asset->brotli.bytes != NULL && accept_allows_coding(accept_encoding, "br"))
        return (struct variant){"br", &asset->brotli};
    if (asset->gzip.bytes != NULL && accept_allows_coding(accept_encoding, "gzip"))
        return (struct variant){"gzip", &asset->gzip};
    return (struct variant){NULL, &asset->plain};
}

enum err response_asset(struct response *response, const struct asset_table *table,
                        const char *path, struct error *err)
{
    enum err rc;
    bool is_fresh;
    const struct asset *asset = asset_find(table, path);
    if (asset == NULL)
        return FAIL(err, ERR_NOT_FOUND, "there is no such file");
    const struct variant variant =
        choose(asset, headers_get(&response->request->headers, "Accept-Encoding"));
    /* Variants are different representations, so each has a tag of its own (RFC 9110, 8.8.3). */
    const char *tag =
        arena_textf(response->arena, err, "%s%s%s", asset->etag, variant.coding != NULL ? "-" : "",
                    variant.coding != NULL ? variant.coding : "");
    if (tag == NULL)
        return ERR_NOMEM;
    response_cache(response, asset->is_hashed ? for_ever : ask_again);
    TRY(response_header(response, "Vary", "Accept-Encoding", err));
    TRY(response_etag(response, tag, &is_fresh, err));
    if (is_fresh)
        return ERR_OK;
    if (variant.coding != NULL)
        TRY(response_header(response, "Content-Encoding", variant.coding, err));
    response_static(response, asset_type(path), variant.bytes->bytes, variant.bytes->size);
done:
    return rc;
}

static int open_beneath(int directory_fd, const char *path)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, directory_fd, path, &how, sizeof(how));
}

enum err response_asset_file(struct response *response, int directory_fd, const char *path,
                             struct error *err)
{
    struct stat info;
    bool is_fresh;
    const int fd = open_beneath(directory_fd, path);
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        if (fd >= 0)
            close(fd);
        return FAIL(err, ERR_NOT_FOUND, "there is no such file");
    }
    const char *tag =
        arena_textf(response->arena, err, "%llx-%llx-%llx", (unsigned long long)info.st_mtim.tv_sec,
                    (unsigned long long)info.st_mtim.tv_nsec, (unsigned long long)info.st_size);
    enum err rc = tag != NULL ? response_etag(response, tag, &is_fresh, err) : ERR_NOMEM;
    if (rc != ERR_OK || is_fresh)
        close(fd);
    else
        rc = response_file(response, fd, asset_type(path), NULL, err);
    response_cache(response, ask_again);
    return rc;
}
