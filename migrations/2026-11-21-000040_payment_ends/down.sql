ALTER TABLE stock_reservations ADD COLUMN expires_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE stock_reservations ALTER COLUMN expires_at DROP DEFAULT;
DROP INDEX payment_attempts_due;
-- (As the tables' owner, whom row-level security binds too: rows are only visible tenant by tenant.)
DO $$
DECLARE tenant uuid;
BEGIN
    FOR tenant IN SELECT id FROM platform.tenants LOOP
        PERFORM set_config('app.tenant_id', tenant::text, true);
        UPDATE payment_attempts SET due_at = updated_at WHERE tenant_id = tenant AND due_at IS NULL;
        UPDATE payment_attempts SET status = 'DECLINED' WHERE tenant_id = tenant AND status = 'VOIDING';
    END LOOP;
END $$;
ALTER TABLE payment_attempts
    DROP CONSTRAINT payment_attempts_status_check,
    ADD CONSTRAINT payment_attempts_status_check CHECK (status IN ('OPEN', 'UNKNOWN', 'SETTLED', 'DECLINED')),
    ALTER COLUMN due_at SET NOT NULL;
CREATE INDEX payment_attempts_due ON payment_attempts (tenant_id, due_at, id) WHERE status IN ('OPEN', 'UNKNOWN');
