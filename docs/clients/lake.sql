-- Records as JSON lines in a lake, asked by DuckDB; the folder `lake` holds what a sink wrote there, here what `replay --output lake` does.
-- A sink may write a record twice, so every table is made distinct by `id` first.

CREATE TEMP VIEW clv AS
SELECT DISTINCT ON (id) * FROM read_json('lake/lifetide.clv.jsonl', format = 'newline_delimited');

CREATE TEMP VIEW actions AS
SELECT DISTINCT ON (id) * FROM read_json('lake/lifetide.actions.jsonl', format = 'newline_delimited');

-- The latest record of each customer; where your sink keeps Kafka's offset, order by that.
CREATE TEMP VIEW customers AS
SELECT arg_max(clv, timestamp_ms) AS latest FROM clv GROUP BY customer_id;

-- What customers are worth, by currency, in minor units.
SELECT latest.total.currency AS currency, count(*) AS customers, sum(latest.total.minor) AS total_minor
FROM customers GROUP BY currency ORDER BY currency;

-- What became of each play's mails.
SELECT play, kind, reason, count(*) AS records FROM actions GROUP BY play, kind, reason ORDER BY play, kind, reason;
