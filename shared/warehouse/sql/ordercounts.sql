-- What the orders hold.
SELECT count(DISTINCT CAST(length(basket) AS varchar) || ' ' || basket || usr) AS orders, count(*) AS lines FROM {{orders}}
