#include "cli/prompt.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Cut the end of the line off; false where it had none, since it was longer than there is room. */
static bool cut_line(char *out, size_t out_size)
{
    const size_t length = strcspn(out, "\r\n");
    const bool is_whole = out[length] != '\0' || length < out_size - 1;
    out[length] = '\0';
    return is_whole;
}

static bool read_line(char *out, size_t out_size)
{
    return fgets(out, (int)out_size, stdin) != NULL && cut_line(out, out_size);
}

/* Without echo. The keys for signals end the line here, and what they meant is done once the
 * terminal is as it was. */
static bool read_unseen(const char *question, char *out, size_t out_size)
{
    struct termios before, unseen;
    fputs(question, stderr);
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return false;
    unseen = before;
    unseen.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    unseen.c_cc[VEOL] = before.c_cc[VINTR];
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
    const ssize_t got = read(STDIN_FILENO, out, out_size - 1); /* a line, as terminals give them */
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    out[got > 0 ? got : 0] = '\0';
    if (got > 0 && out[got - 1] == (char)before.c_cc[VINTR])
        raise(SIGINT);
    return got > 0 && cut_line(out, out_size);
}

enum err prompt_password(const char *question, bool from_stdin, char *out, size_t out_size,
                         struct error *err)
{
    char again[2048];
    bool good, is_same = true;
    if (from_stdin || !isatty(STDIN_FILENO)) {
        good = read_line(out, out_size);
    } else {
        good =
            read_unseen(question, out, out_size) &&
            read_unseen("Once more: ", again, out_size < sizeof(again) ? out_size : sizeof(again));
        is_same = good && strcmp(out, again) == 0;
        explicit_bzero(again, sizeof(again));
    }
    if (!good || out[0] == '\0')
        return FAIL_REASON(err, ERR_INVALID, "option",
                           "no password was given, or one of more than %zu bytes", out_size - 2);
    if (!is_same)
        return FAIL_REASON(err, ERR_INVALID, "option", "the two passwords differ");
    return ERR_OK;
}

enum err prompt_confirm(const char *question, const char *wanted, bool *ret_agreed,
                        struct error *err)
{
    char answer[512];
    if (!isatty(STDIN_FILENO))
        return FAIL_REASON(err, ERR_INVALID, "option",
                           "this cannot be undone, and nobody is there to ask: add --yes");
    fputs(question, stderr);
    *ret_agreed = read_line(answer, sizeof(answer)) && strcmp(answer, wanted) == 0;
    return ERR_OK;
}
