-- The visits: when they ended, and how long they were.
SELECT class, visit, max(secs) AS secs, count(*) AS clicks, count(DISTINCT ordinal) AS items, min(k1) AS k1, min(k2) AS k2, min(k3) AS k3, min(k4) AS k4, min(k5) AS k5
FROM {{clicks}} GROUP BY class, visit
