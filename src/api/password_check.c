/*
 * Passwords that are guessed first. A list of the most used ones still lacks "Summer2031!"; most of
 * them are a word that many choose with digits around it, a walk over the keys, or something short
 * said again and again, so that is what is looked for.
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "api/password.h"
#include "api/password_words.h"

enum {
    AROUND_MAX = 6,  /* characters beside a word that do not make it a better password */
    PERIOD_MAX = 5,  /* of what is said again and again */
    DIGITS_MIN = 14, /* of a password of digits alone */
};

/* Neighbours on keyboards and in the alphabet, both ways. */
static const char *const walks[] = {
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn",
    "qazwsxedcrfv",
    "1q2w3e4r5t6y7u8i9o0p",
    "!@#$%^&*()",
    "q1w2e3r4t5y6",
    "zaq12wsxcde34rfv",
};

static char plain(char c)
{
    static const char from[] = "013457@$!+", to[] = "oieastasit";
    const char *found = strchr(from, c);
    return found != NULL && c != '\0' ? to[found - from] : (char)tolower((unsigned char)c);
}

static bool is_listed(const char *word, size_t len)
{
    char key[64];
    if (len == 0 || len + 3 > sizeof(key))
        return false;
    key[0] = ' ';
    memcpy(key + 1, word, len);
    key[len + 1] = ' ';
    key[len + 2] = '\0';
    return strstr(password_words, key) != NULL;
}

/* One word of the list, or two, with a few other characters before and after. `undo` reads digits
 * as the letters they stand for. */
static bool is_word(const char *password, size_t len, bool undo)
{
    char text[64];
    size_t begin = 0, end = len;
    if (len >= sizeof(text))
        return false;
    for (size_t i = 0; i < len; i++)
        text[i] = undo ? plain(password[i]) : (char)tolower((unsigned char)password[i]);
    while (begin < end && !isalpha((unsigned char)text[begin]))
        begin++;
    while (end > begin && !isalpha((unsigned char)text[end - 1]))
        end--;
    if (undo) /* "p4ssw0rd99": what is around the word is not part of it */
        while (end > begin && isdigit((unsigned char)password[end - 1]))
            end--;
    if (len - (end - begin) > AROUND_MAX)
        return false;
    if (is_listed(text + begin, end - begin))
        return true;
    for (size_t cut = begin + 3; cut + 3 <= end; cut++)
        if (is_listed(text + begin, cut - begin) && is_listed(text + cut, end - cut))
            return true;
    return false;
}

static bool are_neighbours(char first, char second)
{
    for (size_t i = 0; i < sizeof(walks) / sizeof(walks[0]); i++)
        for (const char *at = walks[i]; at[0] != '\0' && at[1] != '\0'; at++)
            if ((at[0] == first && at[1] == second) || (at[1] == first && at[0] == second))
                return true;
    return first == second;
}

/* All but a few steps go to a neighbour. */
static bool is_walk(const char *password, size_t len)
{
    size_t steps = 0;
    for (size_t i = 0; i + 1 < len; i++)
        steps += are_neighbours((char)tolower((unsigned char)password[i]),
                                (char)tolower((unsigned char)password[i + 1]));
    return 5 * steps >= 4 * (len - 1);
}

/* "a1b2c3d4": two walks at a time, one of letters and one of digits. */
static bool is_walk_of_two(const char *password, size_t len)
{
    char parts[2][64];
    size_t counts[2] = {0, 0};
    if (len >= sizeof(parts[0]))
        return false;
    for (size_t i = 0; i < len; i++) {
        const int which = isdigit((unsigned char)password[i]) != 0;
        parts[which][counts[which]++] = password[i];
    }
    return counts[0] > 2 && counts[1] > 2 && is_walk(parts[0], counts[0]) &&
           is_walk(parts[1], counts[1]);
}

static bool is_repetition(const char *password, size_t len)
{
    for (size_t period = 1; period <= PERIOD_MAX && 2 * period <= len; period++) {
        size_t i = period;
        while (i < len &&
               tolower((unsigned char)password[i]) == tolower((unsigned char)password[i - period]))
            i++;
        if (i == len)
            return true;
    }
    return false;
}

static bool is_of_email(const char *password, const char *email)
{
    const size_t local = email != NULL ? strcspn(email, "@") : 0;
    if (local == 0)
        return false;
    const size_t len = strlen(password);
    return strcasecmp(password, email) == 0 ||
           (strncasecmp(password, email, local) == 0 && len - local <= AROUND_MAX);
}

enum err password_check(const char *password, const char *email, struct error *err)
{
    const size_t len = strlen(password);
    if (len < PASSWORD_MIN)
        return FAIL_REASON(err, ERR_INVALID, "password_short",
                           "the password must have at least %d characters", PASSWORD_MIN);
    if (len > PASSWORD_MAX)
        return FAIL_REASON(err, ERR_INVALID, "password_long",
                           "the password must have at most %d bytes", PASSWORD_MAX);
    if (strspn(password, "0123456789") == len && len < DIGITS_MIN)
        return FAIL_REASON(err, ERR_INVALID, "password_common",
                           "digits alone are guessed early; add other characters");
    if (is_walk(password, len) || is_walk_of_two(password, len) || is_repetition(password, len) ||
        is_word(password, len, false) || is_word(password, len, true))
        return FAIL_REASON(err, ERR_INVALID, "password_common",
                           "this password is among those that are guessed first; choose another");
    if (is_of_email(password, email))
        return FAIL_REASON(err, ERR_INVALID, "password_common",
                           "the password must not be the e-mail address");
    return ERR_OK;
}
