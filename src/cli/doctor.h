#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

/*
 * What `rectrain doctor` looks at: a table of checks, each of which says one thing or several. A
 * check never fails itself: that something cannot be looked at is what it says.
 */
#include <stdint.h>

#include "base/json.h"
#include "config/config.h"
#include "store/store.h"

enum finding { FINDING_OK, FINDING_WARNING, FINDING_FAILED };

struct doctor {
    const struct config *config;
    struct store *store; /* NULL until the check of the store has opened it, and where it cannot */
    json_t *findings;    /* [{"part", "state", "message"}], in order */
    int32_t counts[3];   /* by enum finding */
    bool is_incomplete;  /* memory ran out while a finding was kept */
};

const char *finding_name(enum finding state); /* "ok", "warning", "failed" */
void doctor_say(struct doctor *doctor, const char *part, enum finding state, const char *format,
                ...) __attribute__((format(printf, 4, 5)));

/* Run all checks in the order of the table. */
void doctor_check_all(struct doctor *doctor);

#endif
