-- Before the first release: no table has rows to scan, and no older process reads what goes.
-- squawk-ignore-file constraint-missing-not-valid, require-concurrent-index-creation, require-concurrent-index-deletion

SET LOCAL lock_timeout = '5s';

ALTER TABLE webhook_subscriptions
    -- Since when every attempt has failed; NULL while the endpoint takes what it is sent.
    ADD COLUMN failing_since timestamptz,
    -- From then on nothing is attempted; what is queued waits until the merchant enables the subscription again.
    ADD COLUMN disabled_at timestamptz,
    -- For the merchant's eyes.
    ADD COLUMN disabled_reason text CHECK (char_length(disabled_reason) BETWEEN 1 AND 1024),
    -- When the merchant last asked for a test: the next one is not before a while.
    ADD COLUMN tested_at timestamptz,
    ADD CONSTRAINT webhook_subscriptions_disabled_with_reason
        CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL));

-- The merchant's test: an example instead of an event, tried once.
ALTER TABLE webhook_deliveries ADD COLUMN is_test boolean NOT NULL DEFAULT false;

-- Deliveries are forgotten some time after their end, and none before its end: the index holds what has ended, so that
-- nothing that waits is read on the way.
DROP INDEX webhook_deliveries_age;
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (tenant_id, updated_at, id) WHERE next_attempt_at IS NULL;
