add_unit_test(train run_test.c unit/train/fixture.c)
