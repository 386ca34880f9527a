-- Who came back for what: buyers, those who bought again, and the two middle gaps in days (one gap twice where their number is odd).
SELECT b.ordinal, b.buyers, b.again, CASE WHEN m.low IS NULL THEN 0 ELSE m.low END AS low, CASE WHEN m.high IS NULL THEN 0 ELSE m.high END AS high
FROM (SELECT ordinal, count(*) AS buyers, CAST(sum(CASE WHEN days > 1 THEN 1 ELSE 0 END) AS bigint) AS again
      FROM (SELECT usr, ordinal, count(*) AS days FROM {{purchases}} GROUP BY usr, ordinal) bought GROUP BY ordinal) b
LEFT JOIN (SELECT ordinal, min(gap) AS low, max(gap) AS high
           FROM (SELECT ordinal, gap, row_number() OVER (PARTITION BY ordinal ORDER BY gap, usr, day) AS rn, count(*) OVER (PARTITION BY ordinal) AS n
                 FROM (SELECT usr, ordinal, day, day - lag(day) OVER (PARTITION BY usr, ordinal ORDER BY day) AS gap FROM {{purchases}}) spaced
                 WHERE gap IS NOT NULL) ranked
           WHERE rn * 2 >= n AND rn * 2 <= n + 2 GROUP BY ordinal) m ON m.ordinal = b.ordinal
