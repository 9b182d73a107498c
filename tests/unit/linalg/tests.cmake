add_unit_test(linalg topk_test.c)
