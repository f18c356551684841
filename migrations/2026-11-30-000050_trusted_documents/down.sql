ALTER TABLE platform.tenants DROP COLUMN trusted_documents_only;
DROP TABLE trusted_documents;
