# The parsers of http/ (corpora in tests/fuzz/corpus/).
foreach(parser form headers accept route json)
    add_fuzz_target(NAME http_${parser}_fuzz ROOM http SOURCES fuzz/http_${parser}_fuzz.c)
endforeach()
