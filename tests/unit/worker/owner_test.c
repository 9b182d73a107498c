/* Names of workers: who is alive, who is dead, and whose jobs go back. */
#include "worker/owner.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/store/fixture.h"

/* A name of this host and place, for any process. */
static void name_of(pid_t pid, uint64_t start, char out[WORKER_NAME_MAX + 1])
{
    char self[WORKER_NAME_MAX + 1], host[OWNER_HOST_MAX];
    owner_self(self);
    owner_host(host);
    snprintf(out, WORKER_NAME_MAX + 1, "%s:%ld:%" PRIu64 "%s", host, (long)pid, start,
             strrchr(self, ':'));
}

static void we_are_alive(void **state)
{
    (void)state;
    char name[WORKER_NAME_MAX + 1];
    owner_self(name);
    assert_int_equal(owner_look(name), OWNER_ALIVE);
}

static void a_number_that_was_used_again_is_told_apart(void **state)
{
    (void)state;
    char name[WORKER_NAME_MAX + 1];
    name_of(getpid(), 1, name);
    assert_int_equal(owner_look(name), OWNER_DEAD);
}

static void a_zombie_is_dead(void **state)
{
    (void)state;
    char name[WORKER_NAME_MAX + 1];
    siginfo_t info;
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        owner_self(name);
        _exit(write(ready[1], name, sizeof(name)) != (ssize_t)sizeof(name));
    }
    assert_int_equal(read(ready[0], name, sizeof(name)), sizeof(name));
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(owner_look(name), OWNER_DEAD);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(owner_look(name), OWNER_DEAD);
    close(ready[0]);
    close(ready[1]);
}

static void other_names_are_elsewhere(void **state)
{
    (void)state;
    char host[OWNER_HOST_MAX], name[WORKER_NAME_MAX + 1];
    owner_host(host);
    static const char *const tails[] = {"",
                                        ":",
                                        ":1",
                                        ":x:1:00000000",
                                        ":1:2",
                                        ":-1:2:3",
                                        ":1:2:0000000",
                                        ":1:2:zzzzzzzz",
                                        ":1:2:00000000"};
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", host, tails[i]);
        assert_int_equal(owner_look(name), OWNER_ELSEWHERE);
    }
    assert_int_equal(owner_look("another-host:1:2:00000000"), OWNER_ELSEWHERE);
    assert_int_equal(owner_look("w-7"), OWNER_ELSEWHERE);
}

static int64_t claim_as(const struct fixture *f, const char *owner)
{
    struct error err;
    struct job *job = NULL;
    add_job(f, f->user_id);
    assert_ok(job_claim(f->store, JOB_TRAIN, owner, LEASE_MS, &job, &err));
    const int64_t id = job->job_id;
    job_free(job);
    return id;
}

static void jobs_of_the_dead_go_back_and_others_stay(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    int64_t count;
    struct worker_list list;
    char dead[WORKER_NAME_MAX + 1], alive[WORKER_NAME_MAX + 1];
    name_of(getpid(), 1, dead);
    owner_self(alive);
    const int64_t lost = claim_as(f, dead), ours = claim_as(f, alive);
    const int64_t far = claim_as(f, "far-away:1:2:00000000");
    const char *const names[] = {dead, alive, "far-away:1:2:00000000"};
    for (int i = 0; i < 3; i++) {
        const struct worker worker = {
            .task = JOB_TRAIN, .worker_id = names[i], .host = "h", .version = "1"};
        assert_ok(worker_seen(f->store, &worker, &err));
    }
    assert_ok(owner_bury_dead(f->store, fixture_directory(), &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(status_of_job(f, lost), JOB_PENDING);
    assert_int_equal(status_of_job(f, ours), JOB_LOADING_DATA);
    assert_int_equal(status_of_job(f, far), JOB_LOADING_DATA);
    struct job *job = read_job(f, lost);
    assert_int_equal(job->deaths, 1);
    job_free(job);
    assert_ok(worker_list(f->store, &list, &err));
    assert_int_equal(list.count, 2);
    worker_list_release(&list);
    assert_ok(owner_bury_dead(f->store, fixture_directory(), &count, &err));
    assert_int_equal(count, 0);
}

/* No attempt comes after it that would clear up, and the next round of all is an hour away. */
static void a_dead_workers_files_go_with_its_job_that_was_to_stop(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    int64_t count;
    bool ended;
    char dead[WORKER_NAME_MAX + 1], directory[200], file[240];
    name_of(getpid(), 1, dead);
    const int64_t lost = claim_as(f, dead);
    snprintf(directory, sizeof(directory), "%s/.attempt_%lld_1", fixture_directory(),
             (long long)lost);
    snprintf(file, sizeof(file), "%s/als_model_%lld_20260102_030405.pkl", directory,
             (long long)lost);
    assert_int_equal(mkdir(directory, 0777), 0);
    FILE *model = fopen(file, "w");
    assert_non_null(model);
    assert_int_equal(fclose(model), 0);
    assert_ok(job_cancel(f->store, f->user_id, JOB_TRAIN, lost, &ended, &err));
    assert_false(ended);
    assert_ok(owner_bury_dead(f->store, fixture_directory(), &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(status_of_job(f, lost), JOB_FAILED);
    assert_int_not_equal(access(directory, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(we_are_alive),
        cmocka_unit_test(a_number_that_was_used_again_is_told_apart),
        cmocka_unit_test(a_zombie_is_dead),
        cmocka_unit_test(other_names_are_elsewhere),
        CASE(jobs_of_the_dead_go_back_and_others_stay),
        CASE(a_dead_workers_files_go_with_its_job_that_was_to_stop),
    };
    fixture_use_sqlite();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_finish();
    return failed;
}
