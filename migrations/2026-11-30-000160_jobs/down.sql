SET LOCAL lock_timeout = '5s';

DELETE FROM platform.outbox_ready WHERE kind = 'JOBS';
ALTER TABLE platform.outbox_ready
    DROP CONSTRAINT outbox_ready_kind_check,
    ADD CONSTRAINT outbox_ready_kind_check CHECK (kind IN ('EVENTS', 'DELIVERIES', 'PAYMENTS'));
DROP TABLE jobs;
