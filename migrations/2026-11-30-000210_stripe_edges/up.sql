-- Before the first release: no table has rows to scan.
-- squawk-ignore-file require-concurrent-index-creation, ban-drop-constraint

SET LOCAL lock_timeout = '5s';

-- How often somebody was about to be sent to a page on which to pay: only the last page counts.
ALTER TABLE subscriptions
    ADD COLUMN stripe_checkouts bigint NOT NULL DEFAULT 0 CHECK (stripe_checkouts >= 0);

-- A customer that was deleted at Stripe is replaced by another one, and stays known: Stripe may still tell of it.
ALTER TABLE platform.stripe_customers
    ADD COLUMN gone_at timestamptz,
    DROP CONSTRAINT stripe_customers_tenant;
CREATE UNIQUE INDEX stripe_customers_tenant ON platform.stripe_customers (tenant_id) WHERE gone_at IS NULL;
GRANT UPDATE ON platform.stripe_customers TO emporia_platform;
