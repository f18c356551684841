SET LOCAL lock_timeout = '5s';

-- That those who run the service may look into the shop, for a while: who granted it, why, and what it allows. They stay
-- when they have ended, so that the shop can see who could look when.
CREATE TABLE support_accesses (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 1000),
    -- Names, of which a version may not know all.
    permissions text[] NOT NULL CHECK (cardinality(permissions) BETWEEN 1 AND 100),
    -- As events name who did something.
    granted_by text NOT NULL CHECK (char_length(granted_by) BETWEEN 1 AND 100),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT support_accesses_end CHECK (expires_at > created_at AND expires_at <= created_at + interval '7 days')
);
-- For those in force.
CREATE INDEX support_accesses_end ON support_accesses (tenant_id, expires_at);
CALL platform.isolate('support_accesses', 'SELECT, INSERT, UPDATE');
