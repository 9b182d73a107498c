#include "support/shared.h"

#include <stdio.h>
#include <unistd.h>

#include "support/test.h"

void need_shared(const char *name, char *out, size_t out_size)
{
    snprintf(out, out_size, "%s/data/%s", RECTRAIN_SHARED, name);
    if (access(out, R_OK) != 0)
        fail_msg("%s is not there: this test needs the shared data; tell where it lies by "
                 "cmake -DRECTRAIN_SHARED=DIRECTORY, the one that holds data/%s",
                 out, name);
}

struct load_spec shared_load_spec(const char *path)
{
    return (struct load_spec){
        .path = path,
        .user_column = "cookie",
        .item_column = "node",
        .event_column = "event",
        .time_column = "event_date",
        .eval_days = 14,
        .sample_users = 1,
        .threads = 2,
    };
}
