-- :new events, and the bell for them.
INSERT INTO events (tenant_id, id, topic, version, subject_id, payload, occurred_at)
    SELECT tenant_id, gen_random_uuid(), topic, 1, gen_random_uuid(), '{}', now()
    FROM generate_series(1, :new) n JOIN webhook_subscriptions s ON s.id = lpad((n % 5 + 1)::text, 32, '0')::uuid;
INSERT INTO platform.outbox_ready (tenant_id, kind, due_at)
    SELECT id, 'EVENTS', now() FROM platform.tenants;
