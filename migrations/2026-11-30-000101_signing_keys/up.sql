SET LOCAL lock_timeout = '5s';

-- The keys that access tokens of all tenants are signed with. Whoever reads this table can sign: docs/adr/0033.
CREATE TABLE platform.signing_keys (
    -- The key's name in tokens' headers: a look-up, which says nothing of how a signature is checked.
    kid text PRIMARY KEY CHECK (kid ~ '^[A-Za-z0-9_-]{8,64}$'),
    algorithm text NOT NULL CHECK (algorithm IN ('EdDSA')),
    -- PKCS#8 as DER.
    private_key bytea NOT NULL CHECK (octet_length(private_key) BETWEEN 16 AND 4096),
    created_at timestamptz NOT NULL,
    -- From when on it signs; the latest that may, does. Before, it is only published.
    signs_from timestamptz NOT NULL,
    -- Until when what it has signed counts; NULL: until another replaces it.
    verifies_until timestamptz
);
GRANT SELECT, INSERT, UPDATE, DELETE ON platform.signing_keys TO emporia_platform;
GRANT SELECT ON platform.signing_keys TO emporia_backup;
