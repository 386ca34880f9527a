-- People x items: what each event says, in whole parts of an order, between 1 and an order's; of one person the strongest.
SELECT usr, ordinal, units
FROM (SELECT usr, ordinal, units, row_number() OVER (PARTITION BY usr ORDER BY units DESC, ordinal) AS rn
      FROM (SELECT usr, ordinal, CASE WHEN sum(units) > {{order}} THEN {{order}} ELSE CAST(sum(units) AS bigint) END AS units
            FROM (SELECT usr, ordinal, CAST(CASE kind WHEN 0 THEN {{view}} WHEN 1 THEN {{cart}} WHEN 2 THEN {{order}} WHEN 3 THEN {{return}} ELSE {{dismissal}} END AS bigint) AS units
                  FROM {{events}} WHERE basket = '' AND ordinal >= 0 AND secs < {{before}}
                  UNION ALL
                  SELECT usr, ordinal, CAST({{order}} AS bigint) AS units FROM {{orders}} WHERE usr <> '' AND secs < {{before}}) said
            GROUP BY usr, ordinal HAVING sum(units) > 0) held) strongest
WHERE rn <= {{most}}
