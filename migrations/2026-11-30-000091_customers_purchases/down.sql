DROP INDEX orders_email;
DROP INDEX orders_customer;
ALTER TABLE orders DROP COLUMN customer_id;
ALTER TABLE carts DROP COLUMN customer_id;
