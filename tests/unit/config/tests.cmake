add_unit_test(config config_test.c)
