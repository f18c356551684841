-- Before the first release: as many rows as there are tenants.
-- squawk-ignore-file adding-required-field, constraint-missing-not-valid, disallowed-unique-constraint, adding-foreign-key-constraint, require-concurrent-index-creation

SET LOCAL lock_timeout = '5s';

-- What merchants can be on. The terms are what a subscription copies: {"limits": {"products": 100, …} (null: no limit),
-- "features": ["CUSTOM_DOMAINS", …], "api_points_per_second", "job_weight", "fee": {"basis_points", "minor"}}.
CREATE TABLE platform.plans (
    id uuid PRIMARY KEY,
    handle text NOT NULL CONSTRAINT plans_handle UNIQUE CHECK (handle ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 5000),
    -- Whether merchants see it among those that they may choose.
    is_offered boolean NOT NULL,
    terms jsonb NOT NULL CHECK (pg_column_size(terms) <= 8192 AND terms ?& ARRAY['limits', 'features', 'fee']),
    -- How long it is tried before it is paid for, or before another follows; 0: it is not.
    trial_days smallint NOT NULL DEFAULT 0 CHECK (trial_days BETWEEN 0 AND 366),
    -- Which plan follows when a trial ends; NULL: the one called free. A plain reference: plans are not deleted.
    follower_id uuid,
    -- One more with every change: who has copied an older one copies it again.
    version integer NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON platform.plans TO emporia_platform;
GRANT SELECT ON platform.plans TO emporia_backup;

-- What a plan costs. One without a price is free.
CREATE TABLE platform.plan_prices (
    plan_id uuid NOT NULL REFERENCES platform.plans (id),
    bill_interval text NOT NULL CHECK (bill_interval IN ('MONTH', 'YEAR')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount_minor bigint NOT NULL CHECK (amount_minor BETWEEN 1 AND 1000000000000),
    PRIMARY KEY (plan_id, bill_interval, currency)
);
GRANT SELECT, INSERT, DELETE ON platform.plan_prices TO emporia_platform;
GRANT SELECT ON platform.plan_prices TO emporia_backup;

-- A tenant's plan with what it comes to for this tenant: what writes are checked against, under its lock.
CREATE TABLE subscriptions (
    tenant_id uuid PRIMARY KEY,
    status text NOT NULL CHECK (status IN ('TRIALING', 'ACTIVE', 'PAST_DUE', 'CANCELED')),
    -- Copies of the platform's row, since the tenant's role does not see it, and of which of its versions.
    plan_id uuid NOT NULL,
    plan_handle text NOT NULL CHECK (char_length(plan_handle) BETWEEN 1 AND 63),
    plan_name text NOT NULL CHECK (char_length(plan_name) BETWEEN 1 AND 255),
    plan_version integer NOT NULL CHECK (plan_version >= 1),
    plan_terms jsonb NOT NULL CHECK (pg_column_size(plan_terms) <= 8192 AND plan_terms ?& ARRAY['limits', 'features', 'fee']),
    -- What operators have said of this tenant alone, and what the plan comes to with it.
    overrides jsonb NOT NULL DEFAULT '{"limits": {}, "features": {}}' CHECK (pg_column_size(overrides) <= 8192),
    terms jsonb NOT NULL CHECK (pg_column_size(terms) <= 8192 AND terms ?& ARRAY['limits', 'features', 'fee']),
    -- What it pays; all NULL: nothing.
    bill_interval text CHECK (bill_interval IN ('MONTH', 'YEAR')),
    bill_currency text CHECK (bill_currency ~ '^[A-Z]{3}$'),
    bill_minor bigint CHECK (bill_minor BETWEEN 1 AND 1000000000000),
    -- Where its periods begin to be counted, and the end of the one that held at the last change; NULL: it goes on until
    -- something is changed.
    period_start timestamptz NOT NULL,
    period_end timestamptz,
    trial_ends_at timestamptz,
    -- There is one trial for a tenant; NULL: it has had none.
    trial_began_at timestamptz,
    -- What the merchant has chosen and an operator is to activate.
    pending jsonb CHECK (pg_column_size(pending) <= 8192),
    -- One more with every change: what is published of it is not replaced by what is older.
    revision bigint NOT NULL DEFAULT 1 CHECK (revision >= 1),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT subscriptions_trial_ends CHECK ((status = 'TRIALING') = (trial_ends_at IS NOT NULL)),
    CONSTRAINT subscriptions_bill_is_whole CHECK (num_nonnulls(bill_interval, bill_currency, bill_minor) IN (0, 3)),
    CONSTRAINT subscriptions_period_goes_on CHECK (period_end > period_start)
);
CALL platform.isolate('subscriptions', 'SELECT, INSERT, UPDATE');
-- A new store begins with a plan, and with the job that ends its trial: docs/adr/0036.
GRANT INSERT ON subscriptions, jobs TO emporia_platform;

-- What the edge, the worker and operators need to know of it without reading a tenant's row: published by a job.
ALTER TABLE platform.tenants
    ADD COLUMN plan_id uuid REFERENCES platform.plans (id),
    ADD COLUMN pending_plan_id uuid,
    ADD COLUMN plan_version integer NOT NULL DEFAULT 0,
    ADD COLUMN plan_revision bigint NOT NULL DEFAULT 0,
    -- How much of the worker its jobs get, beside others'.
    ADD COLUMN job_weight smallint NOT NULL DEFAULT 1 CHECK (job_weight BETWEEN 1 AND 100);
CREATE INDEX tenants_plan ON platform.tenants (plan_id, plan_version, id);

-- The plans that every installation begins with. Operators change them as they like.
INSERT INTO platform.plans (id, handle, name, description, is_offered, terms, trial_days, created_at, updated_at) VALUES
    ('00000000-0000-8000-8000-000000000101', 'free', 'Free', 'To begin with.', true,
     '{"limits": {"products": 100, "staff_members": 2, "custom_roles": 0, "webhook_subscriptions": 5, "orders_per_month": 100},
       "features": ["TRUSTED_DOCUMENTS"], "api_points_per_second": 2000, "job_weight": 1,
       "fee": {"basis_points": 50, "minor": 25}}', 0, now(), now()),
    ('00000000-0000-8000-8000-000000000102', 'trial', 'Trial', 'Everything, for two weeks.', false,
     '{"limits": {"products": 1000, "staff_members": 5, "custom_roles": 5, "webhook_subscriptions": 20, "orders_per_month": 1000},
       "features": ["CUSTOM_DOMAINS", "CUSTOM_ROLES", "TRUSTED_DOCUMENTS"], "api_points_per_second": 5000, "job_weight": 2,
       "fee": {"basis_points": 50, "minor": 25}}', 14, now(), now()),
    ('00000000-0000-8000-8000-000000000103', 'basic', 'Basic', 'For shops that sell every day.', true,
     '{"limits": {"products": 10000, "staff_members": 10, "custom_roles": 0, "webhook_subscriptions": 20, "orders_per_month": 5000},
       "features": ["CUSTOM_DOMAINS", "TRUSTED_DOCUMENTS"], "api_points_per_second": 10000, "job_weight": 2,
       "fee": {"basis_points": 50, "minor": 25}}', 0, now(), now()),
    ('00000000-0000-8000-8000-000000000104', 'pro', 'Pro', 'Without limits.', true,
     '{"limits": {"products": null, "staff_members": null, "custom_roles": null, "webhook_subscriptions": null, "orders_per_month": null},
       "features": ["CUSTOM_DOMAINS", "CUSTOM_ROLES", "TRUSTED_DOCUMENTS"], "api_points_per_second": 50000, "job_weight": 4,
       "fee": {"basis_points": 50, "minor": 25}}', 0, now(), now());
UPDATE platform.plans SET follower_id = '00000000-0000-8000-8000-000000000101' WHERE handle = 'trial';
INSERT INTO platform.plan_prices (plan_id, bill_interval, currency, amount_minor) VALUES
    ('00000000-0000-8000-8000-000000000103', 'MONTH', 'EUR', 2900),
    ('00000000-0000-8000-8000-000000000103', 'MONTH', 'USD', 2900),
    ('00000000-0000-8000-8000-000000000103', 'YEAR', 'EUR', 29000),
    ('00000000-0000-8000-8000-000000000103', 'YEAR', 'USD', 29000),
    ('00000000-0000-8000-8000-000000000104', 'MONTH', 'EUR', 9900),
    ('00000000-0000-8000-8000-000000000104', 'MONTH', 'USD', 9900),
    ('00000000-0000-8000-8000-000000000104', 'YEAR', 'EUR', 99000),
    ('00000000-0000-8000-8000-000000000104', 'YEAR', 'USD', 99000);

-- Whoever is there already keeps what they have: an update takes nothing from anybody.
DO $$
DECLARE tenant uuid;
BEGIN
    FOR tenant IN SELECT id FROM platform.tenants LOOP
        PERFORM set_config('app.tenant_id', tenant::text, true);
        INSERT INTO subscriptions (tenant_id, status, plan_id, plan_handle, plan_name, plan_version, plan_terms, terms,
                period_start, created_at, updated_at)
            SELECT tenant, 'ACTIVE', id, handle, name, version, terms, terms, now(), now(), now()
              FROM platform.plans WHERE handle = 'pro';
    END LOOP;
END $$;
UPDATE platform.tenants t
   SET plan_id = p.id, plan_version = p.version, plan_revision = 1, job_weight = (p.terms ->> 'job_weight')::smallint,
       api_points_per_second = (p.terms ->> 'api_points_per_second')::integer
  FROM platform.plans p WHERE p.handle = 'pro';
