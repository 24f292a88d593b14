"""Figures as plotly data or SVG, independent of the page that shows them."""
