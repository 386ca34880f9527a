-- The kept visits' distinct items, in the order of first sight.
SELECT n.place, n.secs, f.ordinal, f.pos
FROM (SELECT class, visit, ordinal, min(pos) AS pos FROM {{clicks}} GROUP BY class, visit, ordinal) f
JOIN {{numbered}} n ON n.class = f.class AND n.visit = f.visit
