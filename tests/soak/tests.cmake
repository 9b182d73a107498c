# 40 s here; five minutes and an hour are run by hand (docs/proof.md).
add_script_test(soak soak/soak.py)
set_tests_properties(soak PROPERTIES LABELS tooling)
