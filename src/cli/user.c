/* rectrain user: accounts and API tokens, from the shell of the server's machine. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/login.h"
#include "api/password.h"
#include "api/secret.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/prompt.h"
#include "cli/settings.h"
#include "cli/user_remove.h"
#include "jobs/job.h"
#include "store/users.h"

enum { PAGE = 500, TOKEN_DAYS_MAX = 36500 };
static const int64_t DAY_MS = 86400000;

/* What every action begins with. Release it also after a failure. */
struct desk {
    struct config *config;
    struct store *store;
    struct user *user; /* whom the first argument names */
};

static enum err desk_open(const struct parsed_options *parsed, enum settings_open how,
                          struct desk *desk, struct error *err)
{
    enum err rc;
    TRY(settings_read(parsed, &desk->config, err));
    TRY(settings_open_store(desk->config, how, &desk->store, err));
done:
    return rc;
}

static enum err desk_find_user(const struct parsed_options *parsed, struct desk *desk,
                               struct error *err)
{
    enum err rc;
    TRY(desk_open(parsed, OPEN_EXISTING, desk, err));
    rc = user_find(desk->store, parsed->arguments[0], &desk->user, err);
    if (rc == ERR_NOT_FOUND)
        rc = FAIL(err, ERR_NOT_FOUND, "there is no user %.254s; rectrain user list shows all",
                  parsed->arguments[0]);
done:
    return rc;
}

static void desk_release(struct desk *desk)
{
    mem_free(desk->user);
    store_close(desk->store);
    config_free(desk->config);
}

/* ---- add, passwd, admin ---- */

/* A new password from the terminal or stdin, checked and hashed. */
static enum err ask_hash(const struct parsed_options *parsed, const char *email,
                         char ret_hash[PASSWORD_HASH_SIZE], struct error *err)
{
    enum err rc;
    char password[PASSWORD_MAX + 2];
    const bool from_stdin = options_value(parsed, "password_stdin") != NULL;
    TRY(prompt_password("New password: ", from_stdin, password, sizeof(password), err));
    TRY(password_check(password, email, err));
    TRY(password_hash(password, ret_hash, err));
done:
    secret_wipe(password, sizeof(password));
    return rc;
}

static enum err add(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    int64_t user_id;
    char hash[PASSWORD_HASH_SIZE];
    struct desk desk = {0};
    const char *email = parsed->arguments[0];
    TRY(email_check(email, err));
    TRY(desk_open(parsed, OPEN_OR_MAKE, &desk, err));
    TRY(ask_hash(parsed, email, hash, err));
    TRY(user_create(desk.store, email, hash, options_value(parsed, "admin") != NULL, &user_id,
                    err));
    printf("user %" PRId64 "\n", user_id);
done:
    desk_release(&desk);
    return rc;
}

static enum err passwd(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    char hash[PASSWORD_HASH_SIZE];
    struct desk desk = {0};
    TRY(desk_find_user(parsed, &desk, err));
    TRY(ask_hash(parsed, desk.user->email, hash, err));
    TRY(user_set_password(desk.store, desk.user->user_id, hash, NULL, err));
    puts("the password is changed, and every session has ended");
done:
    desk_release(&desk);
    return rc;
}

static enum err set_admin(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    struct desk desk = {0};
    const bool is_admin = options_value(parsed, "revoke") == NULL;
    TRY(desk_find_user(parsed, &desk, err));
    TRY(user_set_admin(desk.store, desk.user->user_id, is_admin, err));
    printf("%s is %s\n", desk.user->email, is_admin ? "an administrator" : "no administrator");
done:
    desk_release(&desk);
    return rc;
}

/* ---- list ---- */

static enum err add_user_json(void *users, const struct user *user, struct error *err)
{
    char time[JOB_TIME_SIZE];
    return json_append(users,
                       json_pack("{s:I, s:s, s:b, s:s}", "user_id", (json_int_t)user->user_id,
                                 "email", user->email, "is_admin", (int)user->is_admin,
                                 "created_at", job_time_rfc3339(user->created_ms, time)),
                       err);
}

static enum err print_user(void *unused, const struct user *user, struct error *err)
{
    char time[JOB_TIME_SIZE];
    (void)unused;
    (void)err;
    printf("%6" PRId64 "  %-40s %-6s %s\n", user->user_id, user->email,
           user->is_admin ? "admin" : "", job_time_plain(user->created_ms, time));
    return ERR_OK;
}

static enum err list(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    struct desk desk = {0};
    json_t *root = NULL, *users = json_array();
    const bool as_json = options_value(parsed, "json") != NULL;
    TRY(desk_open(parsed, OPEN_EXISTING, &desk, err));
    TRY(user_each(desk.store, PAGE, as_json ? add_user_json : print_user, users, err));
    if (as_json) {
        root = json_object();
        TRY(json_set(root, "users", json_incref(users), err));
        TRY(print_json(root, err));
    }
done:
    json_decref(root);
    json_decref(users);
    desk_release(&desk);
    return rc;
}

/* ---- remove ---- */

static enum err remove_user(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    struct desk desk = {0};
    struct user_remains remains = {0};
    char question[640];
    bool agreed = options_value(parsed, "yes") != NULL;
    TRY(desk_find_user(parsed, &desk, err));
    TRY(user_remains_find(desk.store, desk.user->user_id, &remains, err));
    snprintf(question, sizeof(question),
             "%.254s has %d jobs and %d models, which go too. Type the e-mail address to go on: ",
             desk.user->email, remains.job_count, remains.models.count);
    if (!agreed)
        TRY(prompt_confirm(question, desk.user->email, &agreed, err));
    if (!agreed)
        rc = FAIL(err, ERR_CANCELLED, "nothing was removed");
    else
        rc = user_remove_whole(desk.store, config_text(desk.config, "MODEL_DIR"),
                               desk.user->user_id, &remains, err);
    if (rc == ERR_OK)
        printf("removed %s, %d jobs, %d models\n", desk.user->email, remains.job_count,
               remains.models.count);
done:
    user_remains_release(&remains);
    desk_release(&desk);
    return rc;
}

/* ---- token ---- */

static enum err list_tokens(const struct desk *desk, struct error *err)
{
    struct token_list tokens = {0};
    char seen[JOB_TIME_SIZE], ends[JOB_TIME_SIZE];
    const enum err rc = token_list(desk->store, desk->user->user_id, &tokens, err);
    for (int32_t i = 0; i < tokens.count; i++) {
        const struct token *token = tokens.tokens[i];
        printf("%6" PRId64 "  %-30s %-6s last used %s, ends %s\n", token->token_id, token->name,
               token->scope, token->seen_ms > 0 ? job_time_plain(token->seen_ms, seen) : "never",
               token->expires_ms > 0 ? job_time_plain(token->expires_ms, ends) : "never");
    }
    token_list_release(&tokens);
    return rc;
}

static enum err make_token(const struct parsed_options *parsed, const struct desk *desk,
                           struct error *err)
{
    enum err rc;
    int64_t token_id, days = 0;
    char secret[SECRET_TOKEN_SIZE], hash[SECRET_HASH_SIZE];
    const char *name = options_value(parsed, "name"), *scope = options_value(parsed, "scope");
    if (scope != NULL && strcmp(scope, "read") != 0 && strcmp(scope, "write") != 0)
        return FAIL_REASON(err, ERR_INVALID, "option",
                           "--scope is %s, but it must be read or write", scope);
    if (options_value(parsed, "days") != NULL)
        TRY(parse_whole("--days", options_value(parsed, "days"), 1, TOKEN_DAYS_MAX, &days, err));
    secret_api_token(secret);
    secret_hash(secret, hash);
    const struct token_new token = {
        .user_id = desk->user->user_id,
        .token_hash = hash,
        .name = name != NULL ? name : "shell",
        .scope = scope != NULL ? scope : "write",
        .lifetime_ms = days * DAY_MS,
    };
    TRY(token_create(desk->store, &token, &token_id, err));
    printf("%s\n", secret);
    fprintf(stderr, "token %" PRId64 " of %s, which is shown this once\n", token_id,
            desk->user->email);
done:
    secret_wipe(secret, sizeof(secret));
    return rc;
}

static enum err token(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    int64_t token_id;
    struct desk desk = {0};
    const char *gone = options_value(parsed, "remove");
    TRY(desk_find_user(parsed, &desk, err));
    if (options_value(parsed, "list") != NULL) {
        rc = list_tokens(&desk, err);
    } else if (gone != NULL) {
        TRY(parse_whole("--remove", gone, 1, INT64_MAX, &token_id, err));
        TRY(token_remove(desk.store, desk.user->user_id, token_id, err));
        printf("token %" PRId64 " is removed\n", token_id);
    } else {
        rc = make_token(parsed, &desk, err);
    }
done:
    desk_release(&desk);
    return rc;
}

/* ---- the table ---- */

#define OPTIONS(list) .options = (list), .count = sizeof(list) / sizeof((list)[0])
#define PASSWORD_OPTION                                                                            \
    {                                                                                              \
        "password_stdin", NULL, "take the password from the first line of stdin"                   \
    }

static const struct option_info add_options[] = {
    {"admin", NULL, "may see everybody's jobs on the System page"},
    PASSWORD_OPTION,
    SETTINGS_STORE_OPTION,
};
static const struct option_info passwd_options[] = {PASSWORD_OPTION, SETTINGS_STORE_OPTION};
static const struct option_info admin_options[] = {
    {"revoke", NULL, "no longer"},
    SETTINGS_STORE_OPTION,
};
static const struct option_info list_options[] = {
    {"json", NULL, "print one JSON object"},
    SETTINGS_STORE_OPTION,
};
static const struct option_info remove_options[] = {
    {"yes", NULL, "do not ask"},
    {"model_dir", "DIR", "where the models lie, instead of MODEL_DIR"},
    SETTINGS_STORE_OPTION,
};
static const struct option_info token_options[] = {
    {"name", "TEXT", "what it is for [shell]"},
    {"scope", "read|write", "what it may do [write]"},
    {"days", "N", "how long it holds [for ever]"},
    {"list", NULL, "show the tokens that there are"},
    {"remove", "ID", "end one"},
    SETTINGS_STORE_OPTION,
};

static const struct command_action actions[] = {
    {"add",
     "make an account",
     {.usage = "rectrain user add EMAIL [option …]",
      .summary = "Makes an account. The password is asked for without echo, or read from stdin "
                 "where\nthat is no terminal.",
      OPTIONS(add_options)},
     1,
     1,
     add},
    {"passwd",
     "set a new password, and end every session",
     {.usage = "rectrain user passwd EMAIL [option …]",
      .summary = "Sets a new password and ends all sessions of the account. API tokens stay.",
      OPTIONS(passwd_options)},
     1,
     1,
     passwd},
    {"admin",
     "make somebody an administrator",
     {.usage = "rectrain user admin EMAIL [--revoke]",
      .summary = "Makes an account an administrator's, or takes that back.",
      OPTIONS(admin_options)},
     1,
     1,
     set_admin},
    {"list",
     "show all accounts",
     {.usage = "rectrain user list [option …]",
      .summary = "Shows all accounts: id, e-mail, role, when it was made.",
      OPTIONS(list_options)},
     0,
     0,
     list},
    {"remove",
     "remove an account with its jobs and models",
     {.usage = "rectrain user remove EMAIL [option …]",
      .summary = "Removes an account, its sessions and tokens, its jobs, and the files of its "
                 "models.\nCancel its running jobs first.",
      OPTIONS(remove_options)},
     1,
     1,
     remove_user},
    {"token",
     "make, show and end API tokens",
     {.usage = "rectrain user token EMAIL [option …]",
      .summary = "Makes an API token and prints it, this once: send it as Authorization: Bearer "
                 "rt_….\n--list shows the tokens of the account, --remove ends one.",
      OPTIONS(token_options)},
     1,
     1,
     token},
};
static const struct command_group group = {
    .name = "user",
    .summary = "Accounts and API tokens.",
    .actions = actions,
    .count = sizeof(actions) / sizeof(actions[0]),
};

enum err command_user(int argc, char **argv, struct error *err)
{
    return command_group_run(&group, argc, argv, err);
}
