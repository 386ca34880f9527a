-- How many visits have how many looks.
SELECT clicks, count(*) AS visits, max(secs) AS newest FROM {{visits}} GROUP BY clicks ORDER BY clicks
