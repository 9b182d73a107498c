# Every third-party library is found here and nowhere else; a room names the ones that it is let
# to include. script/bootstrap installs them.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.13)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3.0)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd>=0.9.75)

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
# The program itself loads it when it reads the first table (src/data/duckdb_calls.h).
add_library(duckdb_calls INTERFACE)
target_include_directories(duckdb_calls SYSTEM INTERFACE ${DUCKDB_INCLUDE})
target_link_libraries(duckdb_calls INTERFACE ${CMAKE_DL_LIBS})
list(APPEND CMAKE_BUILD_RPATH ${CMAKE_BINARY_DIR}/lib)

# SQLite comes from npm too, pinned by third_party/sqlite/package-lock.json (tools/fetch_sqlite.sh),
# as the amalgamation: Debian 12's 3.40.1 can lose commits when two connections checkpoint at once
# (sqlite.org/wal.html#walresetbug, fixed in 3.51.3), and a server and its workers share the file.
set(SQLITE_ROOT "$ENV{SQLITE_ROOT}" CACHE PATH "Directory with sqlite3.c and sqlite3.h")
find_path(SQLITE_SOURCE sqlite3.c HINTS ${SQLITE_ROOT}
    PATHS ${CMAKE_SOURCE_DIR}/third_party/sqlite/node_modules/better-sqlite3/deps/sqlite3
    NO_DEFAULT_PATH REQUIRED)
add_library(sqlite STATIC ${SQLITE_SOURCE}/sqlite3.c)
target_include_directories(sqlite SYSTEM PUBLIC ${SQLITE_SOURCE})
target_compile_options(sqlite PRIVATE -w -O2)
# SQLITE_DQS=0: "text" in double quotes is never a string. No extension is ever loaded.
target_compile_definitions(sqlite PRIVATE
    SQLITE_THREADSAFE=2 SQLITE_DQS=0 SQLITE_DEFAULT_FOREIGN_KEYS=1 SQLITE_DEFAULT_MEMSTATUS=0
    SQLITE_LIKE_DOESNT_MATCH_BLOBS SQLITE_MAX_EXPR_DEPTH=200 SQLITE_TRUSTED_SCHEMA=0
    SQLITE_OMIT_LOAD_EXTENSION SQLITE_OMIT_DEPRECATED SQLITE_OMIT_SHARED_CACHE
    SQLITE_OMIT_PROGRESS_CALLBACK SQLITE_USE_ALLOCA SQLITE_TEMP_STORE=2
    HAVE_FDATASYNC=1)
target_link_libraries(sqlite PRIVATE rectrain_hardening Threads::Threads m)

# RabbitMQ's client. 0.9 is the first that knows connection.blocked.
pkg_check_modules(RABBITMQ REQUIRED IMPORTED_TARGET librabbitmq>=0.9)

pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq>=15)

# The yardstick of bench/topk.c, nothing that the program needs: only the serial OpenBLAS, since the
# threads of that benchmark are its own.
find_library(OPENBLAS_LIBRARY openblas
    PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-serial NO_DEFAULT_PATH)
find_path(OPENBLAS_INCLUDE cblas-openblas.h
    PATHS /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-serial
          /usr/include/${CMAKE_LIBRARY_ARCHITECTURE})
if(OPENBLAS_LIBRARY AND OPENBLAS_INCLUDE)
    add_library(openblas SHARED IMPORTED)
    set_target_properties(openblas PROPERTIES IMPORTED_LOCATION ${OPENBLAS_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${OPENBLAS_INCLUDE})
endif()
