SET LOCAL lock_timeout = '5s';

-- What operators' own systems prove themselves with. They see tenants, and no tenant's rows.
CREATE TABLE platform.operator_tokens (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    -- SHA-256 of the whole token, which carries 256 random bits.
    hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    last_used_at timestamptz,
    -- None goes on for ever.
    CONSTRAINT operator_tokens_end CHECK (expires_at > created_at AND expires_at <= created_at + interval '366 days')
);
GRANT SELECT, INSERT, UPDATE ON platform.operator_tokens TO emporia_platform;
GRANT SELECT ON platform.operator_tokens TO emporia_backup;
