DROP TABLE customer_letters;
DROP TABLE customer_signups;
DROP TABLE customer_access_tokens;
DROP TABLE customer_addresses;
DROP TABLE customers;
