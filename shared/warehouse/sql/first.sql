-- When an item was first heard of.
SELECT ordinal, min(secs) AS secs
FROM (SELECT ordinal, secs FROM {{events}} WHERE basket = '' AND ordinal >= 0 AND secs <> 0 AND secs < {{before}}
      UNION ALL
      SELECT ordinal, secs FROM {{orders}} WHERE secs <> 0 AND secs < {{before}}) heard
GROUP BY ordinal
