# One place for the language, the warnings and the hardening. No directory sets flags of its own.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Assertions guard invariants in release too, so no preset defines NDEBUG.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_C_FLAGS_DEBUG "-O0 -g")

set(RECTRAIN_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=: address,undefined or thread")
option(RECTRAIN_COVERAGE "Instrument for line coverage" OFF)
option(RECTRAIN_FUZZ "Build the fuzz targets (clang)" OFF)

add_library(rectrain_flags INTERFACE)
target_compile_definitions(rectrain_flags INTERFACE _GNU_SOURCE)
target_compile_options(rectrain_flags INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
    -Wformat=2 -Werror -fno-omit-frame-pointer -fstack-protector-strong)
target_link_options(rectrain_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(rectrain_flags INTERFACE -fstack-clash-protection -fcf-protection)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT RECTRAIN_SANITIZE)
    target_compile_definitions(rectrain_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
if(RECTRAIN_SANITIZE)
    target_compile_options(rectrain_flags INTERFACE -fsanitize=${RECTRAIN_SANITIZE}
        -fno-sanitize-recover=all -Wno-pass-failed)
    # A sanitizer looks for the functions that it wraps when the program starts, those of the C++
    # library too, which comes later otherwise, with DuckDB.
    target_link_options(rectrain_flags INTERFACE -fsanitize=${RECTRAIN_SANITIZE}
        -Wl,--push-state,--no-as-needed -l:libstdc++.so.6 -Wl,--pop-state)
endif()
if(RECTRAIN_COVERAGE)
    target_compile_options(rectrain_flags INTERFACE --coverage -fprofile-update=atomic)
    target_link_options(rectrain_flags INTERFACE --coverage)
endif()
if(RECTRAIN_FUZZ)
    target_compile_options(rectrain_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
