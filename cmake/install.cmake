# The program finds its libraries beside itself, in the build directory (build/rectrain, build/lib)
# and in the installed tree (bin/rectrain, lib/rectrain), so that either can be moved.
if(NOT TARGET rectrain)
    return()
endif()
include(GNUInstallDirs)
set_target_properties(rectrain PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}
    BUILD_RPATH "$ORIGIN/lib"
    INSTALL_RPATH "$ORIGIN/../lib/rectrain")

install(TARGETS rectrain RUNTIME DESTINATION bin)
install(FILES ${CMAKE_BINARY_DIR}/lib/libduckdb.so DESTINATION lib/rectrain
    PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
install(FILES LICENSE DESTINATION share/doc/rectrain)
install(FILES README.md ARCHITECTURE.md DESTINATION share/doc/rectrain OPTIONAL)
install(DIRECTORY docs/ DESTINATION share/doc/rectrain FILES_MATCHING PATTERN "*.md")
