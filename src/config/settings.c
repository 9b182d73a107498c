/* The table of settings, and the manual that is made of it. */
#include <string.h>

#include "config/config.h"

#define INT_RANGE(low, high) (low), (high)
#define NO_RANGE 0, 0
#define SERVER "Server"
#define STORE "Store"
#define QUEUE "Queue and workers"
#define ACCOUNTS "Accounts"
#define LIMITS "Limits"
#define DATA "Data and models"

static const struct setting settings[] = {
    {"LISTEN", SETTING_ADDRESS, "127.0.0.1:8080", NO_RANGE, NULL, false, SERVER,
     "Address and port that the server listens on."},
    {"PUBLIC_URL", SETTING_TEXT, "", NO_RANGE, NULL, false, SERVER,
     "How browsers reach the server. When it begins with https://, cookies are marked Secure and "
     "get the __Host- prefix; set it wherever the server is not on a loopback address."},
    {"TRUST_FORWARDED", SETTING_FLAG, "0", NO_RANGE, NULL, false, SERVER,
     "1 takes a client's address from the end of X-Forwarded-For. Set it behind a proxy that sets "
     "that header, and nowhere else: throttles go by the address."},
    {"METRICS", SETTING_CHOICE, "local", NO_RANGE, "local|open|closed", false, SERVER,
     "Who may read /metrics without a login: clients on a loopback address (local), everybody "
     "(open), or nobody (closed). Administrators always may, with a token."},
    {"WEB_DIR", SETTING_TEXT, "", NO_RANGE, NULL, false, SERVER,
     "A directory to take the pages from, instead of those that are built in: for who works on "
     "them."},
    {"LOG_LEVEL", SETTING_CHOICE, "info", NO_RANGE, "debug|info|warning|error", false, SERVER,
     "The least that is logged."},

    {"DATABASE_URL", SETTING_TEXT, "", NO_RANGE, NULL, true, STORE,
     "PostgreSQL, as postgresql://user:password@host/name. Wins over DB_NAME."},
    {"DB_NAME", SETTING_TEXT, "ml_results.db", NO_RANGE, NULL, false, STORE,
     "The file of SQLite, relative to where the program is started, or absolute."},
    {"DB_CONNECTIONS", SETTING_INT, "0", INT_RANGE(0, 32), NULL, false, STORE,
     "Connections to the database that one process keeps; 0 is a default for each kind."},

    {"RABBITMQ_HOST", SETTING_TEXT, "", NO_RANGE, NULL, false, QUEUE,
     "Host of RabbitMQ. Where it is not set, the queue is built in, a table of the store."},
    {"RABBITMQ_PORT", SETTING_INT, "5672", INT_RANGE(1, 65535), NULL, false, QUEUE,
     "Port of RabbitMQ."},
    {"RABBITMQ_USER", SETTING_TEXT, "rmuser", NO_RANGE, NULL, false, QUEUE, "User of RabbitMQ."},
    {"RABBITMQ_PASSWORD", SETTING_TEXT, "rmpassword", NO_RANGE, NULL, true, QUEUE,
     "Password of RabbitMQ."},
    {"RABBITMQ_VHOST", SETTING_TEXT, "/", NO_RANGE, NULL, false, QUEUE,
     "Virtual host of RabbitMQ."},
    {"QUEUE_TYPE", SETTING_CHOICE, "classic", NO_RANGE, "classic|quorum", false, QUEUE,
     "Kind of RabbitMQ's queues. A queue that is there keeps its kind."},
    {"WORKERS", SETTING_INT, "1", INT_RANGE(0, 256), NULL, false, QUEUE,
     "Training processes that the server starts, or that one rectrain worker runs; 0 leaves them "
     "out of the server."},
    {"PREDICT_WORKERS", SETTING_INT, "1", INT_RANGE(0, 256), NULL, false, QUEUE,
     "Prediction processes that the server starts beside its training processes (none where "
     "WORKERS "
     "is 0), or that one rectrain predict-worker runs."},
    {"LEASE_SECONDS", SETTING_INT, "30", INT_RANGE(3, 3600), NULL, false, QUEUE,
     "How long a worker may be silent before its job is given to another."},
    {"STOP_GRACE_SECONDS", SETTING_INT, "20", INT_RANGE(0, 86400), NULL, false, QUEUE,
     "How long a worker that is told to stop goes on with its job before it gives it back."},

    {"DATA_ROOTS", SETTING_LIST, "/data", NO_RANGE, NULL, false, DATA,
     "Directories, with colons between, that data_path must lie in. Without DATABASE_URL and "
     "RABBITMQ_HOST, ./data is one too unless this is set."},
    {"MODEL_DIR", SETTING_TEXT, "./ml_models", NO_RANGE, NULL, false, DATA,
     "Where models are saved. All servers and workers must share it."},
    {"JOB_MEMORY", SETTING_BYTES, "0", INT_RANGE(0, 9e15), NULL, false, DATA,
     "Memory that one training process may use, as 8GB; 0 for no limit."},
    {"MODEL_CACHE_BYTES", SETTING_BYTES, "1GB", INT_RANGE(0, 9e15), NULL, false, DATA,
     "Bytes of models that the server keeps open to answer with: their files, mapped, and what "
     "makes "
     "them quick. Beyond it the models that were not asked for longest are closed; the one asked "
     "last "
     "stays, however large it is."},
    {"JOB_HOURS", SETTING_INT, "0", INT_RANGE(0, 8760), NULL, false, DATA,
     "Hours that one job may take; 0 for no limit."},

    {"DEMO_USER", SETTING_FLAG, "0", NO_RANGE, NULL, false, ACCOUNTS,
     "1 makes the account test@example.com with the password 123, which everybody knows. Never set "
     "it where others can reach the server."},
    {"SIGNUP", SETTING_CHOICE, "", NO_RANGE, "open|closed", false, ACCOUNTS,
     "Whether anybody may make an account. closed unless DEMO_USER is 1; `rectrain user add` "
     "always "
     "can."},
    {"SESSION_IDLE_MINUTES", SETTING_INT, "30", INT_RANGE(1, 43200), NULL, false, ACCOUNTS,
     "A login ends after so long without use."},
    {"SESSION_HOURS", SETTING_INT, "12", INT_RANGE(1, 8760), NULL, false, ACCOUNTS,
     "A login ends after so long in any case."},

    {"MAX_CONNECTIONS", SETTING_INT, "4096", INT_RANGE(1, 1000000), NULL, false, LIMITS,
     "Connections at once."},
    {"MAX_CONNECTIONS_PER_ADDRESS", SETTING_INT, "128", INT_RANGE(1, 1000000), NULL, false, LIMITS,
     "Connections at once from one address."},
    {"MAX_STREAMS_PER_SESSION", SETTING_INT, "4", INT_RANGE(1, 1000000), NULL, false, LIMITS,
     "Event streams at once in one session."},
    {"MAX_BODY", SETTING_BYTES, "64KiB", INT_RANGE(1024, 1 << 30), NULL, false, LIMITS,
     "Bytes of a request's body."},
    {"LOGINS_PER_MINUTE", SETTING_INT, "30", INT_RANGE(1, 1000000), NULL, false, LIMITS,
     "Failed logins a minute from one address before it has to wait."},
    {"LOGIN_FAILURES", SETTING_INT, "5", INT_RANGE(1, 1000000), NULL, false, LIMITS,
     "Failed logins to one account before it has to wait, longer each time."},
    {"MAX_JOBS_PER_USER", SETTING_INT, "1000", INT_RANGE(1, 10000000), NULL, false, LIMITS,
     "Jobs of one user that have not ended."},
    {"MAX_MODELS_PER_USER", SETTING_INT, "10000", INT_RANGE(0, 1e9), NULL, false, LIMITS,
     "Models that one user may keep, those that are being made among them; 0 for no limit. A job "
     "beyond it is not started."},
    {"MAX_MODEL_BYTES_PER_USER", SETTING_BYTES, "500GB", INT_RANGE(0, 9e15), NULL, false, LIMITS,
     "Bytes of model files that one user may keep; 0 for no limit. Where they are reached no job "
     "is "
     "started."},
    {"MAX_IMPORT_BYTES", SETTING_BYTES, "4GB", INT_RANGE(1024, 9e15), NULL, false, LIMITS,
     "Bytes of a model file that is imported."},
};
enum { SETTING_COUNT = sizeof(settings) / sizeof(settings[0]) };

int32_t config_setting_count(void)
{
    return SETTING_COUNT;
}

const struct setting *config_setting_at(int32_t index)
{
    return &settings[index];
}

const struct setting *config_setting_find(const char *name)
{
    for (int32_t i = 0; i < SETTING_COUNT; i++)
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
    return NULL;
}

/* ---- the manual ---- */

static const char *const type_names[] = {
    [SETTING_TEXT] = "text",     [SETTING_INT] = "number",        [SETTING_BYTES] = "size",
    [SETTING_FLAG] = "0 or 1",   [SETTING_ADDRESS] = "host:port", [SETTING_LIST] = "paths with `:`",
    [SETTING_CHOICE] = "choice",
};

static enum err add_row(const struct setting *setting, struct strbuf *out, struct error *err)
{
    enum err rc;
    TRY(strbuf_addf(out, err, "| `%s`%s | ", setting->name,
                    setting->is_secret ? ", `…_FILE`" : ""));
    if (setting->type == SETTING_CHOICE) {
        for (const char *at = setting->choices; *at != '\0';) {
            const size_t len = strcspn(at, "|");
            TRY(strbuf_addf(out, err, "%s`%.*s`", at == setting->choices ? "" : ", ", (int)len,
                            at));
            at += len + (at[len] == '|');
        }
    } else {
        TRY(strbuf_addf(out, err, "%s", type_names[setting->type]));
    }
    if (setting->type == SETTING_INT)
        TRY(strbuf_addf(out, err, ", %.0f to %.0f", setting->min, setting->max));
    TRY(strbuf_addf(out, err, " | %s%s%s | %s |\n", setting->initial[0] != '\0' ? "`" : "",
                    setting->is_secret && setting->initial[0] != '\0' ? "(see the sample)"
                                                                      : setting->initial,
                    setting->initial[0] != '\0' ? "`" : "", setting->help));
done:
    return rc;
}

enum err config_manual(struct strbuf *out, struct error *err)
{
    enum err rc;
    TRY(strbuf_addf(out, err, "%s",
                    "# Configuration\n\n"
                    "The server and the workers are configured by environment variables; `--name` "
                    "of a command wins where\nit has one. An empty variable counts as not set. A "
                    "secret may stand in a file: `NAME_FILE` names it,\nand its first line is the "
                    "value. `rectrain doctor` shows what is in force, with secrets masked.\n\n"
                    "This page is made from the table in `src/config/settings.c`; a test keeps "
                    "them equal.\n"));
    for (int32_t i = 0; i < SETTING_COUNT; i++) {
        if (i == 0 || strcmp(settings[i].group, settings[i - 1].group) != 0)
            TRY(strbuf_addf(out, err,
                            "\n## %s\n\n| variable | value | default | meaning |\n"
                            "|---|---|---|---|\n",
                            settings[i].group));
        TRY(add_row(&settings[i], out, err));
    }
done:
    return rc;
}
