#include "config/config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "support/test.h"

static struct config *read_ok(char *const *environment)
{
    struct error err;
    struct config *config = NULL;
    assert_ok(config_read(environment, NULL, 0, &config, &err));
    return config;
}

static void without_any_variable_the_defaults_hold(void **state)
{
    char *none[] = {NULL};
    const char *const *roots;
    struct config *config = read_ok(none);
    (void)state;
    assert_string_equal(config_text(config, "LISTEN"), "127.0.0.1:8080");
    assert_string_equal(config_host(config, "LISTEN"), "127.0.0.1");
    assert_int_equal(config_port(config, "LISTEN"), 8080);
    assert_string_equal(config_store_url(config), "ml_results.db");
    assert_string_equal(config_text(config, "MODEL_DIR"), "./ml_models");
    assert_int_equal(config_int(config, "WORKERS"), 1);
    assert_int_equal(config_int(config, "RABBITMQ_PORT"), 5672);
    assert_int_equal(config_int(config, "MAX_BODY"), 65536);
    assert_false(config_flag_is_on(config, "DEMO_USER"));
    assert_false(config_has_broker(config));
    assert_false(config_is_secure(config));
    assert_false(config_signup_open(config));
    assert_false(config_is_set(config, "LISTEN"));
    assert_int_equal(config_list(config, "DATA_ROOTS", &roots), 2);
    assert_string_equal(roots[0], "/data");
    assert_string_equal(roots[1], "./data");
    config_free(config);
}

static void every_default_is_within_its_own_range(void **state)
{
    char *none[] = {NULL};
    struct config *config = read_ok(none);
    (void)state;
    for (int32_t i = 0; i < config_setting_count(); i++) {
        const struct setting *setting = config_setting_at(i);
        assert_ptr_equal(config_setting_find(setting->name), setting);
        assert_string_equal(config_origin(config, setting->name), "default");
        assert_true(strlen(setting->help) > 10);
        assert_true(setting->help[strlen(setting->help) - 1] == '.');
    }
    config_free(config);
}

static void variables_win_over_defaults_and_flags_over_both(void **state)
{
    char *environment[] = {"WORKERS=3", "LISTEN=0.0.0.0:80", "OTHER=1", NULL};
    const struct config_flag flags[] = {{"WORKERS", "5"}};
    struct error err;
    struct config *config = NULL;
    (void)state;
    assert_ok(config_read(environment, flags, 1, &config, &err));
    assert_int_equal(config_int(config, "WORKERS"), 5);
    assert_string_equal(config_origin(config, "WORKERS"), "flag");
    assert_int_equal(config_port(config, "LISTEN"), 80);
    assert_string_equal(config_origin(config, "LISTEN"), "environment");
    config_free(config);
}

static void an_empty_variable_counts_as_not_set(void **state)
{
    char *environment[] = {"WORKERS=", "RABBITMQ_HOST=", "DATABASE_URL=", NULL};
    struct config *config = read_ok(environment);
    (void)state;
    assert_int_equal(config_int(config, "WORKERS"), 1);
    assert_false(config_has_broker(config));
    assert_string_equal(config_store_url(config), "ml_results.db");
    config_free(config);
}

static void a_database_url_wins_over_a_file(void **state)
{
    char *environment[] = {"DATABASE_URL=postgresql://u:p@h/db", "DB_NAME=/var/x.db", NULL};
    const char *const *roots;
    struct config *config = read_ok(environment);
    (void)state;
    assert_string_equal(config_store_url(config), "postgresql://u:p@h/db");
    assert_int_equal(config_list(config, "DATA_ROOTS", &roots), 1); /* not one machine: no ./data */
    config_free(config);
}

static void roots_are_cut_at_their_colons(void **state)
{
    char *environment[] = {"DATA_ROOTS=/a::/b c:/d", NULL};
    const char *const *roots;
    struct config *config = read_ok(environment);
    (void)state;
    assert_int_equal(config_list(config, "DATA_ROOTS", &roots), 3);
    assert_string_equal(roots[0], "/a");
    assert_string_equal(roots[1], "/b c");
    assert_string_equal(roots[2], "/d");
    assert_string_equal(config_text(config, "DATA_ROOTS"), "/a::/b c:/d");
    config_free(config);
}

static void addresses_of_ipv6_stand_in_brackets(void **state)
{
    char *six[] = {"LISTEN=[::1]:9000", NULL}, *every[] = {"LISTEN=:81", NULL};
    (void)state;
    struct config *config = read_ok(six);
    assert_string_equal(config_host(config, "LISTEN"), "::1");
    assert_int_equal(config_port(config, "LISTEN"), 9000);
    config_free(config);
    config = read_ok(every);
    assert_string_equal(config_host(config, "LISTEN"), "0.0.0.0");
    config_free(config);
}

static void a_bad_value_names_its_variable_and_what_is_allowed(void **state)
{
    static const struct {
        char *variable;
        const char *name, *allowed;
    } bad[] = {
        {"WORKERS=many", "WORKERS", "0 to 256"},
        {"WORKERS=-1", "WORKERS", "0 to 256"},
        {"WORKERS=257", "WORKERS", "0 to 256"},
        {"WORKERS=1.5", "WORKERS", "whole number"},
        {"RABBITMQ_PORT=70000", "RABBITMQ_PORT", "65535"},
        {"DEMO_USER=yes", "DEMO_USER", "0 or 1"},
        {"SIGNUP=maybe", "SIGNUP", "open|closed"},
        {"SIGNUP=open|closed", "SIGNUP", "open|closed"},
        {"QUEUE_TYPE=class", "QUEUE_TYPE", "classic|quorum"},
        {"LISTEN=8080", "LISTEN", "127.0.0.1:8080"},
        {"LISTEN=host:0", "LISTEN", "port"},
        {"LISTEN=host:99999", "LISTEN", "port"},
        {"LISTEN=::1:80", "LISTEN", "[::1]"},
        {"LISTEN=[::1:80", "LISTEN", "[::1]"},
        {"LISTEN=[:80", "LISTEN", "port"},
        {"DATA_ROOTS=:", "DATA_ROOTS", "one path"},
        {"DATA_ROOTS=a:b:c:d:e:f:g:h:i:j:k:l:m:n:o:p:q", "DATA_ROOTS", "16"},
        {"MAX_BODY=10", "MAX_BODY", "size"},
        {"MAX_BODY=lots", "MAX_BODY", "size"},
        {"LOG_LEVEL=loud", "LOG_LEVEL", "debug"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *environment[] = {bad[i].variable, NULL};
        struct error err;
        struct config *config = NULL;
        if (config_read(environment, NULL, 0, &config, &err) != ERR_INVALID)
            fail_msg("%s was taken", bad[i].variable);
        assert_string_equal(err.reason, "setting");
        assert_non_null(strstr(err.message, bad[i].name));
        if (strstr(err.message, bad[i].allowed) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", err.message, bad[i].allowed);
        assert_null(config);
    }
}

static void an_unknown_flag_is_refused(void **state)
{
    char *none[] = {NULL};
    const struct config_flag flags[] = {{"COLOUR", "red"}};
    struct error err;
    struct config *config = NULL;
    (void)state;
    assert_error(config_read(none, flags, 1, &config, &err), ERR_INVALID);
    assert_non_null(strstr(err.message, "COLOUR"));
}

/* A file with this text, and the variable NAME_FILE that names it. */
static void secret_file(const char *text, size_t len, char *path, char *variable, size_t size)
{
    snprintf(path, 64, "/tmp/rectrain-secret-XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, len) == (ssize_t)len);
    close(fd);
    snprintf(variable, size, "RABBITMQ_PASSWORD_FILE=%s", path);
}

static void a_secret_is_the_first_line_of_its_file(void **state)
{
    char path[64], variable[128];
    char *environment[] = {variable, NULL};
    (void)state;
    secret_file("s3cret\r\nmore\n", 13, path, variable, sizeof(variable));
    struct config *config = read_ok(environment);
    assert_string_equal(config_text(config, "RABBITMQ_PASSWORD"), "s3cret");
    assert_string_equal(config_origin(config, "RABBITMQ_PASSWORD"), "file");
    config_free(config);
    unlink(path);
}

static void a_secret_given_twice_or_by_a_bad_file_is_refused(void **state)
{
    static char long_text[CONFIG_SECRET_MAX + 10];
    char path[64], variable[128];
    char *twice[] = {variable, "RABBITMQ_PASSWORD=x", NULL}, *once[] = {variable, NULL};
    char *missing[] = {"DATABASE_URL_FILE=/nonexistent/file", NULL};
    struct error err;
    struct config *config = NULL;
    (void)state;
    secret_file("x\n", 2, path, variable, sizeof(variable));
    assert_error(config_read(twice, NULL, 0, &config, &err), ERR_INVALID);
    assert_non_null(strstr(err.message, "RABBITMQ_PASSWORD_FILE"));
    unlink(path);
    assert_error(config_read(missing, NULL, 0, &config, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "DATABASE_URL_FILE"));
    secret_file("\nx", 2, path, variable, sizeof(variable));
    assert_error(config_read(once, NULL, 0, &config, &err), ERR_INVALID);
    unlink(path);
    memset(long_text, 'a', sizeof(long_text));
    secret_file(long_text, sizeof(long_text), path, variable, sizeof(variable));
    assert_error(config_read(once, NULL, 0, &config, &err), ERR_INVALID);
    unlink(path);
}

static void what_is_no_secret_is_not_read_from_a_file(void **state)
{
    char *environment[] = {"DB_NAME_FILE=/etc/passwd", NULL};
    struct config *config = read_ok(environment);
    (void)state;
    assert_string_equal(config_store_url(config), "ml_results.db");
    config_free(config);
}

static void secrets_are_masked_where_they_are_shown(void **state)
{
    char *environment[] = {"DATABASE_URL=postgresql://ann:s3cret@db/rectrain",
                           "RABBITMQ_PASSWORD=s3cret", "RABBITMQ_USER=ann", NULL};
    char *in_query[] = {"DATABASE_URL=postgresql://db/x?user=a@b&password=s3cret", NULL};
    char out[128];
    struct config *config = read_ok(environment);
    (void)state;
    assert_string_equal(config_shown(config, "DATABASE_URL", out, sizeof(out)),
                        "postgresql://***@db/rectrain");
    assert_string_equal(config_shown(config, "RABBITMQ_PASSWORD", out, sizeof(out)), "***");
    assert_string_equal(config_shown(config, "RABBITMQ_USER", out, sizeof(out)), "ann");
    config_free(config);
    config = read_ok(in_query);
    assert_null(strstr(config_shown(config, "DATABASE_URL", out, sizeof(out)), "s3cret"));
    config_free(config);
}

static void a_bad_secret_is_not_shown_in_its_error(void **state)
{
    for (int32_t i = 0; i < config_setting_count(); i++) {
        const struct setting *setting = config_setting_at(i);
        /* Only texts are secret, and any text is taken: so no message can hold one. */
        assert_true(!setting->is_secret || setting->type == SETTING_TEXT);
    }
    (void)state;
}

static void signing_up_is_closed_unless_it_is_opened_or_a_demo(void **state)
{
    char *demo[] = {"DEMO_USER=1", NULL}, *open[] = {"SIGNUP=open", NULL};
    char *closed[] = {"DEMO_USER=1", "SIGNUP=closed", NULL};
    struct config *config = read_ok(demo);
    (void)state;
    assert_true(config_signup_open(config));
    config_free(config);
    config = read_ok(open);
    assert_true(config_signup_open(config));
    config_free(config);
    config = read_ok(closed);
    assert_false(config_signup_open(config));
    config_free(config);
}

static void https_and_a_broker_are_seen(void **state)
{
    char *environment[] = {"PUBLIC_URL=https://rec.example.com", "RABBITMQ_HOST=rabbitmq", NULL};
    struct config *config = read_ok(environment);
    (void)state;
    assert_true(config_is_secure(config));
    assert_true(config_has_broker(config));
    config_free(config);
}

/* With RECTRAIN_UPDATE set, the manual is written instead. */
static void the_manual_is_that_of_the_table(void **state)
{
    static char on_disk[65536];
    const char *path = RECTRAIN_GOLDEN "/../../docs/configuration.md";
    struct error err;
    struct strbuf manual;
    (void)state;
    strbuf_init(&manual, sizeof(on_disk));
    assert_ok(config_manual(&manual, &err));
    FILE *file = fopen(path, getenv("RECTRAIN_UPDATE") != NULL ? "w+" : "r");
    assert_non_null(file);
    if (getenv("RECTRAIN_UPDATE") != NULL) {
        assert_int_equal(fwrite(manual.ptr, 1, manual.len, file), manual.len);
        rewind(file);
    }
    const size_t len = fread(on_disk, 1, sizeof(on_disk) - 1, file);
    fclose(file);
    on_disk[len] = '\0';
    if (strcmp(on_disk, manual.ptr) != 0)
        fail_msg("docs/configuration.md is stale: run config_config_test with RECTRAIN_UPDATE=1");
    strbuf_release(&manual);
}

static void each_allocation_may_fail(void **state)
{
    char *environment[] = {"DATA_ROOTS=/a:/b", "WORKERS=3", NULL};
    struct error err;
    struct config *config = NULL;
    const int64_t held = mem_held_bytes();
    (void)state;
    for (int64_t n = 1; config == NULL; n++) {
        mem_fail_after(n);
        const enum err rc = config_read(environment, NULL, 0, &config, &err);
        mem_fail_after(0);
        assert_true(rc == ERR_OK || rc == ERR_NOMEM);
        assert_true(rc == ERR_OK || mem_held_bytes() == held);
    }
    config_free(config);
    assert_int_equal(mem_held_bytes(), held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_any_variable_the_defaults_hold),
        cmocka_unit_test(every_default_is_within_its_own_range),
        cmocka_unit_test(variables_win_over_defaults_and_flags_over_both),
        cmocka_unit_test(an_empty_variable_counts_as_not_set),
        cmocka_unit_test(a_database_url_wins_over_a_file),
        cmocka_unit_test(roots_are_cut_at_their_colons),
        cmocka_unit_test(addresses_of_ipv6_stand_in_brackets),
        cmocka_unit_test(a_bad_value_names_its_variable_and_what_is_allowed),
        cmocka_unit_test(an_unknown_flag_is_refused),
        cmocka_unit_test(a_secret_is_the_first_line_of_its_file),
        cmocka_unit_test(a_secret_given_twice_or_by_a_bad_file_is_refused),
        cmocka_unit_test(what_is_no_secret_is_not_read_from_a_file),
        cmocka_unit_test(secrets_are_masked_where_they_are_shown),
        cmocka_unit_test(a_bad_secret_is_not_shown_in_its_error),
        cmocka_unit_test(signing_up_is_closed_unless_it_is_opened_or_a_demo),
        cmocka_unit_test(https_and_a_broker_are_seen),
        cmocka_unit_test(the_manual_is_that_of_the_table),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
