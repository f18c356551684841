-- Before the first release: the table has no rows to scan.
-- squawk-ignore-file constraint-missing-not-valid

SET LOCAL lock_timeout = '5s';

ALTER TABLE platform.api_keys
    -- What a secret key may do, by name (`read_orders`); NULL: everything, also what comes later.
    ADD COLUMN permissions text[] CHECK (cardinality(permissions) BETWEEN 0 AND 64),
    -- From then on it is refused; NULL: never.
    ADD COLUMN expires_at timestamptz,
    -- To the minute; NULL: not yet.
    ADD COLUMN last_used_at timestamptz,
    -- Who has no permissions has none to limit.
    ADD CONSTRAINT api_keys_secret_keys_are_limited CHECK (permissions IS NULL OR kind = 'SECRET');
