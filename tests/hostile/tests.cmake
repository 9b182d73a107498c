# Attacks on the whole program, by name; larger sizes are run by hand (tests/hostile/README.md).
if(TARGET rectrain)
    foreach(attack bad_requests bad_data paths identities strings clients)
        add_script_test(hostile_${attack} hostile/${attack}.py)
        # Once is enough: they watch memory, which sanitizers take for themselves.
        set_tests_properties(hostile_${attack} PROPERTIES LABELS tooling TIMEOUT 1500)
    endforeach()
endif()
