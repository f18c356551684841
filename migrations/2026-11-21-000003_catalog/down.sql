DROP TABLE collection_products, collections, product_variants, product_images, product_option_values, product_options, products;
