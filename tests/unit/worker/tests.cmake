add_unit_test(worker data_path_test.c)
add_unit_test(worker job_log_test.c)
add_unit_test(worker protocol_test.c)
add_unit_test(worker sandbox_test.c)
