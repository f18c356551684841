-- Before the first release: no table has rows to scan, and no older process reads what goes.
-- squawk-ignore-file constraint-missing-not-valid, ban-drop-constraint

SET LOCAL lock_timeout = '5s';

-- Work that a transaction leaves to the worker: queued in it, claimed with a lease, done at least once.
CREATE TABLE jobs (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    -- Which code does it.
    kind text NOT NULL CHECK (kind ~ '^[a-z][a-z0-9_]{0,62}$'),
    -- What it is done with: for that code alone, and gone once it has succeeded.
    payload jsonb NOT NULL CHECK (pg_column_size(payload) <= 262144),
    status text NOT NULL DEFAULT 'QUEUED' CHECK (status IN ('QUEUED', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
    -- Within the tenant, the lowest first.
    rank smallint NOT NULL CHECK (rank BETWEEN 0 AND 100),
    -- Of those of a kind that have not ended, one has it.
    unique_key text CHECK (char_length(unique_key) BETWEEN 1 AND 255),
    -- When it runs once more: it was queued again while it ran, and what that was for, it may not have seen.
    again_at timestamptz,
    -- When the next attempt is due; NULL once it has ended.
    run_at timestamptz,
    -- Begun so far, without those that were given back because their process stopped.
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- Who claimed it works on it until then; one that died gives it back by the clock, and its claim no longer counts.
    claimed_until timestamptz,
    claim uuid,
    cancel_requested_at timestamptz,
    progress_done bigint NOT NULL DEFAULT 0 CHECK (progress_done >= 0),
    progress_total bigint CHECK (progress_total >= 0),
    -- Where one that was cut off goes on: for its code alone.
    checkpoint jsonb CHECK (pg_column_size(checkpoint) <= 65536),
    last_error text CHECK (char_length(last_error) BETWEEN 1 AND 1024),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT jobs_queued_until_they_end CHECK ((status = 'QUEUED') = (run_at IS NOT NULL)),
    CONSTRAINT jobs_ended_with_a_time CHECK ((run_at IS NULL) = (ended_at IS NOT NULL)),
    CONSTRAINT jobs_claimed_by_somebody CHECK ((claim IS NULL) = (claimed_until IS NULL))
);
CREATE UNIQUE INDEX jobs_unique ON jobs (tenant_id, kind, unique_key) WHERE unique_key IS NOT NULL AND run_at IS NOT NULL;
CREATE INDEX jobs_due ON jobs (tenant_id, rank, run_at, id) WHERE run_at IS NOT NULL;
CREATE INDEX jobs_ended ON jobs (tenant_id, ended_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX jobs_listed ON jobs (tenant_id, status, id);
-- DELETE: what ended long ago.
CALL platform.isolate('jobs', 'SELECT, INSERT, UPDATE, DELETE');

ALTER TABLE platform.outbox_ready
    DROP CONSTRAINT outbox_ready_kind_check,
    ADD CONSTRAINT outbox_ready_kind_check CHECK (kind IN ('EVENTS', 'DELIVERIES', 'PAYMENTS', 'JOBS'));
