SET LOCAL lock_timeout = '5s';

DROP TABLE invoices;
-- (As the table's owner, whom row-level security binds too: rows are only visible tenant by tenant.)
DO $$
DECLARE tenant uuid;
BEGIN
    FOR tenant IN SELECT id FROM platform.tenants LOOP
        PERFORM set_config('app.tenant_id', tenant::text, true);
        UPDATE subscriptions SET status = 'PAST_DUE' WHERE tenant_id = tenant AND status = 'UNPAID';
    END LOOP;
END $$;
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
