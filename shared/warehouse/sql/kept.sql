-- Visits that are among the newest of one of their items.
SELECT DISTINCT class, visit
FROM (SELECT c.class, c.visit, row_number() OVER (PARTITION BY c.ordinal ORDER BY v.secs DESC, v.class, v.k1, v.k2, v.k3, v.k4, v.k5, v.visit) AS rn
      FROM (SELECT DISTINCT class, visit, ordinal FROM {{clicks}}) c JOIN {{visits}} v ON v.class = c.class AND v.visit = c.visit
      WHERE v.items <= {{limit}}) ranked
WHERE rn <= {{newest}}
