# The judge alone.
add_script_test(chaos_judge chaos/judge_test.py -v)
set_tests_properties(chaos_judge PROPERTIES LABELS tooling)

# The quick faults once on each kind of platform; all of them, and larger runs, are for the hand
# (docs/reliability.md).
foreach(flavour sqlite fleet)
    add_script_test(chaos_${flavour} chaos/chaos.py --flavour ${flavour} --seed 1 --quick)
    set_tests_properties(chaos_${flavour} PROPERTIES LABELS tooling PROCESSORS 2)
endforeach()
