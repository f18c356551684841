SET LOCAL lock_timeout = '5s';

-- One question to a payment gateway. The row is committed before the gateway is called; its id is what the gateway
-- knows the payment by, so that a process that lost the answer can ask for it.
CREATE TABLE payment_attempts (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    -- Plain references: the cart may be swept away, the order exists only once the attempt is settled.
    cart_id uuid NOT NULL,
    order_id uuid NOT NULL,
    gateway text NOT NULL CHECK (char_length(gateway) BETWEEN 1 AND 64),
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    -- OPEN: about to be asked, or being asked. UNKNOWN: asked, and no answer came. SETTLED: paid, the order exists.
    -- DECLINED: refused, the stock is back.
    status text NOT NULL CHECK (status IN ('OPEN', 'UNKNOWN', 'SETTLED', 'DECLINED')),
    -- The order as it will be when the gateway approves: settling needs no cart.
    draft jsonb NOT NULL,
    -- Under which client's key it was begun: whoever settles it, also the job, records the outcome there.
    idempotency_scope bytea CHECK (octet_length(idempotency_scope) = 32),
    idempotency_input bytea CHECK (octet_length(idempotency_input) = 32),
    -- The reservation's end: from then on the job asks the gateway and settles or releases.
    due_at timestamptz NOT NULL,
    -- How often the job has asked.
    tries integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
-- A cart has at most one payment on its way.
CREATE UNIQUE INDEX payment_attempts_one_open ON payment_attempts (tenant_id, cart_id) WHERE status IN ('OPEN', 'UNKNOWN');
CREATE INDEX payment_attempts_due ON payment_attempts (tenant_id, due_at, id) WHERE status IN ('OPEN', 'UNKNOWN');
CALL platform.isolate('payment_attempts', 'SELECT, INSERT, UPDATE');

-- Units taken out of `available` for a payment on its way. Deleted when the attempt is settled (they are sold) or
-- declined (they go back).
CREATE TABLE stock_reservations (
    tenant_id uuid NOT NULL,
    attempt_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, attempt_id, variant_id, location_id),
    FOREIGN KEY (tenant_id, attempt_id) REFERENCES payment_attempts (tenant_id, id)
);
CALL platform.isolate('stock_reservations', 'SELECT, INSERT, DELETE');
