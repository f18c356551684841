SET LOCAL lock_timeout = '5s';

-- The last order number given out: updated in the transaction that settles the order, so that there is no gap.
CREATE TABLE order_counters (
    tenant_id uuid PRIMARY KEY,
    last_number integer NOT NULL CHECK (last_number >= 1000)
);
CALL platform.isolate('order_counters', 'SELECT, INSERT, UPDATE');

-- What was sold, in its own words: nothing here changes when the catalogue does.
CREATE TABLE orders (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    number integer NOT NULL,
    cart_id uuid,
    -- SHA-256 of the token by which the shopper who bought finds the order again.
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    email text CHECK (char_length(email) <= 320),
    phone text CHECK (char_length(phone) <= 64),
    shipping_address jsonb,
    delivery_title text CHECK (char_length(delivery_title) <= 255),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    subtotal_minor bigint NOT NULL CHECK (subtotal_minor >= 0),
    shipping_minor bigint NOT NULL CHECK (shipping_minor >= 0),
    -- Part of the prices, no addend.
    tax_minor bigint NOT NULL CHECK (tax_minor BETWEEN 0 AND total_minor),
    total_minor bigint NOT NULL,
    financial_status text NOT NULL CHECK (financial_status IN ('PENDING', 'PAID', 'VOIDED')),
    fulfillment_status text NOT NULL
        CHECK (fulfillment_status IN ('UNFULFILLED', 'PARTIALLY_FULFILLED', 'FULFILLED')),
    gateway text NOT NULL CHECK (char_length(gateway) BETWEEN 1 AND 64),
    note text CHECK (char_length(note) <= 5000),
    -- [{"key": …, "value": …}]
    attributes jsonb NOT NULL DEFAULT '[]',
    cancelled_at timestamptz,
    cancel_reason text CHECK (cancel_reason IN ('CUSTOMER', 'DECLINED', 'FRAUD', 'INVENTORY', 'OTHER', 'STAFF')),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT orders_number_taken UNIQUE (tenant_id, number),
    -- The last word on "an order once or not at all".
    CONSTRAINT orders_cart_taken UNIQUE (tenant_id, cart_id),
    CONSTRAINT orders_token_taken UNIQUE (tenant_id, token_hash),
    CONSTRAINT orders_sums_agree CHECK (total_minor = subtotal_minor + shipping_minor)
);
CREATE INDEX orders_created ON orders (tenant_id, created_at, id);
CREATE INDEX orders_updated ON orders (tenant_id, updated_at, id);
CREATE INDEX orders_total ON orders (tenant_id, total_minor, id);
CALL platform.isolate('orders', 'SELECT, INSERT, UPDATE');

-- Foreign keys to the order are checked at commit: an order and what belongs to it are inserted in one pipeline,
-- in which a statement that is still being prepared may be overtaken.
CREATE TABLE order_lines (
    tenant_id uuid NOT NULL,
    order_id uuid NOT NULL,
    id uuid NOT NULL,
    position integer NOT NULL CHECK (position > 0),
    -- Plain references: product and variant may change or go.
    product_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 255),
    variant_title text NOT NULL CHECK (char_length(variant_title) <= 800),
    sku text CHECK (char_length(sku) <= 255),
    -- [{"name": "Size", "value": "M"}]
    options jsonb NOT NULL,
    -- [{"key": …, "value": …}]
    attributes jsonb NOT NULL DEFAULT '[]',
    unit_price_minor bigint NOT NULL CHECK (unit_price_minor >= 0),
    quantity integer NOT NULL CHECK (quantity > 0),
    line_total_minor bigint NOT NULL,
    requires_shipping boolean NOT NULL,
    -- Where the units were taken from, and go back to: [{"location_id": …, "quantity": …}]; empty when not tracked.
    stock jsonb NOT NULL DEFAULT '[]',
    fulfilled integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, order_id, id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT order_lines_total_agrees CHECK (line_total_minor = unit_price_minor * quantity),
    CONSTRAINT order_lines_not_overfulfilled CHECK (fulfilled BETWEEN 0 AND quantity)
);
CREATE INDEX order_lines_variant ON order_lines (tenant_id, variant_id, order_id);
CALL platform.isolate('order_lines', 'SELECT, INSERT, UPDATE');

-- Who did what to an order, and when. Append only.
CREATE TABLE order_status_history (
    tenant_id uuid NOT NULL,
    order_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('CREATED', 'PAID', 'CANCELLED', 'FULFILLED', 'UPDATED')),
    message text NOT NULL CHECK (char_length(message) BETWEEN 1 AND 1000),
    actor text NOT NULL CHECK (char_length(actor) BETWEEN 1 AND 128),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, order_id, id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id) DEFERRABLE INITIALLY DEFERRED
);
CALL platform.isolate('order_status_history', 'SELECT, INSERT');

CREATE TABLE fulfillments (
    tenant_id uuid NOT NULL,
    order_id uuid NOT NULL,
    id uuid NOT NULL,
    tracking_company text CHECK (char_length(tracking_company) <= 255),
    tracking_number text CHECK (char_length(tracking_number) <= 255),
    tracking_url text CHECK (char_length(tracking_url) <= 2048),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, order_id, id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id)
);
CALL platform.isolate('fulfillments', 'SELECT, INSERT');

CREATE TABLE fulfillment_lines (
    tenant_id uuid NOT NULL,
    order_id uuid NOT NULL,
    fulfillment_id uuid NOT NULL,
    order_line_id uuid NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (tenant_id, order_id, fulfillment_id, order_line_id),
    FOREIGN KEY (tenant_id, order_id, fulfillment_id) REFERENCES fulfillments (tenant_id, order_id, id),
    FOREIGN KEY (tenant_id, order_id, order_line_id) REFERENCES order_lines (tenant_id, order_id, id)
);
CREATE INDEX fulfillment_lines_line ON fulfillment_lines (tenant_id, order_id, order_line_id);
CALL platform.isolate('fulfillment_lines', 'SELECT, INSERT');
