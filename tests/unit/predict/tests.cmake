add_unit_test(predict recommend_test.c unit/train/fixture.c)
add_unit_test(predict judge_test.c unit/train/fixture.c)
add_unit_test(predict predictor_test.c unit/train/fixture.c)
add_unit_test(predict model_cache_test.c unit/train/fixture.c)
