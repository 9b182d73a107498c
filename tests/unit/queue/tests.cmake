add_unit_test(queue contract_test.c unit/store/fixture.c)
target_link_libraries(queue_contract_test PRIVATE sqlite PkgConfig::LIBPQ)
