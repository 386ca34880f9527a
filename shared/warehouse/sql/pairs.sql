-- Items that one person holds: the sum of the products of their strengths, and of the walks between them, in whole parts.
SELECT a.ordinal AS i, b.ordinal AS j, CAST(sum(a.units * b.units) AS bigint) AS product, min(a.held * b.held) AS held,
       CAST(sum(CASE WHEN a.held * b.held = 1 THEN CAST(floor(CAST(a.units * b.units AS double) / CAST(a.reach AS double) * {{grain}}) AS bigint) ELSE 0 END) AS bigint) AS walk
FROM {{walks}} a JOIN {{walks}} b ON a.usr = b.usr AND a.ordinal < b.ordinal
GROUP BY a.ordinal, b.ordinal
