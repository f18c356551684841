DROP TABLE stock_reservations, payment_attempts;
