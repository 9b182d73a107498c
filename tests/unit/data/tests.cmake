add_unit_test(data idmap_test.c)
add_unit_test(data dataset_real_test.c)

# Tests that write data files of their own, with DuckDB as the writer.
function(add_data_test source)
    add_unit_test(data ${source} unit/data/fixture.c)
    get_filename_component(stem ${source} NAME_WE)
    target_link_libraries(data_${stem} PRIVATE duckdb)
endfunction()
add_data_test(dataset_test.c)
add_data_test(dataset_errors_test.c)
add_data_test(dataset_invariance_test.c)
add_data_test(dataset_robust_test.c)
