SET LOCAL lock_timeout = '5s';

-- What a tenant says of itself: one row, written at provisioning, read by every storefront. Its currency is in
-- platform.tenants, which the request guard has read anyway.
CREATE TABLE shops (
    tenant_id uuid PRIMARY KEY REFERENCES platform.tenants (id),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 5000),
    email text CHECK (char_length(email) <= 320),
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    -- Where a cart's checkoutUrl leads: a template with {cart_id} and {key}; NULL: the built-in page.
    checkout_url_template text CHECK (char_length(checkout_url_template) <= 2048),
    storefront_url text CHECK (char_length(storefront_url) <= 2048),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CALL platform.isolate('shops', 'SELECT, INSERT, UPDATE');

CREATE TABLE locations (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    is_default boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX locations_one_default ON locations (tenant_id) WHERE is_default;
CALL platform.isolate('locations', 'SELECT, INSERT, UPDATE');
