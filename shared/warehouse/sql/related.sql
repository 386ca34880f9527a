-- Each item's strongest targets of walks (RP3beta), some more than are kept.
SELECT i, j, walk AS parts
FROM (SELECT i, j, walk, row_number() OVER (PARTITION BY i ORDER BY score DESC, j) AS rn
      FROM (SELECT b.i, b.j, b.walk,
                   CAST(CAST(b.walk AS double) / (CAST(x.units AS double) / {{unit}}) / power(CAST(y.units AS double) / {{unit}}, {{beta}}) / {{walks_grain}} AS real) AS score
            FROM (SELECT i, j, walk FROM {{pairs}} WHERE held = 1 UNION ALL SELECT j, i, walk FROM {{pairs}} WHERE held = 1) b
            JOIN {{holders}} x ON x.ordinal = b.i JOIN {{holders}} y ON y.ordinal = b.j) scored) ranked
WHERE rn <= {{related_top}}
