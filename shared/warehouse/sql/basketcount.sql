-- How many orders count for what is bought together.
SELECT count(DISTINCT CAST(length(basket) AS varchar) || ' ' || basket || usr) AS baskets FROM {{baskets}}
