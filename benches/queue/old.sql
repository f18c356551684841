-- :old deliveries of the last 29 days that are done, with their events and attempts.
INSERT INTO events (tenant_id, id, position, topic, version, subject_id, payload, occurred_at, published_at)
    SELECT s.tenant_id, ('11111111-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, last_position + n, s.topic, 1, s.id, '{}', at, at
    FROM generate_series(1, :old) n
    CROSS JOIN LATERAL (SELECT now() - interval '29 days' * (1 - n / :old.0) AS at) times
    JOIN webhook_subscriptions s ON s.id = lpad((n % 5 + 1)::text, 32, '0')::uuid
    JOIN event_positions USING (tenant_id);
UPDATE event_positions SET last_position = last_position + :old;
INSERT INTO webhook_deliveries (tenant_id, id, subscription_id, event_id, topic, subject_id, occurred_at, status,
        attempts, round_attempts, body, created_at, updated_at)
    SELECT e.tenant_id, e.id, e.subject_id, e.id, e.topic, e.subject_id, e.occurred_at, 'SUCCEEDED', 1, 1,
        '{"type":"order"}', e.occurred_at, e.occurred_at
    FROM events e
    WHERE e.id BETWEEN '11111111-0000-4000-8000-000000000000' AND '11111111-0000-4000-8000-ffffffffffff';
INSERT INTO webhook_attempts (tenant_id, delivery_id, number, status_code, duration_ms, attempted_at)
    SELECT tenant_id, id, 1, 200, 5, updated_at FROM webhook_deliveries WHERE body = '{"type":"order"}';
