add_unit_test(train run_test.c unit/train/fixture.c)
add_unit_test(train run_real_test.c unit/train/fixture.c support/shared.c)
add_unit_test(train run_torture_test.c unit/train/fixture.c)
add_unit_test(train hits_test.c unit/train/fixture.c)
