"""The database: tables, migrations, connections, and the only code that opens it."""
