add_unit_test(linalg topk_test.c)
add_unit_test(linalg csr_test.c)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    add_unit_test(linalg topk_wide_test.c)
    # Its vectors are wider than the processor's; they are passed between inlined functions only.
    target_compile_options(linalg_topk_wide_test PRIVATE -Wno-psabi)
endif()
