# Tests of what Python sees, run by an interpreter that has numpy where there is one: else they
# print that they are skipped, and fail where CI=true.
set(PYTHON_WITH_NUMPY ${Python3_EXECUTABLE})
foreach(candidate ${Python3_EXECUTABLE} /usr/bin/python3)
    execute_process(COMMAND ${candidate} -c "import numpy" RESULT_VARIABLE failed
        OUTPUT_QUIET ERROR_QUIET)
    if(NOT failed)
        set(PYTHON_WITH_NUMPY ${candidate})
        break()
    endif()
endforeach()

add_executable(model_samples python/model_samples.c unit/model/sample.c)
target_include_directories(model_samples PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(model_samples PRIVATE rectrain_flags model)
set_target_properties(model_samples PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
add_test(NAME python_model_file
    COMMAND ${PYTHON_WITH_NUMPY} -B ${CMAKE_CURRENT_SOURCE_DIR}/python/model_file_test.py -v
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(python_model_file PROPERTIES TIMEOUT 300
    ENVIRONMENT "${TEST_ENVIRONMENT};MODEL_SAMPLES=${CMAKE_BINARY_DIR}/tests/model_samples")
