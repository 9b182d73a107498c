# The program finds its libraries beside itself, in the build directory (build/rectrain, build/lib)
# and in the installed tree (bin/rectrain, lib/rectrain), so that either can be moved.
if(NOT TARGET rectrain)
    return()
endif()
include(GNUInstallDirs)
# One path for both places, which is not rewritten when it is installed: to make room for that, CMake
# would put empty entries into the path of the build directory, and an empty entry means "where the
# program was started", from where anybody's library would be loaded.
set_target_properties(rectrain PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}
    BUILD_WITH_INSTALL_RPATH ON
    INSTALL_RPATH "$ORIGIN/lib:$ORIGIN/../lib/rectrain")

install(TARGETS rectrain RUNTIME DESTINATION bin)
install(FILES ${CMAKE_BINARY_DIR}/lib/libduckdb.so DESTINATION lib/rectrain
    PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
install(FILES LICENSE DESTINATION share/doc/rectrain)
install(FILES README.md ARCHITECTURE.md DESTINATION share/doc/rectrain OPTIONAL)
install(DIRECTORY docs/ DESTINATION share/doc/rectrain FILES_MATCHING PATTERN "*.md")
