-- The distinct items of each order, in the order of its lines. An order is as old as its first line.
SELECT usr, basket, ordinal, ms, CAST(floor(CAST(ms AS double) / 1e3) AS bigint) AS secs, pos
FROM (SELECT usr, basket, ordinal, ms, pos, row_number() OVER (PARTITION BY usr, basket, ordinal ORDER BY pos) AS rn
      FROM (SELECT usr, basket, ordinal, min(ms) OVER (PARTITION BY usr, basket) AS ms,
                   row_number() OVER (PARTITION BY usr, basket ORDER BY ms, line, item) AS pos
            FROM {{events}} WHERE basket <> '') placed) sighted
WHERE rn = 1 AND ordinal >= 0
