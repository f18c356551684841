-- Before the first release: the table has hardly a row to scan.
-- squawk-ignore-file constraint-missing-not-valid

SET LOCAL lock_timeout = '5s';

-- What the platform takes of the order, and by which terms: those that were in force when it was placed. All NULL: it was
-- placed before there were fees, or by an older version; it costs none, and is not in the books.
ALTER TABLE orders
    ADD COLUMN platform_fee_minor bigint,
    ADD COLUMN platform_fee_basis_points integer CHECK (platform_fee_basis_points BETWEEN 0 AND 10000),
    ADD COLUMN platform_fee_fixed_minor bigint CHECK (platform_fee_fixed_minor BETWEEN 0 AND 1000000),
    ADD CONSTRAINT orders_fee_is_within_the_total CHECK (platform_fee_minor BETWEEN 0 AND total_minor),
    ADD CONSTRAINT orders_fee_is_whole
        CHECK (num_nonnulls(platform_fee_minor, platform_fee_basis_points, platform_fee_fixed_minor) IN (0, 3));

-- The books of usage and fees: each row moves an amount from one account to another, so that they balance whatever rows
-- there are. Append only: what is wrong is put right by a further row.
CREATE TABLE ledger_postings (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    -- Plain references: an order that somebody has locked does not hold up who posts, and events are forgotten after a
    -- while. NULL: posted from the order itself, afterwards.
    order_id uuid NOT NULL,
    event_id uuid,
    kind text NOT NULL CHECK (kind IN ('USAGE', 'FEE', 'FEE_REVERSAL')),
    -- 0: what the event comes to. 1, 2 …: corrections of that.
    number smallint NOT NULL DEFAULT 0 CHECK (number >= 0),
    debit_account text NOT NULL,
    credit_account text NOT NULL,
    -- Of what the amount is: orders, or minor units of a currency.
    unit text NOT NULL CHECK (unit = 'ORDER' OR unit ~ '^[A-Z]{3}$'),
    amount bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000000),
    -- When it happened, which says to which month it belongs; and when it was written here.
    occurred_at timestamptz NOT NULL,
    posted_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    -- The last word on "exactly once".
    CONSTRAINT ledger_postings_once UNIQUE (tenant_id, order_id, kind, number),
    CONSTRAINT ledger_postings_accounts CHECK (CASE
        WHEN kind = 'USAGE' THEN unit = 'ORDER' AND (debit_account, credit_account)
            IN (('ORDERS_USED', 'ORDERS_METERED'), ('ORDERS_METERED', 'ORDERS_USED'))
        ELSE unit <> 'ORDER' AND (debit_account, credit_account)
            IN (('FEES_RECEIVABLE', 'FEE_REVENUE'), ('FEE_REVENUE', 'FEES_RECEIVABLE'))
    END),
    -- Corrections alone go the other way.
    CONSTRAINT ledger_postings_direction CHECK (number > 0 OR debit_account = CASE kind
        WHEN 'USAGE' THEN 'ORDERS_USED' WHEN 'FEE' THEN 'FEES_RECEIVABLE' ELSE 'FEE_REVENUE' END)
);
CREATE INDEX ledger_postings_occurred ON ledger_postings (tenant_id, occurred_at, id);
CALL platform.isolate('ledger_postings', 'SELECT, INSERT');
