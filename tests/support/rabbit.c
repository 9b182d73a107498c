#include "support/rabbit.h"

#include <amqp.h>
#include <amqp_tcp_socket.h>

#include <arpa/inet.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/server.h"
#include "support/slowness.h"
#include "support/test.h"

enum { VARIABLES = 16, START_MS = 90000 };

static const char PROGRAMS[] = "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin";

static void nap(int ms)
{
    const struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* ---- processes ---- */

/* `detached` makes the script become the server, rather than wait for it: so it has our pid. */
static void make_environment(const struct rabbit *rabbit, char texts[VARIABLES][256],
                             char *environment[VARIABLES + 1])
{
    const char *at = rabbit->directory;
    int count = 0;
    snprintf(texts[count++], 256, "PATH=%.200s", getenv("PATH") != NULL ? getenv("PATH") : "");
    snprintf(texts[count++], 256, "HOME=%s", at);
    snprintf(texts[count++], 256, "LC_ALL=C.UTF-8");
    snprintf(texts[count++], 256, "detached=1");
    snprintf(texts[count++], 256, "RABBITMQ_NODENAME=rectrain%d@localhost", rabbit->port);
    snprintf(texts[count++], 256, "RABBITMQ_DIST_PORT=%d", rabbit->dist_port);
    snprintf(texts[count++], 256, "RABBITMQ_MNESIA_BASE=%s/mnesia", at);
    snprintf(texts[count++], 256, "RABBITMQ_LOG_BASE=%s/log", at);
    snprintf(texts[count++], 256, "RABBITMQ_CONFIG_FILE=%s/rabbitmq", at);
    snprintf(texts[count++], 256, "RABBITMQ_CONF_ENV_FILE=/dev/null");
    snprintf(texts[count++], 256, "RABBITMQ_ENABLED_PLUGINS_FILE=%s/enabled_plugins", at);
    snprintf(texts[count++], 256,
             "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1} "
             "+sbwt none +S 1:1");
    snprintf(texts[count++], 256, "ERL_EPMD_PORT=%d", rabbit->epmd_port);
    snprintf(texts[count++], 256, "ERL_EPMD_ADDRESS=127.0.0.1");
    for (int i = 0; i < count; i++)
        environment[i] = texts[i];
    environment[count] = NULL;
}

static pid_t run(const struct rabbit *rabbit, const char *const *arguments)
{
    char texts[VARIABLES][256];
    char *environment[VARIABLES + 1];
    const struct passwd *user = geteuid() == 0 ? getpwnam("rabbitmq") : NULL;
    make_environment(rabbit, texts, environment);
    return server_start(user, arguments, environment, SIGKILL);
}

static void write_text(const struct rabbit *rabbit, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", rabbit->directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

void rabbit_make(struct rabbit *rabbit)
{
    char config[512];
    const struct passwd *user = geteuid() == 0 ? getpwnam("rabbitmq") : NULL;
    snprintf(rabbit->directory, sizeof(rabbit->directory), "/tmp/rectrain-rabbit-XXXXXX");
    assert_non_null(mkdtemp(rabbit->directory));
    if (user != NULL)
        assert_int_equal(chown(rabbit->directory, user->pw_uid, user->pw_gid), 0);
    rabbit->port = free_port();
    rabbit->dist_port = free_port();
    rabbit->epmd_port = free_port();
    snprintf(config, sizeof(config),
             "listeners.tcp.1 = 127.0.0.1:%d\ndefault_user = " RABBIT_USER
             "\ndefault_pass = " RABBIT_PASSWORD
             "\nloopback_users = none\ndisk_free_limit.absolute = 50MB\nlog.file = false\n",
             rabbit->port);
    write_text(rabbit, "rabbitmq.conf", config);
    write_text(rabbit, "enabled_plugins", "[].\n");
    char port[16];
    snprintf(port, sizeof(port), "%d", rabbit->epmd_port);
    const char *const epmd[] = {"epmd", "-port", port, "-address", "127.0.0.1", NULL};
    rabbit->epmd = run(rabbit, epmd);
    rabbit_start(rabbit);
}

void rabbit_start(struct rabbit *rabbit)
{
    char path[128];
    server_tool("RabbitMQ", PROGRAMS, "rabbitmq-server", path, sizeof(path));
    const char *const server[] = {path, NULL};
    rabbit->server = run(rabbit, server);
}

void rabbit_kill(struct rabbit *rabbit)
{
    int status;
    kill(rabbit->server, SIGKILL);
    waitpid(rabbit->server, &status, 0);
    rabbit->server = 0;
}

void rabbit_remove(struct rabbit *rabbit)
{
    int status;
    if (rabbit->server > 0)
        rabbit_kill(rabbit);
    if (rabbit->epmd > 0) {
        kill(rabbit->epmd, SIGKILL);
        waitpid(rabbit->epmd, &status, 0);
    }
    if (rabbit->directory[0] != '\0') {
        const pid_t pid = fork();
        if (pid == 0) {
            execlp("rm", "rm", "-rf", rabbit->directory, (char *)NULL);
            _exit(127);
        }
        waitpid(pid, &status, 0);
    }
    *rabbit = (struct rabbit){0};
}

void rabbit_ctl(const struct rabbit *rabbit, const char *const *arguments)
{
    char path[128], node[64];
    const char *words[16] = {path, "-n", node};
    int status;
    server_tool("RabbitMQ", PROGRAMS, "rabbitmqctl", path, sizeof(path));
    snprintf(node, sizeof(node), "rectrain%d@localhost", rabbit->port);
    for (int i = 0; arguments[i] != NULL; i++)
        words[i + 3] = arguments[i];
    assert_int_equal(waitpid(run(rabbit, words), &status, 0) > 0, 1);
    if (status != 0)
        fail_msg("rabbitmqctl %s failed: %d", arguments[0], status);
}

/* ---- as another program ---- */

static amqp_connection_state_t log_in(const struct rabbit *rabbit)
{
    const struct timeval time = {.tv_sec = 5};
    amqp_connection_state_t state = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(state);
    if (amqp_socket_open_noblock(socket, "127.0.0.1", rabbit->port, &time) == AMQP_STATUS_OK) {
        amqp_set_handshake_timeout(state, &time);
        if (amqp_login(state, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, RABBIT_USER,
                       RABBIT_PASSWORD)
                    .reply_type == AMQP_RESPONSE_NORMAL &&
            amqp_channel_open(state, 1) != NULL)
            return state;
    }
    amqp_destroy_connection(state);
    return NULL;
}

void rabbit_await(const struct rabbit *rabbit)
{
    int status;
    for (int waited = 0; waited < START_MS * TEST_SLOWNESS; waited += 100) {
        amqp_connection_state_t state = log_in(rabbit);
        if (state != NULL) {
            amqp_connection_close(state, AMQP_REPLY_SUCCESS);
            amqp_destroy_connection(state);
            return;
        }
        if (waitpid(rabbit->server, &status, WNOHANG) > 0)
            fail_msg("RabbitMQ ended: status %d", status);
        nap(100);
    }
    fail_msg("RabbitMQ did not start");
}

static amqp_connection_state_t must_log_in(const struct rabbit *rabbit)
{
    amqp_connection_state_t state = log_in(rabbit);
    assert_non_null(state);
    return state;
}

static void log_out(amqp_connection_state_t state)
{
    assert_int_equal(amqp_get_rpc_reply(state).reply_type, AMQP_RESPONSE_NORMAL);
    amqp_connection_close(state, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(state);
}

void rabbit_declare(const struct rabbit *rabbit, const char *queue, int64_t max_length)
{
    amqp_connection_state_t state = must_log_in(rabbit);
    amqp_table_entry_t entry = {.key = amqp_cstring_bytes("x-max-length")};
    entry.value.kind = AMQP_FIELD_KIND_I64;
    entry.value.value.i64 = max_length;
    amqp_queue_declare(state, 1, amqp_cstring_bytes(queue), 0, 1, 0, 0, (amqp_table_t){1, &entry});
    log_out(state);
}

void rabbit_delete(const struct rabbit *rabbit, const char *queue)
{
    amqp_connection_state_t state = must_log_in(rabbit);
    amqp_queue_delete(state, 1, amqp_cstring_bytes(queue), 0, 0);
    log_out(state);
}

void rabbit_publish(const struct rabbit *rabbit, const char *queue, const void *body, size_t size)
{
    amqp_connection_state_t state = must_log_in(rabbit);
    amqp_confirm_select(state, 1);
    const amqp_bytes_t bytes = {size, (void *)body};
    assert_int_equal(amqp_basic_publish(state, 1, amqp_empty_bytes, amqp_cstring_bytes(queue), 1, 0,
                                        NULL, bytes),
                     AMQP_STATUS_OK);
    amqp_frame_t frame;
    assert_int_equal(amqp_simple_wait_frame(state, &frame), AMQP_STATUS_OK); /* its confirmation */
    log_out(state);
}

static void copy(amqp_bytes_t bytes, char *out, size_t out_size)
{
    snprintf(out, out_size, "%.*s", (int)bytes.len, (const char *)bytes.bytes);
}

bool rabbit_get(const struct rabbit *rabbit, const char *queue, struct rabbit_message *ret_message)
{
    amqp_message_t message;
    amqp_connection_state_t state = must_log_in(rabbit);
    *ret_message = (struct rabbit_message){.size = 0};
    const amqp_rpc_reply_t reply = amqp_basic_get(state, 1, amqp_cstring_bytes(queue), 1);
    assert_int_equal(reply.reply_type, AMQP_RESPONSE_NORMAL);
    const bool got = reply.reply.id == AMQP_BASIC_GET_OK_METHOD;
    if (got) {
        amqp_read_message(state, 1, &message, 0);
        copy(message.body, ret_message->body, sizeof(ret_message->body));
        ret_message->size = message.body.len;
        ret_message->is_persistent = message.properties.delivery_mode == 2;
        copy(message.properties.message_id, ret_message->message_id,
             sizeof(ret_message->message_id));
        for (int i = 0; i < message.properties.headers.num_entries; i++) {
            const amqp_table_entry_t *entry = &message.properties.headers.entries[i];
            char key[64];
            copy(entry->key, key, sizeof(key));
            if (strcmp(key, "traceparent") == 0)
                copy(entry->value.value.bytes, ret_message->traceparent,
                     sizeof(ret_message->traceparent));
            if (strcmp(key, "x-rectrain-reason") == 0)
                copy(entry->value.value.bytes, ret_message->reason, sizeof(ret_message->reason));
        }
        amqp_destroy_message(&message);
    }
    amqp_connection_close(state, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(state);
    return got;
}
