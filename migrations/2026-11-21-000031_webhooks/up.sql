SET LOCAL lock_timeout = '5s';

-- Where a merchant wants to be told of events.
CREATE TABLE webhook_subscriptions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    topic text NOT NULL CHECK (char_length(topic) BETWEEN 1 AND 64),
    uri text NOT NULL CHECK (char_length(uri) BETWEEN 1 AND 2048),
    -- whsec_…: signs each delivery, so it has to be kept in clear; shown to the merchant once.
    secret text NOT NULL CHECK (char_length(secret) BETWEEN 30 AND 100),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CALL platform.isolate('webhook_subscriptions', 'SELECT, INSERT, UPDATE, DELETE');

-- One event on its way to one subscription.
CREATE TABLE webhook_deliveries (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    -- A plain reference: the event may be forgotten before its delivery is.
    event_id uuid NOT NULL,
    topic text NOT NULL CHECK (char_length(topic) BETWEEN 1 AND 64),
    subject_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'SUCCEEDED', 'EXHAUSTED')),
    -- Made so far, over all rounds: the number of the last one.
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- Made since the delivery was queued or resent: where in the schedule of retries it stands.
    round_attempts integer NOT NULL DEFAULT 0 CHECK (round_attempts BETWEEN 0 AND attempts),
    -- When the next attempt is due; NULL when there is none.
    next_attempt_at timestamptz,
    -- A claimed delivery is being sent by the holder of the claim until then; one that died gives it back by the
    -- clock, and its claim no longer counts.
    claimed_until timestamptz,
    claim uuid,
    -- Rendered with the first attempt and kept, so that every attempt sends the same bytes.
    body text CHECK (octet_length(body) <= 1048576),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    -- Publishing an event again queues nothing again.
    CONSTRAINT webhook_deliveries_once UNIQUE (tenant_id, subscription_id, event_id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES webhook_subscriptions (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT webhook_deliveries_due CHECK ((status = 'PENDING') = (next_attempt_at IS NOT NULL))
);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (tenant_id, subscription_id, next_attempt_at, id)
    WHERE status = 'PENDING';
CREATE INDEX webhook_deliveries_listed ON webhook_deliveries (tenant_id, subscription_id, id);
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (tenant_id, created_at, id);
CALL platform.isolate('webhook_deliveries', 'SELECT, INSERT, UPDATE, DELETE');

-- The log of attempts: append only; goes with its delivery.
CREATE TABLE webhook_attempts (
    tenant_id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    -- What the receiver answered; NULL when it did not.
    status_code smallint CHECK (status_code BETWEEN 100 AND 999),
    duration_ms integer NOT NULL CHECK (duration_ms >= 0),
    response_excerpt text CHECK (char_length(response_excerpt) <= 1024),
    -- Why there was no answer, or why it was not taken.
    error text CHECK (char_length(error) <= 512),
    attempted_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, delivery_id, number),
    FOREIGN KEY (tenant_id, delivery_id) REFERENCES webhook_deliveries (tenant_id, id) ON DELETE CASCADE
);
CALL platform.isolate('webhook_attempts', 'SELECT, INSERT');
