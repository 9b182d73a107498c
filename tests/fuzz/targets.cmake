# Fuzz targets, built by the preset fuzz only (clang). Each is run as
#   <build>/fuzz/NAME <corpus directory> -max_total_time=60
# and ctest runs each for a few seconds over fresh seeds, to see that it still works.
#
# add_fuzz_target(NAME name ROOM room SOURCES file … [SEEDS program])
#   SEEDS: a target that writes files to start from into the directory it is given.
function(add_fuzz_target)
    cmake_parse_arguments(FUZZ "" "NAME;ROOM;SEEDS" "SOURCES" ${ARGN})
    add_executable(${FUZZ_NAME} ${FUZZ_SOURCES})
    target_include_directories(${FUZZ_NAME} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_link_libraries(${FUZZ_NAME} PRIVATE rectrain_flags ${FUZZ_ROOM})
    target_link_options(${FUZZ_NAME} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${FUZZ_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    set(corpus ${CMAKE_BINARY_DIR}/fuzz/corpus_${FUZZ_NAME})
    file(MAKE_DIRECTORY ${corpus})
    if(FUZZ_SEEDS)
        add_test(NAME ${FUZZ_NAME}_seeds COMMAND ${FUZZ_SEEDS} ${corpus})
        set_tests_properties(${FUZZ_NAME}_seeds PROPERTIES FIXTURES_SETUP ${FUZZ_NAME}_corpus)
    endif()
    add_test(NAME ${FUZZ_NAME} COMMAND ${FUZZ_NAME} ${corpus} -max_total_time=10 -timeout=10
        -rss_limit_mb=2048)
    set_tests_properties(${FUZZ_NAME} PROPERTIES FIXTURES_REQUIRED ${FUZZ_NAME}_corpus TIMEOUT 120
        ENVIRONMENT "${TEST_ENVIRONMENT}")
endfunction()

add_executable(model_file_seeds fuzz/model_file_seeds.c unit/model/sample.c)
target_include_directories(model_file_seeds PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(model_file_seeds PRIVATE rectrain_flags model)
add_fuzz_target(NAME model_file_fuzz ROOM model SEEDS model_file_seeds
    SOURCES fuzz/model_file_fuzz.c unit/model/corrupt.c)

include(${CMAKE_CURRENT_LIST_DIR}/http_targets.cmake)
add_fuzz_target(NAME queue_message_fuzz ROOM queue SOURCES fuzz/queue_message_fuzz.c)
add_fuzz_target(NAME csv_ids_fuzz ROOM data SOURCES fuzz/csv_ids_fuzz.c)
include(${CMAKE_CURRENT_LIST_DIR}/worker_targets.cmake)
