SET LOCAL lock_timeout = '5s';

-- What a mutation answered under a client's key: the outcome as ids and userErrors, resolved anew for each replay.
CREATE TABLE idempotency_keys (
    tenant_id uuid NOT NULL,
    -- SHA-256 of the field, the credential, the cart (shoppers share one publishable key) and the client's key.
    scope bytea NOT NULL CHECK (octet_length(scope) = 32),
    field text NOT NULL CHECK (char_length(field) BETWEEN 1 AND 128),
    -- SHA-256 of the coerced arguments: another input under the same key is a conflict.
    input bytea NOT NULL CHECK (octet_length(input) = 32),
    -- NULL while the holder is at work, until claimed_until: a holder that died gives the key back by the clock.
    outcome jsonb,
    -- Which claim holds the key: a holder that was overtaken must not write its outcome.
    claim uuid NOT NULL,
    claimed_until timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, scope)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (tenant_id, expires_at);
CALL platform.isolate('idempotency_keys', 'SELECT, INSERT, UPDATE, DELETE');
