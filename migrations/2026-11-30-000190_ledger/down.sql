SET LOCAL lock_timeout = '5s';

DROP TABLE ledger_postings;
ALTER TABLE orders
    DROP COLUMN platform_fee_minor,
    DROP COLUMN platform_fee_basis_points,
    DROP COLUMN platform_fee_fixed_minor;
