-- What is popular and what is moving: weights decayed by whole hours until the item's newest event.
SELECT f.ordinal, f.newest, CAST(sum(f.units * d.popular) AS bigint) AS popular, CAST(sum(f.units * d.near) AS bigint) AS near
FROM (SELECT ordinal, units, newest, CAST((newest - secs - (newest - secs) % 3600) / 3600 AS bigint) AS hours
      FROM (SELECT ordinal, units, secs, max(secs) OVER (PARTITION BY ordinal) AS newest
            FROM (SELECT ordinal, CASE WHEN secs > {{now}} THEN {{now}} ELSE secs END AS secs,
                         CAST(CASE kind WHEN 0 THEN {{view}} WHEN 1 THEN {{cart}} WHEN 2 THEN {{order}} ELSE 0 END AS bigint) AS units
                  FROM {{events}} WHERE basket = '' AND ordinal >= 0 AND secs < {{before}}
                  UNION ALL
                  SELECT ordinal, CASE WHEN secs > {{now}} THEN {{now}} ELSE secs END AS secs, CAST({{order}} AS bigint) AS units
                  FROM {{orders}} WHERE secs < {{before}}) felt
            WHERE units > 0) aged) f
JOIN {{decays}} d ON d.hours = f.hours
GROUP BY f.ordinal, f.newest
