-- Every look at an item in a visit: visits without a name end after half an hour, named ones are one whoever is signed in, an order is one. k1 to k5 tell visits that ended in the same second apart.
SELECT 0 AS class, CAST(n AS varchar) || ' ' || usr AS visit, ordinal,
       row_number() OVER (PARTITION BY usr, n ORDER BY ms, ordinal, kind) AS pos, secs, k1, usr AS k2, n AS k3, CAST(0 AS bigint) AS k4, '' AS k5
FROM (SELECT usr, ordinal, kind, ms, secs, k1, CAST(sum(fresh) OVER (PARTITION BY usr ORDER BY ms, ordinal, kind ROWS UNBOUNDED PRECEDING) AS bigint) AS n
      FROM (SELECT usr, ordinal, kind, ms, secs, k1,
                   CASE WHEN secs - lag(secs) OVER (PARTITION BY usr ORDER BY ms, ordinal, kind) < {{gap}} THEN 0 ELSE 1 END AS fresh
            FROM (SELECT usr, session, ordinal, kind, ms, secs, min(ms) OVER (PARTITION BY usr) AS k1
                  FROM {{events}} WHERE basket = '' AND ordinal >= 0 AND secs < {{before}}) met
            WHERE session = '' AND kind <= 2) spaced) counted
UNION ALL
SELECT 1 AS class, session AS visit, ordinal, row_number() OVER (PARTITION BY session ORDER BY ms, usr, ordinal, kind) AS pos, secs, k1, k2, k3, k4, session AS k5
FROM (SELECT session, usr, ordinal, kind, ms, secs,
             first_value(ms) OVER (PARTITION BY session ORDER BY ms, usr, ordinal, kind) AS k1,
             first_value(usr) OVER (PARTITION BY session ORDER BY ms, usr, ordinal, kind) AS k2,
             CAST(first_value(ordinal) OVER (PARTITION BY session ORDER BY ms, usr, ordinal, kind) AS bigint) AS k3,
             CAST(first_value(kind) OVER (PARTITION BY session ORDER BY ms, usr, ordinal, kind) AS bigint) AS k4
      FROM {{events}} WHERE basket = '' AND session <> '' AND ordinal >= 0 AND secs < {{before}}) named
WHERE kind <= 2
UNION ALL
SELECT 2 AS class, CAST(length(basket) AS varchar) || ' ' || basket || usr AS visit, ordinal, pos, secs, ms AS k1, basket AS k2, CAST(0 AS bigint) AS k3, CAST(0 AS bigint) AS k4, usr AS k5
FROM {{orders}} WHERE secs < {{before}}
