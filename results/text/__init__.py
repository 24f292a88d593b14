"""Numbers, units, Markdown and TeX as text."""
