-- Before the first release: no table has rows to scan, and no older process reads what goes.
-- squawk-ignore-file constraint-missing-not-valid, ban-drop-constraint, adding-required-field, require-concurrent-index-creation, disallowed-unique-constraint, adding-foreign-key-constraint

SET LOCAL lock_timeout = '5s';

-- Which tenant Stripe's customers are: an event names the customer alone.
CREATE TABLE platform.stripe_customers (
    customer_id text PRIMARY KEY CHECK (char_length(customer_id) BETWEEN 1 AND 255),
    tenant_id uuid NOT NULL CONSTRAINT stripe_customers_tenant UNIQUE REFERENCES platform.tenants (id),
    created_at timestamptz NOT NULL
);
GRANT SELECT, INSERT ON platform.stripe_customers TO emporia_platform;
GRANT SELECT ON platform.stripe_customers TO emporia_backup;

-- What Stripe has told, each event once. Nothing is done with what an event says: it rings the tenant's job, which asks.
CREATE TABLE platform.stripe_events (
    event_id text PRIMARY KEY CHECK (char_length(event_id) BETWEEN 1 AND 255),
    kind text NOT NULL CHECK (char_length(kind) BETWEEN 1 AND 255),
    -- NULL: the account's own at that time.
    api_version text CHECK (char_length(api_version) BETWEEN 1 AND 255),
    is_live boolean NOT NULL,
    -- NULL: it is about none.
    customer_id text CHECK (char_length(customer_id) BETWEEN 1 AND 255),
    outcome text NOT NULL CHECK (outcome IN ('RUNG', 'UNMATCHED', 'OTHER_VERSION')),
    -- As it came and was signed.
    body text NOT NULL CHECK (octet_length(body) <= 262144),
    happened_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL
);
-- For the sweep.
CREATE INDEX stripe_events_received ON platform.stripe_events (received_at);
GRANT SELECT, INSERT, DELETE ON platform.stripe_events TO emporia_platform;
GRANT SELECT ON platform.stripe_events TO emporia_backup;

ALTER TABLE subscriptions
    DROP CONSTRAINT subscriptions_status_check,
    ADD CONSTRAINT subscriptions_status_check
        CHECK (status IN ('TRIALING', 'ACTIVE', 'PAST_DUE', 'UNPAID', 'CANCELED')),
    -- Stripe's subscription that was last followed; NULL: none was.
    ADD COLUMN stripe_subscription_id text CHECK (char_length(stripe_subscription_id) BETWEEN 1 AND 255),
    -- Whether that one goes on: then it says what the tenant is on.
    ADD COLUMN stripe_is_live boolean NOT NULL DEFAULT false,
    ADD COLUMN cancel_at_period_end boolean NOT NULL DEFAULT false,
    -- Until when a payment that is missing does no harm; NULL: none is missing.
    ADD COLUMN grace_ends_at timestamptz,
    -- How often it was compared with Stripe: who has asked before another has written does not write.
    ADD COLUMN stripe_syncs bigint NOT NULL DEFAULT 0 CHECK (stripe_syncs >= 0),
    ADD CONSTRAINT subscriptions_live_is_named CHECK (NOT stripe_is_live OR stripe_subscription_id IS NOT NULL),
    ADD CONSTRAINT subscriptions_grace_is_for_payments CHECK (grace_ends_at IS NULL OR status IN ('PAST_DUE', 'UNPAID'));

-- What a tenant was billed by Stripe, as Stripe said last. They are never deleted: neither does Stripe.
CREATE TABLE invoices (
    tenant_id uuid NOT NULL,
    -- By the time at which it was made.
    id uuid NOT NULL,
    stripe_invoice_id text NOT NULL CHECK (char_length(stripe_invoice_id) BETWEEN 1 AND 255),
    -- NULL: a draft has none.
    number text CHECK (char_length(number) BETWEEN 1 AND 255),
    status text NOT NULL CHECK (status IN ('DRAFT', 'OPEN', 'PAID', 'UNCOLLECTIBLE', 'VOID')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    total_minor bigint NOT NULL,
    due_minor bigint NOT NULL,
    paid_minor bigint NOT NULL,
    -- Where it is looked at and paid, and its PDF.
    hosted_url text CHECK (char_length(hosted_url) BETWEEN 1 AND 2048),
    pdf_url text CHECK (char_length(pdf_url) BETWEEN 1 AND 2048),
    period_start timestamptz NOT NULL,
    period_end timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT invoices_stripe UNIQUE (tenant_id, stripe_invoice_id)
);
CALL platform.isolate('invoices', 'SELECT, INSERT, UPDATE');
