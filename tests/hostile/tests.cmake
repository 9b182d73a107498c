# Attacks on the whole program, by name; larger sizes are run by hand (tests/hostile/README.md).
if(TARGET rectrain)
    add_executable(bad_bytes hostile/bad_bytes.c)
    target_link_libraries(bad_bytes PRIVATE rectrain_flags worker)
    set_target_properties(bad_bytes PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    foreach(attack bad_requests bad_data bad_bytes paths identities strings clients)
        add_script_test(hostile_${attack} hostile/${attack}.py)
        # Once is enough: they watch memory, which sanitizers take for themselves.
        set_tests_properties(hostile_${attack} PROPERTIES LABELS tooling TIMEOUT 1500)
    endforeach()
endif()
