add_unit_test(model file_test.c unit/model/sample.c)
