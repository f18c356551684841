-- Before the first release: the table has hardly a row to scan. Each constraint is put back wider by the statement that drops
-- it. A version that is older cannot list a posting without an order: there is none before a newer worker has invoiced a month.
-- squawk-ignore-file constraint-missing-not-valid, require-concurrent-index-creation, ban-drop-constraint, ban-drop-not-null

SET LOCAL lock_timeout = '5s';

-- Fees are put on invoices: a posting that is of a month, and of no order.
ALTER TABLE ledger_postings
    -- NULL: it is of no order.
    ALTER COLUMN order_id DROP NOT NULL,
    -- The first day of the calendar month of UTC until whose end the fees of before are invoiced. NULL: it is of an order.
    ADD COLUMN period date CHECK (extract(day FROM period) = 1),
    DROP CONSTRAINT ledger_postings_kind_check,
    ADD CONSTRAINT ledger_postings_kind_check CHECK (kind IN ('USAGE', 'FEE', 'FEE_REVERSAL', 'FEE_INVOICE')),
    ADD CONSTRAINT ledger_postings_of_order_or_month CHECK (CASE kind
        WHEN 'FEE_INVOICE' THEN order_id IS NULL AND event_id IS NULL AND period IS NOT NULL
        ELSE order_id IS NOT NULL AND period IS NULL
    END),
    DROP CONSTRAINT ledger_postings_accounts,
    ADD CONSTRAINT ledger_postings_accounts CHECK (CASE kind
        WHEN 'USAGE' THEN unit = 'ORDER' AND (debit_account, credit_account)
            IN (('ORDERS_USED', 'ORDERS_METERED'), ('ORDERS_METERED', 'ORDERS_USED'))
        WHEN 'FEE_INVOICE' THEN unit <> 'ORDER' AND (debit_account, credit_account) = ('FEES_INVOICED', 'FEES_RECEIVABLE')
        ELSE unit <> 'ORDER' AND (debit_account, credit_account)
            IN (('FEES_RECEIVABLE', 'FEE_REVENUE'), ('FEE_REVENUE', 'FEES_RECEIVABLE'))
    END),
    DROP CONSTRAINT ledger_postings_direction,
    ADD CONSTRAINT ledger_postings_direction CHECK (number > 0 OR debit_account = CASE kind
        WHEN 'USAGE' THEN 'ORDERS_USED' WHEN 'FEE' THEN 'FEES_RECEIVABLE' WHEN 'FEE_INVOICE' THEN 'FEES_INVOICED'
        ELSE 'FEE_REVENUE' END);
-- The last word on invoicing once: they are numbered in each currency, and two who reckon with the same come to one number.
CREATE UNIQUE INDEX ledger_postings_invoiced ON ledger_postings (tenant_id, unit, number) WHERE period IS NOT NULL;

-- Whether an invoice is for fees alone, and not for a plan.
ALTER TABLE invoices ADD COLUMN is_for_fees boolean NOT NULL DEFAULT false;
