# add_room(NAME base SOURCES … [USES room …] [PRIVATE library …])
#
# A room is a static library whose headers are reachable only by those that name it in USES: each
# has an include path of its own (<build>/rooms/<room>/<room> is a link to src/<room>), so that
# including a header of a room that was not named fails to build.
function(add_room)
    cmake_parse_arguments(ROOM "" "NAME" "SOURCES;USES;PRIVATE" ${ARGN})
    set(root ${CMAKE_BINARY_DIR}/rooms/${ROOM_NAME})
    file(MAKE_DIRECTORY ${root})
    file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${ROOM_NAME} ${root}/${ROOM_NAME} SYMBOLIC)
    if(NOT ROOM_SOURCES)
        return() # not built yet
    endif()
    add_library(${ROOM_NAME} STATIC ${ROOM_SOURCES})
    target_include_directories(${ROOM_NAME} PUBLIC ${root})
    target_link_libraries(${ROOM_NAME} PUBLIC ${ROOM_USES} PRIVATE rectrain_flags ${ROOM_PRIVATE})
endfunction()

# add_cpu_levels(room file_level.c …): compile each file once per CPU level (src/linalg/cpu.h).
function(add_cpu_levels room)
    set(levels portable)
    if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
        list(APPEND levels avx2 avx512)
    endif()
    # Without prefer-vector-width gcc would cut its own 512-bit vectors in half.
    set(flags_portable "")
    set(flags_avx2 -mavx2 -mfma -mf16c -mtune=haswell)
    set(flags_avx512 -mavx512f -mavx512vl -mavx512dq -mavx512bw -mavx2 -mfma -mf16c
        -mprefer-vector-width=512)
    foreach(level IN LISTS levels)
        string(TOUPPER ${level} LEVEL)
        add_library(${room}_${level} OBJECT ${ARGN})
        target_include_directories(${room}_${level} PRIVATE
            $<TARGET_PROPERTY:${room},INCLUDE_DIRECTORIES>)
        target_link_libraries(${room}_${level} PRIVATE rectrain_flags)
        target_compile_definitions(${room}_${level} PRIVATE KERNEL_LEVEL_${LEVEL})
        target_compile_options(${room}_${level} PRIVATE -O3 -ffp-contract=fast ${flags_${level}})
        target_sources(${room} PRIVATE $<TARGET_OBJECTS:${room}_${level}>)
    endforeach()
endfunction()
