-- Orders that are no warehouse's.
SELECT usr, basket, ordinal
FROM (SELECT usr, basket, ordinal, count(*) OVER (PARTITION BY usr, basket) AS n FROM {{orders}} WHERE secs < {{before}}) sized
WHERE n <= {{longest}}
