#include "worker/slot.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail_point.h"
#include "base/log.h"
#include "jobs/problem.h"
#include "queue/queue.h"
#include "store/jobs.h"
#include "worker/attempt.h"
#include "worker/garbage.h"
#include "worker/owner.h"

enum { STORE_CONNECTIONS = 2, IDLE_MS = 500 };
static const double SEEN_SECONDS = 3, BURY_SECONDS = 1.5, SERVICE_SECONDS = 1;
static const double PAUSE_FIRST = 0.2, PAUSE_MAX = 5, GIVE_UP_SECONDS = 5;

struct slot {
    enum job_task task;
    const struct config *config;
    struct store *store;
    struct queue_consumer *consumer;
    struct attempt *attempt; /* NULL: idle */
    struct queue_delivery delivery;
    bool has_delivery;          /* it is not acked yet */
    double delivered, ack_by;   /* by clock_seconds */
    int signals;                /* a signalfd */
    int asked;                  /* how often to stop */
    double stop_at, give_up_at; /* give the job back; leave with it unwritten */
    double next_seen, next_bury, next_service, next_try, pause;
    bool is_away; /* the store, when we last asked while idle */
    char owner[WORKER_NAME_MAX + 1], host[OWNER_HOST_MAX];
};

static void note_broker(void *context, const char *message)
{
    char text[LOG_VALUE_MAX];
    (void)context;
    log_warning("broker", "message=%s", log_value(message, text, sizeof(text)));
}

static const char *model_dir(const struct slot *slot)
{
    return config_text(slot->config, "MODEL_DIR");
}

/* Something that the idle worker asked of the store went so. */
static bool heed(struct slot *slot, enum err rc, const struct error *err)
{
    if (rc == ERR_OK) {
        if (slot->is_away)
            log_info("store_is_back", "worker=%s", slot->owner);
        slot->is_away = false;
        slot->pause = 0;
        return true;
    }
    if (!slot->is_away)
        log_failure(LOG_WARNING, "store_is_away", err, "worker=%s", slot->owner);
    slot->is_away = true;
    slot->pause = slot->pause > 0 ? fmin(2 * slot->pause, PAUSE_MAX) : PAUSE_FIRST;
    slot->next_try = clock_seconds() + slot->pause;
    return false;
}

/* ---- signals ---- */

static enum err hold_signals(struct slot *slot, int64_t keeper, struct error *err)
{
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGCHLD);
    sigprocmask(SIG_BLOCK, &held, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    slot->signals = signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
    if (slot->signals < 0)
        return FAIL(err, ERR_IO, "signalfd: %m");
    if (keeper > 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != (pid_t)keeper)
            kill(getpid(), SIGTERM); /* it was gone before we asked to hear of it */
    }
    return ERR_OK;
}

static void take_signals(struct slot *slot)
{
    struct signalfd_siginfo info;
    while (read(slot->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGCHLD)
            continue;
        slot->asked++;
        const int64_t grace = config_int(slot->config, "STOP_GRACE_SECONDS");
        if (slot->asked == 1)
            slot->stop_at = clock_seconds() + (double)grace;
        else
            slot->stop_at = clock_seconds();
        slot->next_seen = 0;
        log_info("worker_asked_to_stop", "worker=%s times=%d job_id=%" PRId64, slot->owner,
                 slot->asked, slot->attempt != NULL ? attempt_job_id(slot->attempt) : 0);
    }
}

/* Sleep until a signal or the time. */
static void wait_seconds(struct slot *slot, double seconds)
{
    struct pollfd fd = {.fd = slot->signals, .events = POLLIN};
    (void)!poll(&fd, 1, (int)(seconds * 1000));
    take_signals(slot);
}

/* ---- start and end ---- */

/* Wait for the store: it may start after us, or be brought up to date by a server just now. */
static enum err open_store(struct slot *slot, struct error *err)
{
    const struct store_spec spec = {.url = config_store_url(slot->config),
                                    .connections = STORE_CONNECTIONS};
    for (;;) {
        const enum err rc = store_open(&spec, &slot->store, err);
        if (rc != ERR_OK && rc != ERR_IO && strcmp(err->reason, "schema_old") != 0)
            return rc;
        if (heed(slot, rc, err) || slot->asked > 0)
            return rc;
        wait_seconds(slot, slot->pause);
    }
}

static void be_seen(struct slot *slot)
{
    struct error err;
    const struct worker worker = {
        .task = slot->task,
        .worker_id = slot->owner,
        .host = slot->host,
        .version = RECTRAIN_VERSION,
        .job_id = slot->attempt != NULL ? attempt_job_id(slot->attempt) : 0,
        .is_draining = slot->asked > 0,
    };
    slot->next_seen = clock_seconds() + SEEN_SECONDS;
    (void)!worker_seen(slot->store, &worker, &err); /* it shows where the store is needed */
}

/* ---- one message ---- */

static void done_with_message(struct slot *slot)
{
    if (slot->has_delivery)
        queue_ack(slot->consumer, &slot->delivery);
    slot->has_delivery = false;
}

/* A message came back, and its job is not there to be claimed: did it kill its workers? */
static void lay_aside(struct slot *slot)
{
    struct error err;
    struct job *job = NULL;
    if (slot->delivery.redelivered &&
        job_read(slot->store, 0, JOB_ANY_TASK, slot->delivery.job_id, &job, &err) == ERR_OK &&
        job->error_code != NULL && strcmp(job->error_code, JOB_WORKER_DIED) == 0) {
        queue_dead_letter(slot->consumer, &slot->delivery, job->error_message);
        slot->has_delivery = false;
    }
    job_free(job);
    done_with_message(slot);
}

static void keep_connection(void *context)
{
    struct error err;
    struct slot *slot = context;
    const double now = clock_seconds();
    if (now < slot->next_service)
        return;
    slot->next_service = now + SERVICE_SECONDS;
    (void)!queue_service(slot->consumer, &err);
}

/* Claim what the message wakes us for. A store that is away is asked again later. */
static void claim(struct slot *slot)
{
    struct error err;
    struct job *job = NULL;
    int64_t buried;
    const int64_t lease_ms = config_int(slot->config, "LEASE_SECONDS") * 1000;
    const struct attempt_spec spec = {.store = slot->store,
                                      .config = slot->config,
                                      .lease_ms = lease_ms,
                                      .meanwhile = keep_connection,
                                      .context = slot};
    enum err rc = ERR_OK;
    if (slot->delivery.redelivered)
        rc = owner_bury_dead(slot->store, model_dir(slot), &buried, &err);
    if (rc == ERR_OK)
        rc = job_claim(slot->store, slot->task, slot->owner, lease_ms, &job, &err);
    if (!heed(slot, rc, &err))
        return;
    if (job == NULL) {
        lay_aside(slot);
        return;
    }
    const struct fence fence = {job->job_id, job->epoch};
    if (attempt_start(&spec, job, &slot->attempt, &err) != ERR_OK) {
        log_failure(LOG_ERROR, "attempt_failed", &err, "job_id=%" PRId64, job->job_id);
        job_free(job);
        (void)!job_release(slot->store, fence, &err);
        done_with_message(slot);
        slot->next_try = clock_seconds() + PAUSE_MAX; /* memory is out: do not try at once again */
    }
    be_seen(slot);
}

static void end_attempt(struct slot *slot, enum attempt_end end)
{
    const int64_t job_id = attempt_job_id(slot->attempt);
    const bool is_first = attempt_is_first(slot->attempt);
    if (end == ATTEMPT_POISON && slot->has_delivery) {
        queue_dead_letter(slot->consumer, &slot->delivery, "its worker died again and again");
        slot->has_delivery = false;
    }
    done_with_message(slot);
    fail_point("acked", 1);
    attempt_free(slot->attempt);
    slot->attempt = NULL;
    if (!is_first) /* attempts before this one, whose workers were killed, left theirs */
        garbage_clear_job(slot->store, model_dir(slot), job_id);
    be_seen(slot);
}

/* ---- the loop ---- */

static void tend_job(struct slot *slot, double now)
{
    enum attempt_end end;
    if (slot->asked > 0 && now >= slot->stop_at && slot->give_up_at == 0) {
        slot->give_up_at = now + GIVE_UP_SECONDS;
        attempt_give_back(slot->attempt);
    }
    if (slot->has_delivery && now >= slot->ack_by)
        done_with_message(slot);
    if (attempt_tend(slot->attempt, &end))
        end_attempt(slot, end);
}

static void look_for_work(struct slot *slot, double now)
{
    struct error err;
    bool got = false;
    if (now < slot->next_try)
        return;
    if (!slot->has_delivery) {
        const enum err rc = queue_wait(slot->consumer, 0, &slot->delivery, &got, &err);
        if (!heed(slot, rc, &err) || !got)
            return;
        slot->has_delivery = true;
        slot->delivered = now;
        slot->ack_by = now + QUEUE_HELD_MAX_MS / 1000.0;
    }
    claim(slot);
}

/* What is due now and then, whatever else goes on. */
static void do_rounds(struct slot *slot, double now)
{
    struct error err;
    int64_t buried;
    if (now >= slot->next_seen)
        be_seen(slot);
    if (now >= slot->next_bury) {
        slot->next_bury = now + BURY_SECONDS;
        (void)!owner_bury_dead(slot->store, model_dir(slot), &buried, &err);
    }
    if (slot->has_delivery || slot->attempt != NULL) /* at work: no further message is wanted */
        keep_connection(slot);
}

static void wait_for_something(struct slot *slot)
{
    struct pollfd fds[4] = {
        {.fd = slot->signals, .events = POLLIN}, {.fd = -1}, {.fd = -1}, {.fd = -1}};
    int timeout_ms = IDLE_MS;
    if (slot->attempt != NULL) {
        attempt_poll_fds(slot->attempt, fds + 2);
        timeout_ms = attempt_timeout_ms(slot->attempt);
    } else if (slot->has_delivery || clock_seconds() < slot->next_try) {
        timeout_ms = (int)(PAUSE_FIRST * 1000);
    } else {
        fds[1] = (struct pollfd){.fd = queue_consumer_fd(slot->consumer), .events = POLLIN};
        if (fds[1].fd < 0)
            timeout_ms = QUEUE_POLL_MS;
    }
    (void)!poll(fds, 4, timeout_ms);
}

static void loop(struct slot *slot)
{
    while (slot->attempt != NULL || slot->asked == 0) {
        wait_for_something(slot);
        take_signals(slot);
        const double now = clock_seconds();
        if (slot->attempt != NULL)
            tend_job(slot, now);
        else if (slot->asked == 0)
            look_for_work(slot, now);
        if (slot->give_up_at > 0 && now > slot->give_up_at && slot->attempt != NULL)
            break; /* the store is away */
        do_rounds(slot, now);
    }
}

static enum err open_queue(struct slot *slot, struct queue_spec *spec, struct error *err)
{
    enum err rc;
    queue_spec_from_config(slot->config, slot->store, slot->task, spec);
    spec->warn = note_broker;
    TRY(queue_consumer_open(spec, &slot->consumer, err));
done:
    return rc;
}

enum err slot_run(const struct config *config, enum job_task task, int64_t keeper,
                  struct error *err)
{
    enum err rc;
    struct error ignored;
    struct queue_spec spec;
    int64_t buried;
    struct slot slot = {.task = task, .config = config, .signals = -1};

    owner_self(slot.owner);
    owner_host(slot.host);
    log_set_level(log_level_find(config_text(config, "LOG_LEVEL")));
    TRY(hold_signals(&slot, keeper, err));
    rc = open_store(&slot, err);
    if (rc != ERR_OK && slot.asked > 0)
        rc = ERR_OK; /* it was told to stop before the store came */
    if (rc != ERR_OK || slot.store == NULL)
        goto done;
    TRY(open_queue(&slot, &spec, err));
    log_info("worker_started", "worker=%s task=%s version=%s queue=%s", slot.owner,
             job_task_name(task), RECTRAIN_VERSION,
             config_has_broker(config) ? "rabbitmq" : "built_in");
    (void)!owner_bury_dead(slot.store, model_dir(&slot), &buried, &ignored);
    loop(&slot);
    (void)!worker_gone(slot.store, slot.owner, &ignored);
    log_info("worker_stopped", "worker=%s", slot.owner);
done:
    attempt_free(slot.attempt);
    queue_consumer_close(slot.consumer);
    store_close(slot.store);
    if (slot.signals >= 0)
        close(slot.signals);
    return rc;
}
