-- Whom each visitor identified as: of several the last, of those of one moment the last by name.
SELECT visitor, person
FROM (SELECT visitor, person, row_number() OVER (PARTITION BY visitor ORDER BY last DESC, person DESC) AS rn
      FROM (SELECT visitor, person, max(at) AS last FROM {{raw}}
            WHERE at >= {{from}} AND at < {{to}} AND person <> '' AND person <> visitor
            GROUP BY visitor, person) known) latest
WHERE rn = 1
