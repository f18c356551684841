SET LOCAL lock_timeout = '5s';

-- What a shop's roles may do: its own, and the system's (viewer, editor, admin) where the shop has them otherwise.
CREATE TABLE roles (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    -- By which staff members name it.
    handle text NOT NULL CHECK (handle ~ '^[a-z][a-z0-9_-]{0,62}$'),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    -- The handle of the role whose permissions it has as well: another one of these, or one of the system's.
    inherits text CHECK (char_length(inherits) BETWEEN 1 AND 63),
    -- By name (`read_orders`), what it may beyond that.
    permissions text[] NOT NULL CHECK (cardinality(permissions) <= 64),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT roles_handle UNIQUE (tenant_id, handle)
);
CALL platform.isolate('roles', 'SELECT, INSERT, UPDATE, DELETE');
