-- squawk-ignore-file require-concurrent-index-creation, disallowed-unique-constraint, ban-drop-column

SET LOCAL lock_timeout = '5s';

-- One customer is known of each tenant.
DELETE FROM platform.stripe_customers WHERE gone_at IS NOT NULL;
REVOKE UPDATE ON platform.stripe_customers FROM emporia_platform;
DROP INDEX platform.stripe_customers_tenant;
ALTER TABLE platform.stripe_customers
    DROP COLUMN gone_at,
    ADD CONSTRAINT stripe_customers_tenant UNIQUE (tenant_id);
ALTER TABLE subscriptions DROP COLUMN stripe_checkouts;
