SET LOCAL lock_timeout = '5s';

-- By which clock the shop's day goes: an IANA name.
ALTER TABLE shops ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC' CHECK (char_length(time_zone) BETWEEN 1 AND 64);

-- Jobs that are queued again and again, by the clock of the shop. A job of the kind "schedule" waits for each one's time.
CREATE TABLE job_schedules (
    tenant_id uuid NOT NULL,
    -- What it is for; one tenant has one of a name.
    name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$'),
    -- What is queued, and with what.
    kind text NOT NULL CHECK (kind ~ '^[a-z][a-z0-9_]{0,62}$'),
    payload jsonb NOT NULL CHECK (pg_column_size(payload) <= 65536),
    -- Minute, hour, day of the month, month, day of the week.
    cron text NOT NULL CHECK (char_length(cron) BETWEEN 9 AND 255),
    next_at timestamptz NOT NULL,
    last_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
CREATE INDEX job_schedules_due ON job_schedules (tenant_id, next_at);
-- DELETE: what it was for has gone.
CALL platform.isolate('job_schedules', 'SELECT, INSERT, UPDATE, DELETE');
