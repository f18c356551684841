SET LOCAL lock_timeout = '5s';

-- What shoppers are about to buy. A cart belongs to whoever has its key, of which only the hash is here.
CREATE TABLE carts (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    -- SHA-256 of the key in the cart's id. The key carries 128 random bits, so a slow hash would add nothing.
    key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 32),
    note text NOT NULL DEFAULT '' CHECK (char_length(note) <= 5000),
    -- The buyer's own key and value pairs: [{"key": …, "value": …}].
    attributes jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(attributes) = 'array' AND octet_length(attributes::text) <= 131072),
    discount_codes text[] NOT NULL DEFAULT '{}' CHECK (cardinality(discount_codes) <= 250),
    buyer_email text CHECK (char_length(buyer_email) BETWEEN 1 AND 320),
    buyer_phone text CHECK (char_length(buyer_phone) BETWEEN 1 AND 64),
    buyer_country text CHECK (buyer_country ~ '^[A-Z]{2}$'),
    -- The delivery option that the buyer chose; it counts while the address has it to offer.
    delivery_handle text CHECK (char_length(delivery_handle) BETWEEN 1 AND 64),
    -- Set by the checkout: from then on the cart reads as null and takes no change.
    completed_at timestamptz,
    -- A plain reference: an order outlives its cart.
    order_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX carts_updated ON carts (tenant_id, updated_at, id);
CALL platform.isolate('carts', 'SELECT, INSERT, UPDATE, DELETE');

-- Prices are not kept here: a line costs what its variant costs now.
CREATE TABLE cart_lines (
    tenant_id uuid NOT NULL,
    cart_id uuid NOT NULL,
    id uuid NOT NULL,
    variant_id uuid NOT NULL,
    quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 1000000),
    attributes jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(attributes) = 'array' AND octet_length(attributes::text) <= 131072),
    position integer NOT NULL CHECK (position > 0),
    -- By cart first: a cart is always read and written as a whole.
    PRIMARY KEY (tenant_id, cart_id, id),
    FOREIGN KEY (tenant_id, cart_id) REFERENCES carts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, variant_id) REFERENCES product_variants (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX cart_lines_variant ON cart_lines (tenant_id, variant_id);
CALL platform.isolate('cart_lines', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE cart_addresses (
    tenant_id uuid NOT NULL,
    cart_id uuid NOT NULL,
    id uuid NOT NULL,
    position integer NOT NULL CHECK (position > 0),
    -- Where the cart goes: one address at most.
    selected boolean NOT NULL DEFAULT false,
    -- Not to be kept in the buyer's address book.
    one_time_use boolean NOT NULL DEFAULT false,
    first_name text CHECK (char_length(first_name) <= 255),
    last_name text CHECK (char_length(last_name) <= 255),
    company text CHECK (char_length(company) <= 255),
    address1 text CHECK (char_length(address1) <= 255),
    address2 text CHECK (char_length(address2) <= 255),
    city text CHECK (char_length(city) <= 255),
    zip text CHECK (char_length(zip) <= 255),
    province_code text CHECK (char_length(province_code) <= 255),
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    phone text CHECK (char_length(phone) <= 255),
    PRIMARY KEY (tenant_id, cart_id, id),
    FOREIGN KEY (tenant_id, cart_id) REFERENCES carts (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX cart_addresses_one_selected ON cart_addresses (tenant_id, cart_id) WHERE selected;
CALL platform.isolate('cart_addresses', 'SELECT, INSERT, UPDATE, DELETE');
