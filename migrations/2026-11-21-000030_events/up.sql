SET LOCAL lock_timeout = '5s';

-- What happened, written in the transaction that made it happen. The relay gives each event its position when it
-- publishes it: the order of insertion is not the order of commits, the position is the order everyone follows.
CREATE TABLE events (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    -- The order in which statements wrote them: for one subject, whose row its writers lock, also the order in which
    -- things happened. Says nothing across subjects.
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    -- 1, 2, 3 … within the tenant, without gaps; NULL until published.
    position bigint CHECK (position > 0),
    topic text NOT NULL CHECK (topic IN ('ORDERS_CREATE', 'ORDERS_PAID', 'ORDERS_CANCELLED', 'ORDERS_FULFILLED', 'ORDERS_UPDATED')),
    -- Of the payload's shape, per topic.
    version smallint NOT NULL CHECK (version > 0),
    -- The order (later: the product …) that the event speaks of: a plain reference, events outlive what they tell of.
    subject_id uuid NOT NULL,
    payload jsonb NOT NULL CHECK (pg_column_size(payload) <= 65536),
    occurred_at timestamptz NOT NULL,
    published_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT events_published_with_position CHECK ((position IS NULL) = (published_at IS NULL))
);
CREATE UNIQUE INDEX events_position ON events (tenant_id, position) WHERE position IS NOT NULL;
CREATE INDEX events_unpublished ON events (tenant_id, sequence) WHERE position IS NULL;
-- DELETE: what was published longer ago than subscribers may resume from.
CALL platform.isolate('events', 'SELECT, INSERT, UPDATE, DELETE');

-- How far the tenant's events are published. Locked by whoever publishes, so that positions have no gaps.
CREATE TABLE event_positions (
    tenant_id uuid PRIMARY KEY,
    last_position bigint NOT NULL DEFAULT 0 CHECK (last_position >= 0)
);
CALL platform.isolate('event_positions', 'SELECT, INSERT, UPDATE');
