SET LOCAL lock_timeout = '5s';

DROP TABLE job_schedules;
ALTER TABLE shops DROP COLUMN time_zone;
