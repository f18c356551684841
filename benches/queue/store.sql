-- A tenant with five subscriptions to one receiver, on port :port.
INSERT INTO platform.tenants (id, handle, name, currency, created_at, updated_at)
    VALUES ('00000000-0000-7000-8000-000000000001', 'bench', 'Bench', 'EUR', now(), now());
INSERT INTO webhook_subscriptions (tenant_id, id, topic, uri, secret, created_at, updated_at)
    SELECT '00000000-0000-7000-8000-000000000001', lpad(n::text, 32, '0')::uuid, topic,
        'http://127.0.0.1:' || :port || '/', 'whsec_' || repeat('A', 43) || '=', now(), now()
    FROM unnest(ARRAY['ORDERS_CREATE', 'ORDERS_PAID', 'ORDERS_CANCELLED', 'ORDERS_FULFILLED', 'ORDERS_UPDATED'])
        WITH ORDINALITY AS topics (topic, n);
