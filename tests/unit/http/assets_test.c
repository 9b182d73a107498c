#include "http/assets.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/exchange.h"
#include "support/test.h"

static struct error err;

static const struct asset assets[] = {
    {.path = "app.3f2a91bc.js",
     .etag = "3f2a91bc",
     .is_hashed = true,
     .plain = {"plain", 5},
     .gzip = {"gz", 2},
     .brotli = {"b", 1}},
    {.path = "icon.svg", .etag = "77", .plain = {"<svg/>", 6}},
    {.path = "index.html", .etag = "12", .plain = {"<html>", 6}, .gzip = {"gz", 2}},
};
static const struct asset_table table = {assets, 3};

/* A response to a GET with these two fields (NULL: not sent). */
struct fixture {
    struct arena arena;
    struct surroundings around;
    struct request request;
    struct response response;
};

static struct fixture *begin(const char *accept_encoding, const char *if_none_match)
{
    static struct fixture fixture;
    memset(&fixture, 0, sizeof(fixture));
    arena_init(&fixture.arena, 1 << 20);
    request_init(&fixture.request, &fixture.arena, &fixture.around);
    static struct header fields[2];
    struct headers *headers = &fixture.request.headers;
    headers->fields = fields;
    if (accept_encoding != NULL)
        fields[headers->count++] = (struct header){"Accept-Encoding", accept_encoding};
    if (if_none_match != NULL)
        fields[headers->count++] = (struct header){"If-None-Match", if_none_match};
    response_init(&fixture.response, &fixture.arena, &fixture.around, &fixture.request);
    return &fixture;
}

static void end(struct fixture *fixture)
{
    response_release(&fixture->response);
    request_release(&fixture->request);
    arena_release(&fixture->arena);
}

static const char *field(const struct response *response, const char *name)
{
    for (int32_t i = 0; i < response->header_count; i++)
        if (strcmp(response->headers[i].name, name) == 0)
            return response->headers[i].value;
    return "";
}

static void the_smallest_variant_that_is_allowed_is_sent(void **state)
{
    static const struct {
        const char *accept, *body, *coding, *etag;
    } cases[] = {{NULL, "plain", "", "\"3f2a91bc\""},
                 {"", "plain", "", "\"3f2a91bc\""},
                 {"gzip", "gz", "gzip", "\"3f2a91bc-gzip\""},
                 {"gzip, deflate, br", "b", "br", "\"3f2a91bc-br\""},
                 {"br;q=0, gzip", "gz", "gzip", "\"3f2a91bc-gzip\""},
                 {"identity", "plain", "", "\"3f2a91bc\""}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture *fixture = begin(cases[i].accept, NULL);
        const struct response *response = &fixture->response;
        assert_ok(response_asset(&fixture->response, &table, "app.3f2a91bc.js", &err));
        assert_int_equal(response->status, 200);
        assert_int_equal(response->static_size, strlen(cases[i].body));
        assert_memory_equal(response->static_bytes, cases[i].body, response->static_size);
        assert_string_equal(field(response, "Content-Encoding"), cases[i].coding);
        assert_string_equal(field(response, "Vary"), "Accept-Encoding");
        assert_string_equal(response->etag, cases[i].etag);
        assert_string_equal(response->type, "text/javascript; charset=utf-8");
        end(fixture);
    }
}

static void only_a_hashed_name_is_kept_for_ever(void **state)
{
    (void)state;
    struct fixture *fixture = begin(NULL, NULL);
    assert_ok(response_asset(&fixture->response, &table, "app.3f2a91bc.js", &err));
    assert_string_equal(fixture->response.cache_control, "public, max-age=31536000, immutable");
    end(fixture);
    fixture = begin("br", NULL);
    assert_ok(response_asset(&fixture->response, &table, "index.html", &err));
    assert_string_equal(fixture->response.cache_control, "no-cache");
    assert_int_equal(fixture->response.static_size, 6); /* it has no brotli */
    end(fixture);
}

static void who_has_the_variant_gets_304(void **state)
{
    (void)state;
    struct fixture *fixture = begin("gzip", "\"12-gzip\"");
    assert_ok(response_asset(&fixture->response, &table, "index.html", &err));
    assert_int_equal(fixture->response.status, 304);
    assert_int_equal(fixture->response.kind, BODY_NONE);
    end(fixture);
    fixture = begin(NULL, "\"12-gzip\"");
    assert_ok(response_asset(&fixture->response, &table, "index.html", &err));
    assert_int_equal(fixture->response.status, 200);
    end(fixture);
}

static void what_is_not_in_the_table_is_not_found(void **state)
{
    static const char *const paths[] = {
        "", "app.js", "zzz", "../index.html", "index.html/", "INDEX.html"};
    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct fixture *fixture = begin(NULL, NULL);
        assert_error(response_asset(&fixture->response, &table, paths[i], &err), ERR_NOT_FOUND);
        end(fixture);
    }
    for (int32_t i = 0; i < table.count; i++)
        assert_ptr_equal(asset_find(&table, assets[i].path), &assets[i]);
}

static void types_follow_from_names(void **state)
{
    (void)state;
    assert_string_equal(asset_type("a.css"), "text/css; charset=utf-8");
    assert_string_equal(asset_type("a.b.SVG"), "image/svg+xml");
    assert_string_equal(asset_type("a"), "application/octet-stream");
    assert_string_equal(asset_type("a.exe"), "application/octet-stream");
}

static void write_file(int directory, const char *name)
{
    const int fd = openat(directory, name, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "text", 4), 4);
    close(fd);
}

/* web/in.css, web/out → ../secret, web/loop → web/loop, web/sub/, secret */
static int make_directory(char *root)
{
    assert_non_null(mkdtemp(root));
    const int top = open(root, O_RDONLY | O_DIRECTORY);
    assert_int_equal(mkdirat(top, "web", 0700), 0);
    const int web = openat(top, "web", O_RDONLY | O_DIRECTORY);
    write_file(top, "secret");
    write_file(web, "in.css");
    assert_int_equal(mkdirat(web, "sub", 0700), 0);
    assert_int_equal(symlinkat("../secret", web, "out"), 0);
    assert_int_equal(symlinkat("loop", web, "loop"), 0);
    assert_int_equal(symlinkat("/etc/passwd", web, "absolute"), 0);
    assert_int_equal(mkfifoat(web, "pipe", 0600), 0);
    close(top);
    return web;
}

static void a_directory_gives_its_own_files_and_no_others(void **state)
{
    static const char *const bad[] = {
        "out",  "loop", "absolute",    "../secret", "sub/../../secret", "sub",
        "pipe", "",     "/etc/passwd", "none",      "in.css/",          "/proc/self/environ"};
    static const char *const made[] = {"web/in.css", "web/out", "web/loop", "web/absolute",
                                       "web/pipe"};
    char root[] = "/tmp/rectrain_assets_XXXXXX";
    const int web = make_directory(root);
    (void)state;
    struct fixture *fixture = begin(NULL, NULL);
    assert_ok(response_asset_file(&fixture->response, web, "in.css", &err));
    assert_int_equal(fixture->response.kind, BODY_FILE);
    assert_int_equal(fixture->response.file_size, 4);
    assert_string_equal(fixture->response.type, "text/css; charset=utf-8");
    char etag[128];
    snprintf(etag, sizeof(etag), "%s", fixture->response.etag);
    end(fixture);
    fixture = begin(NULL, etag);
    assert_ok(response_asset_file(&fixture->response, web, "in.css", &err));
    assert_int_equal(fixture->response.status, 304);
    end(fixture);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fixture = begin(NULL, NULL);
        if (response_asset_file(&fixture->response, web, bad[i], &err) != ERR_NOT_FOUND)
            fail_msg("\"%s\" was given", bad[i]);
        end(fixture);
    }
    close(web);
    const int top = open(root, O_RDONLY | O_DIRECTORY);
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
        assert_int_equal(unlinkat(top, made[i], 0), 0);
    assert_int_equal(unlinkat(top, "secret", 0), 0);
    assert_int_equal(unlinkat(top, "web/sub", AT_REMOVEDIR), 0);
    assert_int_equal(unlinkat(top, "web", AT_REMOVEDIR), 0);
    close(top);
    assert_int_equal(rmdir(root), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_variant_that_is_allowed_is_sent),
        cmocka_unit_test(only_a_hashed_name_is_kept_for_ever),
        cmocka_unit_test(who_has_the_variant_gets_304),
        cmocka_unit_test(what_is_not_in_the_table_is_not_found),
        cmocka_unit_test(types_follow_from_names),
        cmocka_unit_test(a_directory_gives_its_own_files_and_no_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
