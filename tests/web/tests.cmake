# The web page: its types, the unit tests of web/test (bundled for Node.js, TAP lines), and the built
# site as a whole (web/test/site_test.ts). A build that embeds a site made elsewhere has none of it.
if(WEB_SITE)
    return()
endif()
find_program(NODE node REQUIRED)
set(web ${CMAKE_SOURCE_DIR}/web)
set(web_tests agent chart_series compare details form format live log_tail manual models names openapi params
    predictions router site view)
list(TRANSFORM web_tests APPEND _test.mjs OUTPUT_VARIABLE web_test_files)
list(TRANSFORM web_test_files PREPEND ${CMAKE_BINARY_DIR}/web/test/)
add_custom_command(OUTPUT ${web_test_files}
    COMMAND ${NODE} ${web}/build.mjs --tests ${CMAKE_BINARY_DIR}/web/test
        ${CMAKE_BINARY_DIR}/web/test.d ${CMAKE_BINARY_DIR}/web/test/format_test.mjs
    DEPENDS ${web}/build.mjs ${web}/package-lock.json
    DEPFILE ${CMAKE_BINARY_DIR}/web/test.d
    COMMENT "Building the tests of the web page")
add_custom_target(web_tests ALL DEPENDS ${web_test_files})

foreach(name IN LISTS web_tests)
    add_test(NAME web_${name}
        COMMAND ${NODE} --test-reporter=tap ${CMAKE_BINARY_DIR}/web/test/${name}_test.mjs)
    set_tests_properties(web_${name} PROPERTIES TIMEOUT 120
        ENVIRONMENT "WEB_SITE=${CMAKE_BINARY_DIR}/web/site;RECTRAIN_SOURCE=${CMAKE_SOURCE_DIR};TZ=Europe/Berlin")
endforeach()
add_test(NAME web_types COMMAND ${NODE} ${web}/node_modules/typescript/bin/tsc --noEmit -p ${web})
set_tests_properties(web_types PROPERTIES TIMEOUT 300)
list(TRANSFORM web_tests PREPEND web_ OUTPUT_VARIABLE web_test_names)
set_tests_properties(web_types ${web_test_names} PROPERTIES LABELS tooling)
