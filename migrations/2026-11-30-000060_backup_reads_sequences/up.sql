SET LOCAL lock_timeout = '5s';

-- pg_dump reads each sequence as well as the tables, and takes a copy of all or of nothing.
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public, platform TO emporia_backup;
