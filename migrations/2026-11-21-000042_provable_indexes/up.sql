-- Before the first release: no table has rows to scan, and no older process reads what goes.
-- squawk-ignore-file constraint-missing-not-valid, require-concurrent-index-creation, require-concurrent-index-deletion

SET LOCAL lock_timeout = '5s';

-- Statements bring their values as parameters and are planned without them, so an index that leaves rows out must be
-- described by what a statement says whatever its parameters are: that a column which it compares is not NULL.
-- (webhook_deliveries_due makes this the same rows as before.)
DROP INDEX webhook_deliveries_pending;
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (tenant_id, subscription_id, next_attempt_at, id)
    WHERE next_attempt_at IS NOT NULL;

-- What has ended is never due.
-- (As the tables' owner, whom row-level security binds too: rows are only visible tenant by tenant.)
DO $$
DECLARE tenant uuid;
BEGIN
    FOR tenant IN SELECT id FROM platform.tenants LOOP
        PERFORM set_config('app.tenant_id', tenant::text, true);
        UPDATE payment_attempts SET due_at = NULL WHERE tenant_id = tenant AND status IN ('SETTLED', 'DECLINED');
    END LOOP;
END $$;
ALTER TABLE payment_attempts
    ADD CONSTRAINT payment_attempts_ended_not_due CHECK (due_at IS NULL OR status NOT IN ('SETTLED', 'DECLINED'));
DROP INDEX payment_attempts_due;
CREATE INDEX payment_attempts_due ON payment_attempts (tenant_id, due_at, id) WHERE due_at IS NOT NULL;
-- payment_attempts_one_open stays what it is, a constraint; a cart's attempts are found by this one.
CREATE INDEX payment_attempts_cart ON payment_attempts (tenant_id, cart_id);

-- Nothing finds variants by exactly this column: a search compares lower(sku), which the policy lets no index do.
DROP INDEX product_variants_sku;
