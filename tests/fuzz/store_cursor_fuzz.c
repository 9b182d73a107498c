/* Any text as an order of the list of jobs and any as its cursor and its search, on a store with
 * some jobs: a page of the user's own, or a refusal that says why. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/jobs.h"
#include "store/users.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct store *store;
static int64_t user_id;

static void start(void)
{
    static char path[] = "/tmp/rectrain_fuzz_XXXXXX";
    struct error err;
    const struct store_spec spec = {.url = path, .connections = 1, .migrate = true};
    bool is_new;
    int64_t ids[2], job_id;
    close(mkstemp(path));
    if (store_open(&spec, &store, &err) != ERR_OK)
        __builtin_trap();
    for (int i = 0; i < 2; i++)
        if (user_create(store, i == 0 ? "a@b.c" : "d@e.f", "x", false, &ids[i], &err) != ERR_OK)
            __builtin_trap();
    for (int i = 0; i < 12; i++) {
        const struct job_new job = {.user_id = ids[i % 4 == 3],
                                    .task = JOB_TRAIN,
                                    .name = i % 2 == 0 ? "a job" : NULL,
                                    .model_type = "als",
                                    .data_path = "/data/%_\\",
                                    .params_json = "{}",
                                    .run_json = "{}"};
        if (job_create(store, &job, &job_id, &is_new, &err) != ERR_OK)
            __builtin_trap();
    }
    user_id = ids[0];
    unlink(path); /* the descriptor stays */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char text[1024];
    struct error err = {.message = ""};
    struct job_query query = {.user_id = 0, .limit = 3};
    struct job_list list = {0};
    if (store == NULL)
        start();
    const size_t len = size < sizeof(text) - 3 ? size : sizeof(text) - 3;
    memcpy(text, bytes, len);
    memset(text + len, 0, 3);
    const char *cursor = text + strlen(text) + 1; /* what is missing is empty */
    const char *search = cursor <= text + len ? cursor + strlen(cursor) + 1 : "";
    query.user_id = user_id;
    query.cursor = cursor <= text + len ? cursor : NULL;
    query.text = search < text + len ? search : NULL;
    if (!job_sort_find(text, &query))
        return 0;
    const enum err rc = job_list(store, &query, &list, &err);
    if (rc != ERR_OK && (rc != ERR_INVALID || err.message[0] == '\0'))
        __builtin_trap();
    if (rc == ERR_OK && (list.count > query.limit || strlen(list.next) >= STORE_CURSOR_SIZE))
        __builtin_trap();
    for (int32_t i = 0; rc == ERR_OK && i < list.count; i++)
        if (list.jobs[i]->user_id != user_id)
            __builtin_trap();
    if (rc == ERR_OK)
        job_list_release(&list);
    return 0;
}
