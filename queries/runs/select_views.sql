-- The views of a schema that read files.
-- ?1 name of the schema
SELECT view_name FROM duckdb_views() WHERE schema_name = ? AND NOT internal AND contains(sql, 'read_parquet(')
