# add_script_test(name path [argument ...]): by the end of its path, a shell script that prints TAP
# lines, a Python unittest or a test of Node.js. Each gets RECTRAIN (the program), RECTRAIN_SHARED and
# RECTRAIN_BUILD in its environment, and finds the Python modules of tests/support.
#
# Debian's own Python is asked first: python3-numpy belongs to it, whatever else is on the PATH.
find_program(PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(PYTHON python3 REQUIRED)
function(add_script_test name path)
    set(runner bash)
    if(path MATCHES "\\.py$")
        set(runner ${PYTHON} -B)
    elseif(path MATCHES "\\.mjs$")
        set(runner node --test-reporter=tap)
    endif()
    add_test(NAME ${name} COMMAND ${runner} ${CMAKE_CURRENT_SOURCE_DIR}/${path} ${ARGN}
        WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES TIMEOUT 600
        ENVIRONMENT "${TEST_ENVIRONMENT};RECTRAIN=${CMAKE_BINARY_DIR}/rectrain;\
RECTRAIN_SHARED=${RECTRAIN_SHARED};RECTRAIN_BUILD=${CMAKE_BINARY_DIR};LC_ALL=C.UTF-8;\
PYTHON=${PYTHON};PYTHONPATH=${CMAKE_CURRENT_SOURCE_DIR}/support")
endfunction()

# The same for a script of tests/integration, as integration_NAME.
function(add_integration_test name script)
    add_script_test(integration_${name} integration/${script} ${ARGN})
endfunction()

add_integration_test(count_tests count_tests_test.sh)
add_integration_test(check_rooms check_rooms_test.sh)
add_integration_test(check_banned check_banned_test.sh)
add_integration_test(bootstrap bootstrap_test.sh)
add_integration_test(schema schema_test.py -v)
add_integration_test(brief_sections brief_sections_test.py)
add_integration_test(client client_test.py)
add_integration_test(troubleshooting troubleshooting_test.py)
if(TARGET rectrain)
    add_integration_test(client_server client_server_test.py)
    # What the manuals name is all there in the build of a release alone.
    add_integration_test(docs docs_test.py)
    set_tests_properties(integration_docs PROPERTIES LABELS tooling)
    add_integration_test(fleet fleet_test.py)
    add_integration_test(install install_test.sh)
    if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT RECTRAIN_SANITIZE)
        add_integration_test(hardening hardening_test.py)
    endif()
    add_integration_test(cli cli_test.py -v)
    add_integration_test(cli_predict cli_predict_test.py)
    add_integration_test(program program_test.py)
    add_integration_test(cli_progress cli_progress_test.py -v)
    add_integration_test(admin admin_test.py)
    add_integration_test(doctor doctor_test.py)
    add_integration_test(serve serve_test.py)
    add_integration_test(accounts accounts_test.py)
    add_integration_test(api_jobs api_jobs_test.py)
    add_integration_test(api_models api_models_test.py)
    add_integration_test(api_registry api_registry_test.py)
    add_integration_test(api_recommend api_recommend_test.py)
    add_integration_test(api_alias api_alias_test.py)
    add_integration_test(api_predictions api_predictions_test.py -v)
    add_integration_test(api_predictions_deaths api_predictions_deaths_test.py -v)
    add_integration_test(api_events api_events_test.py)
    add_integration_test(worker worker_test.py -v)
    add_integration_test(demo demo_test.sh)
    add_integration_test(demo_serve demo_serve_test.py)
    set_tests_properties(integration_demo integration_demo_serve PROPERTIES LABELS tooling)
    # Builds a copy of the tree of its own.
    add_integration_test(extending extending_test.py)
    set_tests_properties(integration_extending PROPERTIES LABELS tooling)
endif()
if(TARGET dependency_list)
    add_integration_test(dependencies dependencies_test.py)
    set_tests_properties(integration_dependencies PROPERTIES LABELS tooling)
endif()
if(TARGET rectrain)
    add_integration_test(backup backup_test.py)
    set_tests_properties(integration_backup PROPERTIES LABELS tooling)
endif()
if(TARGET rectrain)
    add_integration_test(brief brief_test.py -v)
    add_integration_test(live live_test.py -v)
    add_integration_test(api_contract api_contract_test.py)
endif()
# These look at the source tree and the scripts alone: one build that runs them is enough.
set_tests_properties(integration_count_tests integration_check_rooms integration_check_banned
    integration_bootstrap integration_client integration_troubleshooting
    integration_brief_sections PROPERTIES LABELS tooling)
