SET LOCAL lock_timeout = '5s';

-- What holds for one member of the staff beside their role.
CREATE TABLE staff_permission_overrides (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    staff_id uuid NOT NULL,
    -- By its name. One that a version does not know says nothing there.
    permission text NOT NULL CHECK (char_length(permission) BETWEEN 1 AND 64),
    -- The one collection or location that it is about; NULL: all of them. Of two kinds, so it references neither; what is
    -- gone leaves it without effect, since ids are never used again.
    object_id uuid,
    effect text NOT NULL CHECK (effect IN ('ALLOW', 'DENY')),
    -- Who has set it: staff:<id>, key:<id>.
    set_by text NOT NULL CHECK (char_length(set_by) BETWEEN 1 AND 64),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, staff_id) REFERENCES staff_members (tenant_id, id),
    -- Of a permission and a thing one thing is said.
    CONSTRAINT staff_permission_overrides_once UNIQUE NULLS NOT DISTINCT (tenant_id, staff_id, permission, object_id)
);
CALL platform.isolate('staff_permission_overrides', 'SELECT, INSERT, DELETE');
