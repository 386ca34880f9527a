-- Strengths with what walks need: whether enough people hold the item, and the sum of the person's strengths for such items.
SELECT usr, ordinal, units, held, CAST(sum(units * held) OVER (PARTITION BY usr) AS bigint) AS reach
FROM (SELECT s.usr, s.ordinal, s.units, CASE WHEN h.holders >= {{least}} THEN 1 ELSE 0 END AS held
      FROM {{strengths}} s JOIN {{holders}} h ON h.ordinal = s.ordinal) told
