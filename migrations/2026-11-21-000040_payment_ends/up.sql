-- Before the first release: no table has rows to scan, and no older process reads what goes.
-- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid, ban-drop-not-null
-- squawk-ignore-file ban-drop-column, require-concurrent-index-creation, require-concurrent-index-deletion

SET LOCAL lock_timeout = '5s';

-- VOIDING: approved after it had been given up; the job asks the gateway to give the money back until it has.
ALTER TABLE payment_attempts
    DROP CONSTRAINT payment_attempts_status_check,
    ADD CONSTRAINT payment_attempts_status_check
        CHECK (status IN ('OPEN', 'UNKNOWN', 'SETTLED', 'DECLINED', 'VOIDING')),
    -- NULL: asked in vain for days; only the operator can tell what became of it (`emporia payment`).
    ALTER COLUMN due_at DROP NOT NULL;
DROP INDEX payment_attempts_due;
CREATE INDEX payment_attempts_due ON payment_attempts (tenant_id, due_at, id)
    WHERE status IN ('OPEN', 'UNKNOWN', 'VOIDING');

-- A reservation ends with its attempt, by nothing else: the time said nothing that the attempt's due_at does not.
ALTER TABLE stock_reservations DROP COLUMN expires_at;
