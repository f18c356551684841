DROP INDEX payment_attempts_cart;
DROP INDEX payment_attempts_due;
ALTER TABLE payment_attempts DROP CONSTRAINT payment_attempts_ended_not_due;
CREATE INDEX payment_attempts_due ON payment_attempts (tenant_id, due_at, id)
    WHERE status IN ('OPEN', 'UNKNOWN', 'VOIDING');
DROP INDEX webhook_deliveries_pending;
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (tenant_id, subscription_id, next_attempt_at, id)
    WHERE status = 'PENDING';
CREATE INDEX product_variants_sku ON product_variants (tenant_id, sku) WHERE sku IS NOT NULL;
