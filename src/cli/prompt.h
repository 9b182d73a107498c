#ifndef CLI_PROMPT_H
#define CLI_PROMPT_H

/* What only a person can say: a password, typed unseen, and whether something is meant. */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * A password: the first line of stdin where `from_stdin` is set or stdin is no terminal, else asked
 * for on the terminal twice, without echo. The caller overwrites `out`. ERR_INVALID (option): none
 * was given, it is longer than out_size, or the two differ.
 */
MUST_CHECK enum err prompt_password(const char *question, bool from_stdin, char *out,
                                    size_t out_size, struct error *err);

/* Whether a person on the terminal answers the question with `wanted`. Where stdin is no terminal:
 * ERR_INVALID (option), which asks for --yes. */
MUST_CHECK enum err prompt_confirm(const char *question, const char *wanted, bool *ret_agreed,
                                   struct error *err);

#endif
