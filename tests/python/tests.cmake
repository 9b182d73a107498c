# Tests of what Python sees. implicit_check.py beside them is run by hand.
add_executable(model_samples python/model_samples.c unit/model/sample.c)
target_include_directories(model_samples PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(model_samples PRIVATE rectrain_flags model)
set_target_properties(model_samples PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
add_test(NAME python_model_file
    COMMAND ${PYTHON} -B ${CMAKE_CURRENT_SOURCE_DIR}/python/model_file_test.py -v
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(python_model_file PROPERTIES TIMEOUT 300
    ENVIRONMENT "${TEST_ENVIRONMENT};MODEL_SAMPLES=${CMAKE_BINARY_DIR}/tests/model_samples")
