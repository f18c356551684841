SET LOCAL lock_timeout = '5s';

-- How many of a variant lie where. A variant that is not tracked has no rows that matter.
CREATE TABLE inventory_levels (
    tenant_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL,
    -- Free to sell, in units: already without what is reserved for running checkouts and for orders not yet shipped.
    -- The bounds leave room for any sum of a level and a change.
    available integer NOT NULL DEFAULT 0 CHECK (available BETWEEN -1000000000 AND 1000000000),
    -- The variant's policy (or: already below zero when the policy changed), so that the CHECK below can be the
    -- last word on overselling.
    may_oversell boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, variant_id, location_id),
    FOREIGN KEY (tenant_id, variant_id) REFERENCES product_variants (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id),
    CONSTRAINT inventory_levels_not_oversold CHECK (available >= 0 OR may_oversell)
);
CREATE INDEX inventory_levels_location ON inventory_levels (tenant_id, location_id, variant_id);
CALL platform.isolate('inventory_levels', 'SELECT, INSERT, UPDATE, DELETE');

-- The ledger: every change of a level, by whom and why. Append only: no UPDATE and no DELETE is granted, and it
-- names the variant by a plain reference, so that it outlives it.
CREATE TABLE inventory_adjustments (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL,
    delta integer NOT NULL,
    available_after integer NOT NULL,
    reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 64),
    -- What caused it, when something did: an order's or an import's id as a gid or URI.
    reference text CHECK (char_length(reference) <= 255),
    actor text NOT NULL CHECK (char_length(actor) BETWEEN 1 AND 128),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX inventory_adjustments_variant ON inventory_adjustments (tenant_id, variant_id, created_at, id);
CALL platform.isolate('inventory_adjustments', 'SELECT, INSERT');
