-- What is longer was sent and stays readable.
ALTER TABLE webhook_deliveries
    DROP CONSTRAINT webhook_deliveries_body_check,
    ADD CONSTRAINT webhook_deliveries_body_check CHECK (octet_length(body) <= 1048576) NOT VALID;
