# What a worker's parent and child say to each other (corpora in tests/fuzz/corpus/).
foreach(part lines spec)
    add_fuzz_target(NAME worker_${part}_fuzz ROOM worker SOURCES fuzz/worker_${part}_fuzz.c)
endforeach()
