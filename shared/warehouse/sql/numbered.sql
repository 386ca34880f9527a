-- The kept visits, numbered from the newest.
SELECT v.class, v.visit, v.secs, row_number() OVER (ORDER BY v.secs DESC, v.class, v.k1, v.k2, v.k3, v.k4, v.k5, v.visit) - 1 AS place
FROM {{kept}} k JOIN {{visits}} v ON v.class = k.class AND v.visit = k.visit
