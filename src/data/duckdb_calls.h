#ifndef DATA_DUCKDB_CALLS_H
#define DATA_DUCKDB_CALLS_H

/*
 * DuckDB, loaded when the first file is read. Its library is 60 MB, and to bind it costs each
 * process that starts 10 MB of memory and tens of milliseconds; but a server, and most commands,
 * never read a table: processes of their own do that for them.
 *
 * Include this in place of duckdb.h; its functions are called by their own names. A new one takes a
 * line in the list and one below it.
 */
#include <duckdb.h>

#include "base/error.h"

/* To be called, and to go well, before any other; cheap once it did. A process that will shut
 * itself off from files calls it before. Any thread. ERR_INTERNAL (engine_missing). */
MUST_CHECK enum err duckdb_load(struct error *err);

#define DUCKDB_CALLS(X)                                                                            \
    X(bind_add_result_column)                                                                      \
    X(bind_get_extra_info)                                                                         \
    X(bind_set_cardinality)                                                                        \
    X(close)                                                                                       \
    X(column_count)                                                                                \
    X(column_name)                                                                                 \
    X(column_type)                                                                                 \
    X(connect)                                                                                     \
    X(create_config)                                                                               \
    X(create_logical_type)                                                                         \
    X(create_scalar_function)                                                                      \
    X(create_table_function)                                                                       \
    X(data_chunk_get_size)                                                                         \
    X(data_chunk_get_vector)                                                                       \
    X(data_chunk_set_size)                                                                         \
    X(destroy_config)                                                                              \
    X(destroy_data_chunk)                                                                          \
    X(destroy_logical_type)                                                                        \
    X(destroy_pending)                                                                             \
    X(destroy_prepare)                                                                             \
    X(destroy_result)                                                                              \
    X(destroy_scalar_function)                                                                     \
    X(destroy_table_function)                                                                      \
    X(disconnect)                                                                                  \
    X(execute_pending)                                                                             \
    X(fetch_chunk)                                                                                 \
    X(free)                                                                                        \
    X(function_get_extra_info)                                                                     \
    X(function_set_error)                                                                          \
    X(init_set_max_threads)                                                                        \
    X(interrupt)                                                                                   \
    X(library_version)                                                                             \
    X(open)                                                                                        \
    X(open_ext)                                                                                    \
    X(pending_error)                                                                               \
    X(pending_execute_task)                                                                        \
    X(pending_prepared)                                                                            \
    X(prepare)                                                                                     \
    X(prepare_error)                                                                               \
    X(query)                                                                                       \
    X(register_scalar_function)                                                                    \
    X(register_table_function)                                                                     \
    X(result_error)                                                                                \
    X(result_error_type)                                                                           \
    X(scalar_function_add_parameter)                                                               \
    X(scalar_function_get_extra_info)                                                              \
    X(scalar_function_set_error)                                                                   \
    X(scalar_function_set_extra_info)                                                              \
    X(scalar_function_set_function)                                                                \
    X(scalar_function_set_name)                                                                    \
    X(scalar_function_set_return_type)                                                             \
    X(scalar_function_set_special_handling)                                                        \
    X(scalar_function_set_volatile)                                                                \
    X(set_config)                                                                                  \
    X(string_t_data)                                                                               \
    X(string_t_length)                                                                             \
    X(table_function_set_bind)                                                                     \
    X(table_function_set_extra_info)                                                               \
    X(table_function_set_function)                                                                 \
    X(table_function_set_init)                                                                     \
    X(table_function_set_name)                                                                     \
    X(validity_row_is_valid)                                                                       \
    X(vector_assign_string_element_len)                                                            \
    X(vector_get_data)                                                                             \
    X(vector_get_validity)                                                                         \
    X(vector_size)

#define X(name) __typeof__ (&duckdb_##name)(name);
struct duckdb_calls {
    DUCKDB_CALLS(X)
};
#undef X
extern struct duckdb_calls duckdb_calls;

/* clang-format off */
#ifndef DUCKDB_CALLS_BARE
#define duckdb_bind_add_result_column (duckdb_calls.bind_add_result_column)
#define duckdb_bind_get_extra_info (duckdb_calls.bind_get_extra_info)
#define duckdb_bind_set_cardinality (duckdb_calls.bind_set_cardinality)
#define duckdb_close (duckdb_calls.close)
#define duckdb_column_count (duckdb_calls.column_count)
#define duckdb_column_name (duckdb_calls.column_name)
#define duckdb_column_type (duckdb_calls.column_type)
#define duckdb_connect (duckdb_calls.connect)
#define duckdb_create_config (duckdb_calls.create_config)
#define duckdb_create_logical_type (duckdb_calls.create_logical_type)
#define duckdb_create_scalar_function (duckdb_calls.create_scalar_function)
#define duckdb_create_table_function (duckdb_calls.create_table_function)
#define duckdb_data_chunk_get_size (duckdb_calls.data_chunk_get_size)
#define duckdb_data_chunk_get_vector (duckdb_calls.data_chunk_get_vector)
#define duckdb_data_chunk_set_size (duckdb_calls.data_chunk_set_size)
#define duckdb_destroy_config (duckdb_calls.destroy_config)
#define duckdb_destroy_data_chunk (duckdb_calls.destroy_data_chunk)
#define duckdb_destroy_logical_type (duckdb_calls.destroy_logical_type)
#define duckdb_destroy_pending (duckdb_calls.destroy_pending)
#define duckdb_destroy_prepare (duckdb_calls.destroy_prepare)
#define duckdb_destroy_result (duckdb_calls.destroy_result)
#define duckdb_destroy_scalar_function (duckdb_calls.destroy_scalar_function)
#define duckdb_destroy_table_function (duckdb_calls.destroy_table_function)
#define duckdb_disconnect (duckdb_calls.disconnect)
#define duckdb_execute_pending (duckdb_calls.execute_pending)
#define duckdb_fetch_chunk (duckdb_calls.fetch_chunk)
#define duckdb_free (duckdb_calls.free)
#define duckdb_function_get_extra_info (duckdb_calls.function_get_extra_info)
#define duckdb_function_set_error (duckdb_calls.function_set_error)
#define duckdb_init_set_max_threads (duckdb_calls.init_set_max_threads)
#define duckdb_interrupt (duckdb_calls.interrupt)
#define duckdb_library_version (duckdb_calls.library_version)
#define duckdb_open (duckdb_calls.open)
#define duckdb_open_ext (duckdb_calls.open_ext)
#define duckdb_pending_error (duckdb_calls.pending_error)
#define duckdb_pending_execute_task (duckdb_calls.pending_execute_task)
#define duckdb_pending_prepared (duckdb_calls.pending_prepared)
#define duckdb_prepare (duckdb_calls.prepare)
#define duckdb_prepare_error (duckdb_calls.prepare_error)
#define duckdb_query (duckdb_calls.query)
#define duckdb_register_scalar_function (duckdb_calls.register_scalar_function)
#define duckdb_register_table_function (duckdb_calls.register_table_function)
#define duckdb_result_error (duckdb_calls.result_error)
#define duckdb_result_error_type (duckdb_calls.result_error_type)
#define duckdb_scalar_function_add_parameter (duckdb_calls.scalar_function_add_parameter)
#define duckdb_scalar_function_get_extra_info (duckdb_calls.scalar_function_get_extra_info)
#define duckdb_scalar_function_set_error (duckdb_calls.scalar_function_set_error)
#define duckdb_scalar_function_set_extra_info (duckdb_calls.scalar_function_set_extra_info)
#define duckdb_scalar_function_set_function (duckdb_calls.scalar_function_set_function)
#define duckdb_scalar_function_set_name (duckdb_calls.scalar_function_set_name)
#define duckdb_scalar_function_set_return_type (duckdb_calls.scalar_function_set_return_type)
#define duckdb_scalar_function_set_special_handling (duckdb_calls.scalar_function_set_special_handling)
#define duckdb_scalar_function_set_volatile (duckdb_calls.scalar_function_set_volatile)
#define duckdb_set_config (duckdb_calls.set_config)
#define duckdb_string_t_data (duckdb_calls.string_t_data)
#define duckdb_string_t_length (duckdb_calls.string_t_length)
#define duckdb_table_function_set_bind (duckdb_calls.table_function_set_bind)
#define duckdb_table_function_set_extra_info (duckdb_calls.table_function_set_extra_info)
#define duckdb_table_function_set_function (duckdb_calls.table_function_set_function)
#define duckdb_table_function_set_init (duckdb_calls.table_function_set_init)
#define duckdb_table_function_set_name (duckdb_calls.table_function_set_name)
#define duckdb_validity_row_is_valid (duckdb_calls.validity_row_is_valid)
#define duckdb_vector_assign_string_element_len (duckdb_calls.vector_assign_string_element_len)
#define duckdb_vector_get_data (duckdb_calls.vector_get_data)
#define duckdb_vector_get_validity (duckdb_calls.vector_get_validity)
#define duckdb_vector_size (duckdb_calls.vector_size)
#endif
/* clang-format on */

#endif
