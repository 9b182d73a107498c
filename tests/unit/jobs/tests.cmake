add_unit_test(jobs status_test.c)
add_unit_test(jobs job_test.c)
add_unit_test(jobs request_test.c)
add_unit_test(jobs model_ref_test.c)
