"""Figures as plotly data or SVG; nothing here knows a page."""
