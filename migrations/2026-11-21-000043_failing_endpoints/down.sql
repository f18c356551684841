DROP INDEX webhook_deliveries_ended;
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (tenant_id, created_at, id);
ALTER TABLE webhook_deliveries DROP COLUMN is_test;
ALTER TABLE webhook_subscriptions
    DROP CONSTRAINT webhook_subscriptions_disabled_with_reason,
    DROP COLUMN failing_since, DROP COLUMN disabled_at, DROP COLUMN disabled_reason, DROP COLUMN tested_at;
