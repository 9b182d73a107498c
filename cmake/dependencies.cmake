# Every third-party library is found here and nowhere else; a room names the ones that it is let
# to include. script/bootstrap installs them.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.13)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3.0)
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd>=0.9.75)

# Only the serial OpenBLAS: threads are ours, and a second pool inside BLAS would fight them.
set(OPENBLAS_DIR /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-serial)
find_library(OPENBLAS_LIBRARY openblas PATHS ${OPENBLAS_DIR} NO_DEFAULT_PATH REQUIRED)
find_path(OPENBLAS_INCLUDE cblas-openblas.h
    PATHS /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-serial
          /usr/include/${CMAKE_LIBRARY_ARCHITECTURE} REQUIRED)
add_library(openblas SHARED IMPORTED)
set_target_properties(openblas PROPERTIES IMPORTED_LOCATION ${OPENBLAS_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${OPENBLAS_INCLUDE})

# DuckDB comes from npm, pinned by third_party/duckdb/package-lock.json (tools/fetch_duckdb.sh), or
# from a directory of one's own that holds duckdb.h and libduckdb.so.
set(DUCKDB_ROOT "$ENV{DUCKDB_ROOT}" CACHE PATH "Directory with duckdb.h and libduckdb.so")
set(DUCKDB_NPM ${CMAKE_SOURCE_DIR}/third_party/duckdb/node_modules)
find_path(DUCKDB_INCLUDE duckdb.h HINTS ${DUCKDB_ROOT}
    PATHS ${DUCKDB_NPM}/duckdb/src/duckdb/src/include NO_DEFAULT_PATH REQUIRED)
find_library(DUCKDB_LIBRARY duckdb HINTS ${DUCKDB_ROOT}
    PATHS ${DUCKDB_NPM}/@duckdb/node-bindings-linux-x64 NO_DEFAULT_PATH REQUIRED)
# The program looks for its libraries beside itself, so the library is copied under build/lib.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
file(COPY ${DUCKDB_LIBRARY} DESTINATION ${CMAKE_BINARY_DIR}/lib)
add_library(duckdb SHARED IMPORTED)
set_target_properties(duckdb PROPERTIES IMPORTED_LOCATION ${CMAKE_BINARY_DIR}/lib/libduckdb.so
    IMPORTED_SONAME libduckdb.so INTERFACE_INCLUDE_DIRECTORIES ${DUCKDB_INCLUDE}
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${DUCKDB_INCLUDE})
