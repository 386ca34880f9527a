-- When the last thing happened.
SELECT max(secs) AS newest
FROM (SELECT secs FROM {{events}} WHERE basket = '' AND ordinal >= 0 AND secs < {{before}}
      UNION ALL
      SELECT secs FROM {{orders}} WHERE secs < {{before}}) happened
