add_unit_test(data idmap_test.c)
add_unit_test(data dataset_real_test.c)
