# Tests in a real browser; each file has a platform of its own. They look at pages, which all builds
# have alike, so one build that runs them is enough.
foreach(file quickstart live plain account models pages)
    add_script_test(e2e_${file} e2e/run.py ${file}.mjs)
    set_tests_properties(e2e_${file} PROPERTIES LABELS tooling PROCESSORS 2)
endforeach()
