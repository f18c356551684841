SET LOCAL lock_timeout = '5s';

-- People who work for the tenant.
CREATE TABLE staff_members (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    -- In lower case, as the application makes it: an address names one person of a shop.
    email text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 254),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    -- A PHC string (argon2id); NULL until they have chosen a password.
    password_hash text CHECK (char_length(password_hash) BETWEEN 1 AND 255),
    -- A role's name; one that nobody knows may no more than a viewer.
    role text NOT NULL CHECK (role ~ '^[a-z][a-z0-9_-]{0,62}$'),
    status text NOT NULL CHECK (status IN ('INVITED', 'ACTIVE', 'SUSPENDED')),
    -- When they proved that they read mail at this address; NULL: not yet.
    email_verified_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT staff_members_email UNIQUE (tenant_id, email)
);
CALL platform.isolate('staff_members', 'SELECT, INSERT, UPDATE');

-- A sign-in on a device, and the refresh tokens that follow from it: one family.
CREATE TABLE staff_sessions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    staff_id uuid NOT NULL,
    -- SHA-256 of what all tokens of the family have in common: who shows it has held one of them.
    family_hash bytea NOT NULL CHECK (octet_length(family_hash) = 32),
    -- SHA-256 of the refresh token that counts.
    refresh_hash bytea NOT NULL CHECK (octet_length(refresh_hash) = 32),
    -- SHA-256 of the one before, when it was replaced, and what its successor is derived with; NULL until then.
    previous_hash bytea CHECK (octet_length(previous_hash) = 32),
    successor_salt bytea CHECK (octet_length(successor_salt) = 32),
    replaced_at timestamptz,
    -- What the client says of itself, for people; NULL when it said nothing.
    user_agent text CHECK (char_length(user_agent) BETWEEN 1 AND 255),
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_reason text CHECK (revoked_reason IN ('SIGNED_OUT', 'REVOKED', 'REUSED', 'PASSWORD_CHANGED', 'TOO_MANY')),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, staff_id) REFERENCES staff_members (tenant_id, id),
    CONSTRAINT staff_sessions_replaced_whole CHECK (num_nulls(previous_hash, successor_salt, replaced_at) IN (0, 3)),
    CONSTRAINT staff_sessions_revoked_whole CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
);
CREATE INDEX staff_sessions_staff ON staff_sessions (tenant_id, staff_id, id);
-- For the sweep.
CREATE INDEX staff_sessions_expired ON staff_sessions (tenant_id, expires_at, id);
CALL platform.isolate('staff_sessions', 'SELECT, INSERT, UPDATE, DELETE');

-- Secrets that are mailed, or shown once to an operator, and good for one use.
CREATE TABLE staff_tokens (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    staff_id uuid NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('PASSWORD', 'EMAIL')),
    -- SHA-256 of the token, which carries 256 random bits.
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    -- The address it was mailed to, which its use proves; NULL: shown to an operator.
    email text CHECK (char_length(email) BETWEEN 3 AND 254),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, staff_id) REFERENCES staff_members (tenant_id, id),
    CONSTRAINT staff_tokens_hash UNIQUE (tenant_id, hash)
);
CREATE INDEX staff_tokens_staff ON staff_tokens (tenant_id, staff_id, purpose, created_at);
-- For the sweep.
CREATE INDEX staff_tokens_expired ON staff_tokens (tenant_id, expires_at, id);
CALL platform.isolate('staff_tokens', 'SELECT, INSERT, DELETE');
