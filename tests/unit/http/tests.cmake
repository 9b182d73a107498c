add_unit_test(http server_test.c unit/http/rig.c)
