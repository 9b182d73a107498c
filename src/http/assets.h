#ifndef HTTP_ASSETS_H
#define HTTP_ASSETS_H

/*
 * The files of the web page: from a table that is built into the program, compressed beforehand, or
 * (--web-dir, in development) from a directory as they are.
 *
 * A file whose name carries the hash of its content ("app.3f2a91bc.js") may be kept for ever; all
 * others are asked for again each time, by their ETag.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "http/request.h"
#include "http/response.h"

struct asset_bytes {
    const void *bytes; /* NULL: there is no such variant */
    size_t size;
};

struct asset {
    const char *path; /* "app.3f2a91bc.js", "fonts/mono.woff2": without a slash before */
    const char *etag; /* of the plain bytes, without quotes: a hash */
    bool is_hashed;   /* the name changes with the content */
    struct asset_bytes plain, gzip, brotli;
};

/* The table that a build embeds; sorted by path. All is borrowed for ever. */
struct asset_table {
    const struct asset *assets;
    int32_t count;
};

/* NULL when the table has none of that path. Binary search. */
const struct asset *asset_find(const struct asset_table *table, const char *path);

/* Answer with the asset: the smallest variant that Accept-Encoding allows, or 304. ERR_NOT_FOUND
 * when the table has none of that path. */
MUST_CHECK enum err response_asset(struct response *response, const struct asset_table *table,
                                   const char *path, struct error *err);

/* Answer with a file beneath the open directory, which no link and no .. leads out of (openat2,
 * RESOLVE_BENEATH). ERR_NOT_FOUND: there is none that can be read. */
MUST_CHECK enum err response_asset_file(struct response *response, int directory_fd,
                                        const char *path, struct error *err);

/* The media type of a file by its name's end; "application/octet-stream" when it is not known. */
const char *asset_type(const char *path);

#endif
