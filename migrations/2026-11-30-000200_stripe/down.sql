SET LOCAL lock_timeout = '5s';

DROP TABLE invoices;
UPDATE subscriptions SET status = 'PAST_DUE' WHERE status = 'UNPAID';
ALTER TABLE subscriptions
    DROP CONSTRAINT subscriptions_grace_is_for_payments,
    DROP CONSTRAINT subscriptions_live_is_named,
    DROP COLUMN stripe_syncs,
    DROP COLUMN grace_ends_at,
    DROP COLUMN cancel_at_period_end,
    DROP COLUMN stripe_is_live,
    DROP COLUMN stripe_subscription_id,
    DROP CONSTRAINT subscriptions_status_check,
    ADD CONSTRAINT subscriptions_status_check CHECK (status IN ('TRIALING', 'ACTIVE', 'PAST_DUE', 'CANCELED'));
DROP TABLE platform.stripe_events;
DROP TABLE platform.stripe_customers;
