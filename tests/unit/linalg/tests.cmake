add_unit_test(linalg topk_test.c)
add_unit_test(linalg csr_test.c)
