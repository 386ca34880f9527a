-- Each item's strongest entries of X'X, for regressions by blocks (SLIM), some more than are kept.
SELECT i, j, product AS parts
FROM (SELECT i, j, product, row_number() OVER (PARTITION BY i ORDER BY score DESC, j) AS rn
      FROM (SELECT b.i, b.j, b.product,
                   CAST(CAST(b.product AS double) / {{unit}} / {{unit}} / sqrt(CAST(y.squares AS double) / {{unit}} / {{unit}} + {{lambda}}) AS real) AS score
            FROM (SELECT i, j, product FROM {{pairs}} WHERE held = 1 UNION ALL SELECT j, i, product FROM {{pairs}} WHERE held = 1) b
            JOIN {{holders}} y ON y.ordinal = b.j) scored) ranked
WHERE rn <= {{gram_top}}
