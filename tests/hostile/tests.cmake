# Attacks on the whole program, by name; larger sizes are run by hand (tests/hostile/README.md).
if(TARGET rectrain)
    foreach(attack bad_requests)
        add_script_test(hostile_${attack} hostile/${attack}.py)
    endforeach()
endif()
