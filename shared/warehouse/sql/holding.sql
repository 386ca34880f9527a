-- How many orders have an item.
SELECT ordinal, count(*) AS baskets FROM {{baskets}} GROUP BY ordinal
