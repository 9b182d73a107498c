/* What both databases must do alike: every case runs against SQLite, then against PostgreSQL. */
#include "base/json.h"
#include "unit/store/fixture.h"

static int run_all(const char *database)
{
    const struct {
        const char *name;
        const struct case_list *list;
    } lists[] = {
        {"accounts", &account_cases},  {"jobs", &job_cases},
        {"lists", &list_cases},        {"work", &work_cases},
        {"ends", &end_cases},          {"changes", &change_cases},
        {"races", &race_cases},        {"administration", &admin_cases},
        {"registry", &registry_cases}, {"versions", &version_cases},
        {"tasks", &task_cases},        {"predictions", &prediction_cases},
        {"outbox", &outbox_cases},
    };
    int failures = 0;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        print_message("%s: %s\n", database, lists[i].name);
        failures += _cmocka_run_group_tests(lists[i].name, lists[i].list->cases,
                                            lists[i].list->count, NULL, NULL);
    }
    return failures;
}

int main(void)
{
    json_init();
    fixture_use_sqlite();
    int failures = run_all("SQLite");
    fixture_use_postgres();
    failures += run_all("PostgreSQL");
    fixture_finish();
    return failures;
}
