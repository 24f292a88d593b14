"""The five course reports: their claims and tables, compared with a study's results."""
