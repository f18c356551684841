DROP TABLE locations, shops;
