"""Runs lake.sql in a folder that has `lake`: python lake.py lake.sql; needs duckdb (requirements.txt). The duckdb program does, too."""

import sys

import duckdb

connection = duckdb.connect()
for statement in connection.extract_statements(open(sys.argv[1]).read()):
    for row in connection.execute(statement).fetchall():
        print(*row)
