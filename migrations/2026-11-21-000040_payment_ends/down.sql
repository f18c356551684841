ALTER TABLE stock_reservations ADD COLUMN expires_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE stock_reservations ALTER COLUMN expires_at DROP DEFAULT;
DROP INDEX payment_attempts_due;
UPDATE payment_attempts SET due_at = updated_at WHERE due_at IS NULL;
UPDATE payment_attempts SET status = 'DECLINED' WHERE status = 'VOIDING';
ALTER TABLE payment_attempts
    DROP CONSTRAINT payment_attempts_status_check,
    ADD CONSTRAINT payment_attempts_status_check CHECK (status IN ('OPEN', 'UNKNOWN', 'SETTLED', 'DECLINED')),
    ALTER COLUMN due_at SET NOT NULL;
CREATE INDEX payment_attempts_due ON payment_attempts (tenant_id, due_at, id) WHERE status IN ('OPEN', 'UNKNOWN');
