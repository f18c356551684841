DROP TABLE support_accesses;
