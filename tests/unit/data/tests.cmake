add_unit_test(data idmap_test.c)
