"""An existing study continued: changed spaces and code, imported runs, failed runs again."""
