-- Each item's best partners: the lower end of the confidence's interval times the logarithm of the lift, some more than are kept.
SELECT i, j, n AS parts
FROM (SELECT i, j, n, row_number() OVER (PARTITION BY i ORDER BY score DESC, j) AS rn
      FROM (SELECT i, j, n, CAST(((p + z / (2e0 * x)) - sqrt(z * (p * (1e0 - p) / x + z / (4e0 * x * x)))) / (1e0 + z / x) * ln(lift) AS real) AS score
            FROM (SELECT b.i, b.j, b.n, CAST(x.baskets AS double) AS x, CAST(b.n AS double) / CAST(x.baskets AS double) AS p, 2.70569601e0 AS z,
                         CAST(b.n AS double) * {{total}} / (CAST(x.baskets AS double) * CAST(y.baskets AS double)) AS lift
                  FROM (SELECT i, j, n FROM {{bought}} UNION ALL SELECT j, i, n FROM {{bought}}) b
                  JOIN {{holding}} x ON x.ordinal = b.i JOIN {{holding}} y ON y.ordinal = b.j) counted
            WHERE lift > 1e0) scored) ranked
WHERE rn <= {{together_top}}
