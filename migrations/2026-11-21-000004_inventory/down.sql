DROP TABLE inventory_adjustments, inventory_levels;
