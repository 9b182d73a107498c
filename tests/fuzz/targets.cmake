# Fuzz targets, one for each reader of foreign bytes; their corpora lie in tests/fuzz/corpus/NAME.
#
# The preset fuzz (clang) links each with libFuzzer, as <build>/fuzz/NAME:
#   <build>/fuzz/NAME <corpus directory> -max_total_time=60
# tools/run_fuzz.sh runs them all. Every other build links it with replay.c and runs the corpus, as
# the test fuzz_NAME, so that what was once found stays mended.
#
# add_fuzz_target(NAME name ROOM room … SOURCES file … [SEEDS program])
#   SEEDS: a target that writes files to start from into the directory it is given.
#
# All of them together are the target fuzz_targets.
add_custom_target(fuzz_targets)
function(add_fuzz_target)
    cmake_parse_arguments(FUZZ "" "NAME;SEEDS" "ROOM;SOURCES" ${ARGN})
    set(kept ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${FUZZ_NAME})
    set(found ${CMAKE_BINARY_DIR}/fuzz/corpus_${FUZZ_NAME})
    file(MAKE_DIRECTORY ${found})
    add_executable(${FUZZ_NAME} ${FUZZ_SOURCES})
    target_include_directories(${FUZZ_NAME} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_link_libraries(${FUZZ_NAME} PRIVATE rectrain_flags ${FUZZ_ROOM})
    add_dependencies(fuzz_targets ${FUZZ_NAME} ${FUZZ_SEEDS})
    set_target_properties(${FUZZ_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    if(FUZZ_SEEDS)
        add_test(NAME ${FUZZ_NAME}_seeds COMMAND ${FUZZ_SEEDS} ${found})
        set_tests_properties(${FUZZ_NAME}_seeds PROPERTIES FIXTURES_SETUP ${FUZZ_NAME}_corpus)
        list(APPEND kept ${found})
    endif()
    if(RECTRAIN_FUZZ)
        target_link_options(${FUZZ_NAME} PRIVATE -fsanitize=fuzzer)
        add_test(NAME ${FUZZ_NAME} COMMAND ${FUZZ_NAME} ${found} -max_total_time=10 -timeout=10
            -rss_limit_mb=2048)
        set(test ${FUZZ_NAME})
    else()
        target_sources(${FUZZ_NAME} PRIVATE fuzz/replay.c)
        set(test fuzz_${FUZZ_NAME})
        add_test(NAME ${test} COMMAND ${FUZZ_NAME} ${kept})
    endif()
    set_tests_properties(${test} PROPERTIES FIXTURES_REQUIRED ${FUZZ_NAME}_corpus TIMEOUT 120
        ENVIRONMENT "${TEST_ENVIRONMENT}")
endfunction()

add_executable(model_file_seeds fuzz/model_file_seeds.c unit/model/sample.c)
target_include_directories(model_file_seeds PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(model_file_seeds PRIVATE rectrain_flags model)
add_fuzz_target(NAME model_file_fuzz ROOM model SEEDS model_file_seeds
    SOURCES fuzz/model_file_fuzz.c unit/model/corrupt.c)
add_fuzz_target(NAME worker_inspect_fuzz ROOM worker SEEDS model_file_seeds
    SOURCES fuzz/worker_inspect_fuzz.c unit/model/corrupt.c)

# The parsers of http/.
foreach(parser form headers accept route json event_id)
    add_fuzz_target(NAME http_${parser}_fuzz ROOM http SOURCES fuzz/http_${parser}_fuzz.c)
endforeach()
# What a worker's parent and child say to each other, and which paths are data.
foreach(part lines spec path)
    add_fuzz_target(NAME worker_${part}_fuzz ROOM worker SOURCES fuzz/worker_${part}_fuzz.c)
endforeach()
add_fuzz_target(NAME queue_message_fuzz ROOM queue SOURCES fuzz/queue_message_fuzz.c)
add_fuzz_target(NAME csv_ids_fuzz ROOM data SOURCES fuzz/csv_ids_fuzz.c)
add_fuzz_target(NAME data_moment_fuzz ROOM data SOURCES fuzz/data_moment_fuzz.c)
add_fuzz_target(NAME config_read_fuzz ROOM config SOURCES fuzz/config_read_fuzz.c)
add_fuzz_target(NAME jobs_model_ref_fuzz ROOM jobs SOURCES fuzz/jobs_model_ref_fuzz.c)
add_fuzz_target(NAME jobs_request_fuzz ROOM jobs http SOURCES fuzz/jobs_request_fuzz.c)
add_fuzz_target(NAME store_cursor_fuzz ROOM store SOURCES fuzz/store_cursor_fuzz.c)
