-- Each item's most similar by cosine, some more than are kept: the last digit is the reader's.
SELECT i, j, product AS parts
FROM (SELECT i, j, product, row_number() OVER (PARTITION BY i ORDER BY score DESC, j) AS rn
      FROM (SELECT b.i, b.j, b.product,
                   CAST(CAST(b.product AS double) / {{unit}} / {{unit}} / (sqrt(CAST(x.squares AS double)) / {{unit}} * (sqrt(CAST(y.squares AS double)) / {{unit}}) + {{shrink}}) AS real) AS score
            FROM (SELECT i, j, product FROM {{pairs}} UNION ALL SELECT j, i, product FROM {{pairs}}) b
            JOIN {{holders}} x ON x.ordinal = b.i JOIN {{holders}} y ON y.ordinal = b.j) scored) ranked
WHERE rn <= {{similar_top}}
