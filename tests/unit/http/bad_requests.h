#ifndef TESTS_UNIT_HTTP_BAD_REQUESTS_H
#define TESTS_UNIT_HTTP_BAD_REQUESTS_H

/* Bad requests as an attacker would write them, each with the status that it deserves. */
#include <stddef.h>

struct bad {
    const char *what;
    const char *bytes;
    size_t len; /* 0: as strlen says */
    int status;
};

/* A text that may hold NULs, with its length. */
#define BYTES(text) text, sizeof(text) - 1

extern const struct bad bad_requests[];
extern const size_t bad_request_count;

#endif
