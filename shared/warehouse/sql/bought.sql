-- Items in one order, often enough to be believed.
SELECT a.ordinal AS i, b.ordinal AS j, count(*) AS n
FROM {{baskets}} a JOIN {{baskets}} b ON a.usr = b.usr AND a.basket = b.basket AND a.ordinal < b.ordinal
GROUP BY a.ordinal, b.ordinal HAVING count(*) >= {{support}}
