# The judge alone; the faults themselves need the whole program.
add_script_test(chaos_judge chaos/judge_test.py -v)
set_tests_properties(chaos_judge PROPERTIES LABELS tooling)
