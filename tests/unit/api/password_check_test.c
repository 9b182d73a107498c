#include <string.h>

#include "api/password.h"
#include "support/test.h"

static void assert_refused(const char *password, const char *email, const char *reason)
{
    struct error err = {0};
    if (password_check(password, email, &err) == ERR_OK)
        fail_msg("\"%s\" was taken", password);
    assert_int_equal(err.code, ERR_INVALID);
    if (strcmp(err.reason, reason) != 0)
        fail_msg("\"%s\" is refused as %s, not %s", password, err.reason, reason);
    assert_true(err.message[0] != '\0');
    if (strcmp(password, "password") != 0)          /* a word of the messages themselves */
        assert_null(strstr(err.message, password)); /* which may be logged */
}

static void assert_taken(const char *password)
{
    struct error err;
    if (password_check(password, "somebody@example.com", &err) != ERR_OK)
        fail_msg("\"%s\" is refused: %s", password, err.message);
}

static void short_and_very_long_ones_are_refused(void **state)
{
    char longest[PASSWORD_MAX + 2];
    (void)state;
    assert_refused("xK9#mPq", NULL, "password_short");
    assert_refused("blue", NULL, "password_short");
    for (size_t i = 0; i < sizeof(longest) - 1; i++)
        longest[i] = "k7 w:q/ e_z!u8 R"[i * 7 % 16];
    longest[PASSWORD_MAX + 1] = '\0';
    assert_refused(longest, NULL, "password_long");
    longest[PASSWORD_MAX] = '\0';
    struct error err;
    assert_ok(password_check(longest, NULL, &err));
}

static void what_many_people_choose_is_refused(void **state)
{
    static const char *const common[] = {
        "password",    "Password1",    "P@ssw0rd",      "passw0rd99", "password!!",
        "iloveyou",    "sunshine12",   "Summer2031!",   "football#1", "welcome123",
        "letmein2024", "charlie1995",  "lovelove",      "baseball",   "trustno1",
        "admin1234",   "rectrain2026", "dragonmonkey1", "changeme!",  "Starwars77",
        "princess",    "michael1988",  "superman",      "qwertz12",   "drowssap",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        assert_refused(common[i], NULL, "password_common");
}

static void walks_over_the_keys_are_refused(void **state)
{
    static const char *const walks[] = {
        "qwertyuiop", "QWERTYUIOP", "asdfghjkl",  "1qaz2wsx", "zaq12wsx", "abcdefgh",
        "hgfedcba",   "qazwsxedc",  "qwertzuiop", "1q2w3e4r", "a1b2c3d4", "!@#$%^&*",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(walks) / sizeof(walks[0]); i++)
        assert_refused(walks[i], NULL, "password_common");
}

static void digits_alone_and_repetitions_are_refused(void **state)
{
    (void)state;
    assert_refused("12345678", NULL, "password_common");
    assert_refused("19870412", NULL, "password_common");
    assert_refused("8271936450", NULL, "password_common");
    assert_refused("aaaaaaaaaa", NULL, "password_common");
    assert_refused("xyqxyqxyqxyq", NULL, "password_common");
    assert_refused("k7#k7#k7#", NULL, "password_common");
}

static void the_address_is_no_password_of_its_account(void **state)
{
    struct error err;
    (void)state;
    assert_refused("kartoffel@example.com", "kartoffel@example.com", "password_common");
    assert_refused("Kartoffel", "kartoffel@example.com", "password_common");
    assert_refused("kartoffel99", "kartoffel@example.com", "password_common");
    assert_ok(password_check("kartoffel99", "else@example.com", &err));
    assert_ok(password_check("kartoffel99", NULL, &err));
}

static void phrases_and_random_ones_are_taken(void **state)
{
    static const char *const good[] = {
        "correct horse battery", "blaue Tasse 7",     "xK9#mPq2vL",     "my dog ate it",
        "thirtyfive elks",       "f7q-Lm2-zz0",       "48151623423981", "\xC3\xA4pfel und birnen",
        "no password at all",    "summer of the fox", "uPlot@40 runs",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_taken(good[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_and_very_long_ones_are_refused),
        cmocka_unit_test(what_many_people_choose_is_refused),
        cmocka_unit_test(walks_over_the_keys_are_refused),
        cmocka_unit_test(digits_alone_and_repetitions_are_refused),
        cmocka_unit_test(the_address_is_no_password_of_its_account),
        cmocka_unit_test(phrases_and_random_ones_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
