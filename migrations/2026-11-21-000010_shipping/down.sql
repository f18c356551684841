DROP TABLE delivery_rates, delivery_zone_countries, delivery_zones, delivery_profiles;
