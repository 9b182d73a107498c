# One place for the language, the warnings and the hardening. No directory sets flags of its own.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# clang 14 links programs at fixed addresses unless it is told otherwise.
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

# Assertions guard invariants in release too, so no preset defines NDEBUG.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_C_FLAGS_DEBUG "-O0 -g")

set(RECTRAIN_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=: address,undefined or thread")
option(RECTRAIN_COVERAGE "Instrument for line coverage" OFF)
option(RECTRAIN_FUZZ "Build the fuzz targets (clang)" OFF)

# What makes a fault harder to exploit, for others' code that is compiled here too (SQLite).
# tests/integration/hardening_test.py looks for each in the finished program.
add_library(rectrain_hardening INTERFACE)
target_compile_options(rectrain_hardening INTERFACE -fstack-protector-strong)
target_link_options(rectrain_hardening INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(rectrain_hardening INTERFACE -fstack-clash-protection -fcf-protection)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT RECTRAIN_SANITIZE)
    target_compile_definitions(rectrain_hardening INTERFACE _FORTIFY_SOURCE=2)
endif()

add_library(rectrain_flags INTERFACE)
target_link_libraries(rectrain_flags INTERFACE rectrain_hardening)
target_compile_definitions(rectrain_flags INTERFACE _GNU_SOURCE)
target_compile_options(rectrain_flags INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
    -Wformat=2 -Werror -fno-omit-frame-pointer)
if(RECTRAIN_SANITIZE)
    target_compile_options(rectrain_flags INTERFACE -fsanitize=${RECTRAIN_SANITIZE}
        -fno-sanitize-recover=all -Wno-pass-failed)
    # A sanitizer looks for the functions that it wraps when the program starts, those of the C++
    # library too, which comes later otherwise, with DuckDB.
    target_link_options(rectrain_flags INTERFACE -fsanitize=${RECTRAIN_SANITIZE}
        -Wl,--push-state,--no-as-needed -l:libstdc++.so.6 -Wl,--pop-state)
endif()
if(RECTRAIN_COVERAGE)
    # Where a process that is closed in may still write: what it reached is counted there.
    target_compile_definitions(rectrain_flags INTERFACE RECTRAIN_COVERAGE="${CMAKE_BINARY_DIR}")
    target_compile_options(rectrain_flags INTERFACE --coverage -fprofile-update=atomic)
    target_link_options(rectrain_flags INTERFACE --coverage)
endif()
if(RECTRAIN_FUZZ)
    target_compile_options(rectrain_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
