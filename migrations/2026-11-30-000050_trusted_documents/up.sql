SET LOCAL lock_timeout = '5s';

-- Documents that a tenant's storefronts may send by their SHA-256 alone.
CREATE TABLE trusted_documents (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    -- The operation's name, for people; NULL when it has none.
    name text CHECK (char_length(name) BETWEEN 1 AND 255),
    body text NOT NULL CHECK (octet_length(body) BETWEEN 1 AND 65536),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT trusted_documents_hash UNIQUE (tenant_id, hash)
);
CALL platform.isolate('trusted_documents', 'SELECT, INSERT, DELETE');

-- Whether publishable keys may send these documents and no others.
ALTER TABLE platform.tenants ADD COLUMN trusted_documents_only boolean NOT NULL DEFAULT false;
