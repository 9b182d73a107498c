# What the program is made of, beside it: dependencies.json (CycloneDX), dependencies.txt and the
# texts of the licences of what it brings along. Made on Debian, whose packages it names, and from the
# packages that tools/fetch_*.sh brought.
find_program(DPKG_QUERY dpkg-query)
if(NOT TARGET rectrain OR NOT DPKG_QUERY OR NOT NODE OR WEB_SITE OR DUCKDB_ROOT OR SQLITE_ROOT
   OR RECTRAIN_SANITIZE OR NOT CMAKE_BUILD_TYPE STREQUAL "Release")
    return()
endif()
set(list ${CMAKE_BINARY_DIR}/dependencies.json)
add_custom_command(OUTPUT ${list}
    COMMAND ${NODE} ${CMAKE_SOURCE_DIR}/tools/dependencies.mjs $<TARGET_FILE:rectrain>
        ${CMAKE_BINARY_DIR}
    DEPENDS rectrain ${CMAKE_SOURCE_DIR}/tools/dependencies.mjs
    COMMENT "Listing what the program is made of")
add_custom_target(dependency_list ALL DEPENDS ${list})
install(FILES ${list} ${CMAKE_BINARY_DIR}/dependencies.txt DESTINATION share/doc/rectrain OPTIONAL)
install(DIRECTORY ${CMAKE_BINARY_DIR}/licenses DESTINATION share/doc/rectrain OPTIONAL)
