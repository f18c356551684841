SET LOCAL lock_timeout = '5s';

-- Platform tables: who the tenants are and how they prove it. They have no row-level security, so the
-- application role has no grants here, except the one INSERT that rings the relay's bell (outbox_ready).
-- Roles are created by `emporia migrate --bootstrap`, never by a migration: they belong to the cluster.
CREATE SCHEMA platform;
REVOKE ALL ON SCHEMA platform FROM PUBLIC;
GRANT USAGE ON SCHEMA platform TO emporia_app, emporia_platform, emporia_backup;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO emporia_app, emporia_platform, emporia_backup;

CREATE TABLE platform.tenants (
    id uuid PRIMARY KEY,
    -- The subdomain of the configured base domain under which public reads find the shop.
    handle text NOT NULL UNIQUE CHECK (handle ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    -- Every amount of the tenant is in this currency; it never changes.
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'SUSPENDED')),
    -- Origins from whose pages a key of this tenant may be used; empty: any for publishable keys, none for secret ones.
    allowed_origins text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE platform.api_keys (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES platform.tenants (id),
    kind text NOT NULL CHECK (kind IN ('PUBLISHABLE', 'SECRET')),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    -- SHA-256 of the whole key. The key carries 256 random bits, so a slow hash would add nothing.
    hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    -- The last four characters, so that a merchant can tell keys apart.
    last_four text NOT NULL CHECK (char_length(last_four) = 4),
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX api_keys_tenant ON platform.api_keys (tenant_id, created_at, id);

-- The worker's bell: "this tenant has work of this kind, not before due_at". The application inserts a row in
-- the transaction that makes the work; the worker claims rows here and does the work through the tenant's own
-- connection, so that nothing ever reads across tenants. Nothing is unique: a key would make transactions of one
-- tenant wait for each other, so the worker takes all due rows of a tenant and kind as one.
CREATE TABLE platform.outbox_ready (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('EVENTS', 'DELIVERIES', 'PAYMENTS')),
    due_at timestamptz NOT NULL,
    -- A claimed row belongs to one worker until then; a worker that died gives it back by the clock.
    claimed_until timestamptz
);
CREATE INDEX outbox_ready_due ON platform.outbox_ready (kind, due_at, id);

GRANT SELECT, INSERT, UPDATE ON platform.tenants, platform.api_keys TO emporia_platform;
GRANT SELECT, INSERT, UPDATE, DELETE ON platform.outbox_ready TO emporia_platform;
GRANT INSERT ON platform.outbox_ready TO emporia_app;
GRANT SELECT ON ALL TABLES IN SCHEMA platform TO emporia_backup;

-- Makes a table a tenant table: forced row-level security, the one policy, and the named grants. Fails closed:
-- without the setting (or with the '' that a finished SET LOCAL leaves behind) the comparison is with NULL.
CREATE PROCEDURE platform.isolate(tab regclass, privileges text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tab);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tab);
    EXECUTE format(
        'CREATE POLICY tenant ON %s USING (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)'
        ' WITH CHECK (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)', tab);
    EXECUTE format('GRANT %s ON %s TO emporia_app', privileges, tab);
    EXECUTE format('GRANT SELECT ON %s TO emporia_backup', tab);
END $$;
REVOKE ALL ON PROCEDURE platform.isolate(regclass, text) FROM PUBLIC;
