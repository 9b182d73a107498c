add_unit_test(eval metrics_test.c)
add_unit_test(eval evaluate_test.c)
add_unit_test(eval gowalla_test.c support/shared.c)
add_unit_test(eval paired_test.c)
