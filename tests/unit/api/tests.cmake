add_unit_test(api password_test.c)
add_unit_test(api login_cache_test.c)
add_unit_test(api template_test.c)
add_unit_test(api throttle_test.c)
