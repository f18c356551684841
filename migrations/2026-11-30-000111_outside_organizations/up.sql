-- Before the first release: no table has rows to scan.
-- squawk-ignore-file require-concurrent-index-creation
SET LOCAL lock_timeout = '5s';

-- Organizations of outside identity providers, and which tenant each is.
CREATE TABLE platform.identity_organizations (
    issuer text NOT NULL CHECK (char_length(issuer) BETWEEN 1 AND 255),
    organization_id text NOT NULL CHECK (char_length(organization_id) BETWEEN 1 AND 255),
    -- NULL: it was deleted before anything else was heard of it.
    tenant_id uuid UNIQUE REFERENCES platform.tenants (id),
    -- As the provider said last: what the merchant has changed since is changed again only when the provider's has.
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    -- When, by the provider's clock, what is known here came true.
    changed_at timestamptz NOT NULL,
    -- For good: the row stays, so that what comes late makes no second tenant.
    deleted_at timestamptz,
    PRIMARY KEY (issuer, organization_id),
    CONSTRAINT identity_organizations_whole CHECK (tenant_id IS NOT NULL OR deleted_at IS NOT NULL)
);

-- Memberships of organizations that nothing is known of yet: there is no tenant to put them in.
CREATE TABLE platform.identity_memberships (
    issuer text NOT NULL CHECK (char_length(issuer) BETWEEN 1 AND 255),
    organization_id text NOT NULL CHECK (char_length(organization_id) BETWEEN 1 AND 255),
    subject text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 255),
    membership_id text NOT NULL CHECK (char_length(membership_id) BETWEEN 1 AND 255),
    email text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 254),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    -- A role of ours, by the operator's map.
    role text NOT NULL CHECK (role ~ '^[a-z][a-z0-9_-]{0,62}$'),
    changed_at timestamptz NOT NULL,
    has_ended boolean NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, organization_id, subject)
);
-- For the sweep.
CREATE INDEX identity_memberships_received ON platform.identity_memberships (received_at);

-- The events that have been dealt with: one that comes again does nothing.
CREATE TABLE platform.identity_events (
    issuer text NOT NULL CHECK (char_length(issuer) BETWEEN 1 AND 255),
    event_id text NOT NULL CHECK (char_length(event_id) BETWEEN 1 AND 255),
    received_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, event_id)
);
-- For the sweep.
CREATE INDEX identity_events_received ON platform.identity_events (received_at);

GRANT SELECT, INSERT, UPDATE ON platform.identity_organizations TO emporia_platform;
GRANT SELECT, INSERT, UPDATE, DELETE ON platform.identity_memberships TO emporia_platform;
GRANT SELECT, INSERT, DELETE ON platform.identity_events TO emporia_platform;
GRANT SELECT ON platform.identity_organizations, platform.identity_memberships, platform.identity_events TO emporia_backup;
