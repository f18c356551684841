SET LOCAL lock_timeout = '5s';

-- Host names of tenants' own. Several may claim one, so that nobody squats on another's; one at most has proved it.
CREATE TABLE platform.domains (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES platform.tenants (id),
    -- As it travels: lower case, internationalised names in their ASCII form, without port and trailing dot.
    host text NOT NULL CHECK (char_length(host) <= 253 AND host ~ '^([a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}$'),
    -- What the TXT record has to say. The world may read it there: no secret.
    token text NOT NULL CHECK (token ~ '^[A-Za-z0-9_-]{43}$'),
    created_at timestamptz NOT NULL,
    -- Since when the tenant is found by it; NULL: not proved, or another has proved it since.
    verified_at timestamptz,
    CONSTRAINT domains_tenant_host UNIQUE (tenant_id, host)
);
CREATE UNIQUE INDEX domains_verified_host ON platform.domains (host) WHERE verified_at IS NOT NULL;
-- Whoever proves a name locks all who claim it.
CREATE INDEX domains_host ON platform.domains (host, id);
GRANT SELECT, INSERT, UPDATE, DELETE ON platform.domains TO emporia_platform;
GRANT SELECT ON platform.domains TO emporia_backup;
