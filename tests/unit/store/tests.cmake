add_unit_test(store contract_test.c unit/store/fixture.c unit/store/contract_accounts.c
    unit/store/contract_admin.c unit/store/contract_changes.c unit/store/contract_ends.c unit/store/contract_jobs.c
    unit/store/contract_lists.c unit/store/contract_outbox.c unit/store/contract_predictions.c
    unit/store/contract_races.c unit/store/contract_registry.c unit/store/contract_tasks.c
    unit/store/contract_versions.c unit/store/contract_work.c)
target_link_libraries(store_contract_test PRIVATE sqlite PkgConfig::LIBPQ)
target_compile_definitions(store_contract_test PRIVATE RECTRAIN_SQL="${CMAKE_SOURCE_DIR}/src/store/sql")
add_unit_test(store sqlite_test.c unit/store/fixture.c)
target_link_libraries(store_sqlite_test PRIVATE sqlite PkgConfig::LIBPQ)
add_unit_test(store postgres_test.c unit/store/fixture.c)
target_link_libraries(store_postgres_test PRIVATE sqlite PkgConfig::LIBPQ)
add_unit_test(store group_test.c unit/store/fixture.c)
target_link_libraries(store_group_test PRIVATE sqlite PkgConfig::LIBPQ)
