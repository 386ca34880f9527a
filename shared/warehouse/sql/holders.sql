-- How many people hold an item, and how strongly.
SELECT ordinal, count(*) AS holders, CAST(sum(units) AS bigint) AS units, CAST(sum(units * units) AS bigint) AS squares
FROM {{strengths}} GROUP BY ordinal
