-- What the history holds. Interactions first: events that are no line of an order.
SELECT CAST(sum(CASE WHEN basket = '' AND ordinal >= 0 THEN 1 ELSE 0 END) AS bigint) AS interactions,
       CAST(sum(CASE WHEN ordinal < 0 THEN 1 ELSE 0 END) AS bigint) AS unknown,
       count(DISTINCT CASE WHEN basket = '' AND ordinal >= 0 OR basket <> '' AND usr <> '' THEN usr END) AS people
FROM {{events}}
