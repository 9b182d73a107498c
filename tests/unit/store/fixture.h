#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

/*
 * A store for each test: a new file of SQLite, or a new schema in a PostgreSQL 15 that the program
 * starts for itself, in a temporary directory, on a socket there, as a user without rights. That it
 * cannot be started is a failure, not a reason to skip.
 */
#include "store/jobs.h"
#include "store/models.h"
#include "store/outbox.h"
#include "store/users.h"
#include "store/work.h"
#include "support/test.h"

struct fixture {
    struct store *store;
    char url[512];
    int64_t user_id; /* one account, ann@example.com */
};

/* Which database the tests from now on use. */
void fixture_use_sqlite(void);
void fixture_use_postgres(void); /* starts it with the first call */
bool fixture_is_postgres(void);
void fixture_stop_postgres(void); /* as pg_ctl stop -m immediate does */
void fixture_start_postgres(void);
const char *fixture_directory(void); /* of this program, removed at its end */
void fixture_finish(void);           /* stops the server, removes the directory */

/* Around each test: *state is a struct fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Another handle on the same database, as another process would have it. */
struct store *fixture_open(const struct fixture *fixture, int32_t connections);
/* A new, empty database: its URL. */
void fixture_new_url(char *out, size_t out_size);
/* Run SQL past the store. */
void fixture_sql(const struct fixture *fixture, const char *sql);

/* Shorts for what most tests begin with. Each fails the test where it fails. */
int64_t add_user(const struct fixture *fixture, const char *email);
struct job_new plain_job(int64_t user_id);
int64_t add_job(const struct fixture *fixture, int64_t user_id);
struct fence claim(const struct fixture *fixture); /* job_id 0: nothing was pending */
struct fence claim_for(const struct fixture *fixture, int64_t lease_ms);
void finish(const struct fixture *fixture, struct fence fence, double recall);
/* A model of its own job, under a name (NULL: its kind's). */
int64_t add_version(const struct fixture *fixture, const char *name);
struct job *read_job(const struct fixture *fixture, int64_t job_id);
enum job_status status_of_job(const struct fixture *fixture, int64_t job_id);
void pause_ms(int ms);

/* The tests of one file, for contract_test.c. */
struct case_list {
    const struct CMUnitTest *cases;
    size_t count;
};
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define CASE_LIST(list)                                                                            \
    {                                                                                              \
        list, sizeof(list) / sizeof((list)[0])                                                     \
    }
extern const struct case_list account_cases, job_cases, list_cases, work_cases, end_cases,
    race_cases, admin_cases, change_cases, registry_cases, version_cases, task_cases,
    prediction_cases, outbox_cases;

#endif
